//! `GET /api/v1/standing`: what `kpid show --format json` prints.

use axum::{http::header::CONTENT_TYPE, response::IntoResponse};
use serde_json::json;

use crate::web::{
    api::operation::{Content, Operation, Run},
    fragments,
    pages::page_request::{Answer, PageRequest},
};
use kpid_board::notice::Notice;

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/api/v1/standing",
    summary: "What `kpid show --format json` prints",
    parameters: &[],
    answer: Content::Json(
        |_| json!({ "type": "object", "required": ["as_of", "config", "scorecards"] }),
    ),
    run: Run::Get(|request, _| Box::pin(standing(request))),
}];

async fn standing(request: PageRequest) -> Answer {
    let site = &request.site;
    let not_yet = || request.refused(Notice::NotYet);
    let (mut standing, _) = site.standing().await.ok_or_else(not_yet)?;
    standing.scorecards.retain(|held| request.sees(&held.id));
    let text = fragments::json(&standing, &site.json_fragments);
    let text = text.map_err(|error| request.unreadable(&error.into()))?;
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}
