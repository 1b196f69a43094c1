//! The board's pages over HTTP: what an address asks for is read, what it needs is looked up, and the page
//! is made by `kpid-board`. Nothing here judges or draws.

pub(super) mod acts;
mod alerts;
mod assets;
mod minutes;
mod moment;
pub(super) mod nodes;
mod old_links;
pub(super) mod page_request;
mod review;
mod review_acts;

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::web::{access::Access, denial, site::Site};
use kpid_board::notice::Notice;
use kpid_language::english;

pub(super) use assets::asset;

/// A form of ours says where it is from; what it leads to elsewhere does not.
pub(super) const REFERRER: &str = "same-origin";

/// Turns away what a page of somebody else's makes a reader's browser ask for.
pub(super) fn own_forms_only(
    access: &Access,
    refuse: fn(ProtectionError) -> Response,
) -> CsrfLayer<fn(ProtectionError) -> Response> {
    let mut layer = CsrfLayer::new();
    if let Some(origin) = &access.public_origin {
        // A proxy may name us otherwise than people do. What is no origin adds none.
        layer = layer.clone().add_trusted_origin(origin).unwrap_or(layer);
    }
    layer.with_rejection_response(refuse)
}

/// The page that says so.
pub(super) fn elsewhere(_why: ProtectionError) -> Response {
    denial::page(Notice::Elsewhere, english())
}

/// All pages that people look at.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/", get(nodes::home))
        .route("/mine", get(nodes::mine))
        .route("/data", get(nodes::data))
        .route("/c/{scorecard}", get(nodes::scorecard))
        .route("/c/{scorecard}/{perspective}", get(nodes::perspective))
        .route("/c/{scorecard}/{perspective}/{objective}", get(nodes::objective_or_kpi))
        .route("/alerts", get(alerts::list))
        .route("/alerts/{*alert}", get(alerts::one).post(acts::on_alert))
        .route("/notes", post(acts::note))
        .route("/review/{scorecard}", get(review::newest))
        .route("/review/{scorecard}/{period}", get(review::review).post(review_acts::take_down))
        .route("/actions/{action}", post(review_acts::settle))
        .route("/wall/{scorecard}", get(nodes::wall))
        // Where links in mails lead.
        .route("/s/{*path}", get(old_links::follow))
        .fallback(nodes::nothing)
}
