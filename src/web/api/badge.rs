//! `/badge/{path}.svg`: a node's name, its status as shape and word, and its score, for other pages.

use crate::web::{
    api::operation::{Content, Operation, PATH, Run},
    pages::page_request::{About, Answer, PageRequest},
};
use kpid_board::{badge, notice::Notice};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/badge/{path}.svg",
    summary: "A picture of how a node stands",
    parameters: &[PATH],
    answer: Content::Text("image/svg+xml"),
    run: Run::Get(|request, path| Box::pin(badge(request, path))),
}];

async fn badge(request: PageRequest, path: String) -> Answer {
    let scope = request.scope(&path)?;
    let seen = request.see(About::One(scope.scorecard())).await?;
    let node = seen.standing.node(&scope).ok_or_else(|| request.refused(Notice::NotFound))?;
    let svg = badge::svg(request.language, node.name(), node.status(), node.score());
    Ok(request.answer_as("image/svg+xml", svg))
}
