//! The board's pages over HTTP: what an address asks for is read, what it needs is looked up, and the page
//! is made by `kpid-board`. Nothing here judges or draws.

mod alerts;
mod assets;
mod moment;
mod nodes;
mod old_links;
mod page_request;
mod review;

use axum::{Router, routing::get};

use crate::web::site::Site;

pub(super) use assets::asset;

/// Nothing but ours: its style sheet, its script, its forms; in nobody's frame.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                                 connect-src 'self'; img-src 'self' data:; form-action 'self'; \
                                 base-uri 'none'; frame-ancestors 'none'";

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
        .route("/alerts/{*alert}", get(alerts::one))
        .route("/review/{scorecard}", get(review::newest))
        .route("/review/{scorecard}/{period}", get(review::review))
        .route("/wall/{scorecard}", get(nodes::wall))
        // Where links in mails lead.
        .route("/s/{*path}", get(old_links::follow))
        .fallback(nodes::nothing)
}
