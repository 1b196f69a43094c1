//! Scorecards as a list, and one node by its path: a scorecard, perspective, objective or KPI.

use axum::extract::Path;
use serde_json::{Map, Value, json};

use crate::web::{
    api::series,
    pages::page_request::{About, Answer, PageRequest},
};
use kpid_board::notice::Notice;
use kpid_rules::{
    judgement::{Standing, StandingNode},
    model::Scope,
};

/// After the path of a node: its past.
const SERIES: &str = "/series";

/// `GET /api/v1/scorecards`
pub(super) async fn scorecards(request: PageRequest) -> Answer {
    let seen = request.see(About::All).await?;
    let standing = &seen.standing;
    let scorecards = standing.scorecards.iter().filter_map(|held| {
        let scope = Scope::Scorecard(held.id.clone());
        Some(facts(&scope, standing.node(&scope)?, standing))
    });
    Ok(request.answer_json(&Value::Array(scorecards.map(Value::Object).collect())))
}

/// `GET /api/v1/nodes/{path}` and `GET /api/v1/nodes/{path}/series`, as CSV with `.csv`.
pub(super) async fn node(request: PageRequest, Path(path): Path<String>) -> Answer {
    let (path, is_csv) = match path.strip_suffix(".csv") {
        Some(path) => (path, true),
        None => (path.as_str(), request.accepts("text/csv")),
    };
    if let Some(path) = path.strip_suffix(SERIES) {
        return series::series(&request, path, is_csv).await;
    }
    let scope = request.scope(path)?;
    let seen = request.see(About::One(scope.scorecard())).await?;
    let node = seen.standing.node(&scope).ok_or_else(|| request.refused(Notice::NotFound))?;
    Ok(request.answer_json(&Value::Object(facts(&scope, node, &seen.standing))))
}

/// What `kpid show --format json` says of a node without its children, with its path and the instant.
fn facts(scope: &Scope, node: StandingNode<'_>, standing: &Standing) -> Map<String, Value> {
    let kind = match node {
        StandingNode::Scorecard(_) => "scorecard",
        StandingNode::Perspective(_) => "perspective",
        StandingNode::Objective(_) => "objective",
        StandingNode::Kpi(_) => "kpi",
    };
    let mut facts = Map::new();
    facts.insert("path".to_owned(), json!(scope.to_string()));
    facts.insert("kind".to_owned(), json!(kind));
    facts.insert("as_of".to_owned(), json!(standing.as_of.to_rfc3339()));
    facts.extend(node.facts());
    facts
}
