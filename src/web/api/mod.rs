//! What programs ask for: the nodes and their series as flat JSON or CSV, badges, and the document that
//! describes all of it. Errors are problems, as in RFC 9457.

mod badge;
mod nodes;
mod openapi;
mod series;

use axum::{Router, routing::get};

use crate::web::site::Site;

/// Each path of the API with what serves it; the OpenAPI document names the same.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/api/v1/scorecards", get(nodes::scorecards))
        .route("/api/v1/nodes/{*path}", get(nodes::node))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/badge/{*path}", get(badge::badge))
}
