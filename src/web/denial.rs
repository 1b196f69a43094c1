//! How somebody is turned away: a page for people, a problem for programs that ask the API.

use axum::{
    Json,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use crate::web::policy;
use kpid_board::notice::{self, Notice};
use kpid_language::{english, negotiated};

/// What programs are told by, as in RFC 9457.
const PROBLEM: &str = "application/problem+json";

/// Where programs ask.
pub(super) const API: &str = "/api/";

pub(super) fn answer(
    status: StatusCode,
    why: Notice<'_>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    if uri.path().starts_with(API) {
        return problem(status, &notice::words(english(), why));
    }
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|held| held.to_str().ok());
    let page = notice::page(negotiated(None, accepted), why);
    // The guard stands before what gives pages their policy.
    (status, [(header::CONTENT_SECURITY_POLICY, policy::PAGES)], Html(page)).into_response()
}

/// What programs are told.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let problem = json!({ "title": title, "status": status.as_u16(), "detail": detail });
    (status, [(header::CONTENT_TYPE, PROBLEM)], Json(problem)).into_response()
}
