//! `/badge/{path}.svg`: a node's name, its status as shape and word, and its score, for other pages.

use axum::{extract::Path, response::Response};

use crate::web::pages::page_request::{About, PageRequest};
use kpid_board::{badge, notice::Notice};

pub(super) async fn badge(request: PageRequest, Path(path): Path<String>) -> Response {
    let path = path.strip_suffix(".svg").unwrap_or(&path);
    let resolved = request.site.portfolio.resolve(path);
    let Some(scope) = resolved.filter(|scope| request.sees(scope.scorecard())) else {
        return request.refused(Notice::NotFound);
    };
    let seen = match request.see(About::One(scope.scorecard())).await {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    let Some(node) = seen.standing.node(&scope) else { return request.refused(Notice::NotFound) };
    let svg = badge::svg(request.language, node.name(), node.status(), node.score());
    request.answer_as("image/svg+xml", svg)
}
