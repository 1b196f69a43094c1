//! Style sheet and script. Their names say what is in them, so that a browser never asks twice.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// A browser may keep it for a year.
const KEPT: &str = "public, max-age=31536000, immutable";

pub(in crate::web) async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = kpid_board::asset(&name) else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    let headers = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, KEPT)];
    (headers, asset.content.as_str()).into_response()
}
