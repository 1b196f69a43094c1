//! `/badge/{path}.svg`: a node's name, its status as shape and word, and its score, for other pages.

use axum::extract::Path;

use crate::web::pages::page_request::{About, Answer, PageRequest};
use kpid_board::{badge, notice::Notice};

pub(super) async fn badge(request: PageRequest, Path(path): Path<String>) -> Answer {
    let path = path.strip_suffix(".svg").unwrap_or(&path);
    let scope = request.scope(path)?;
    let seen = request.see(About::One(scope.scorecard())).await?;
    let node = seen.standing.node(&scope).ok_or_else(|| request.refused(Notice::NotFound))?;
    let svg = badge::svg(request.language, node.name(), node.status(), node.score());
    Ok(request.answer_as("image/svg+xml", svg))
}
