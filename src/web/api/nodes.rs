//! Scorecards as a list, and one node by its path: a scorecard, perspective, objective or KPI.

use axum::{extract::Path, response::Response};
use serde_json::{Map, Value, json};

use crate::web::{
    api::series,
    pages::page_request::{About, PageRequest},
};
use kpid_board::notice::Notice;
use kpid_rules::{
    judgement::{Standing, StandingNode},
    model::Scope,
};

/// After the path of a node: its past.
const SERIES: &str = "/series";

/// `GET /api/v1/scorecards`
pub(super) async fn scorecards(request: PageRequest) -> Response {
    let seen = match request.see(About::All).await {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    let standing = &seen.standing;
    let scorecards = standing.scorecards.iter().filter_map(|held| {
        let scope = Scope::Scorecard(held.id.clone());
        Some(facts(&scope, standing.node(&scope)?, standing))
    });
    request.answer_json(&Value::Array(scorecards.map(Value::Object).collect()))
}

/// `GET /api/v1/nodes/{path}` and `GET /api/v1/nodes/{path}/series`, as CSV with `.csv`.
pub(super) async fn node(request: PageRequest, Path(path): Path<String>) -> Response {
    let (path, is_csv) = match path.strip_suffix(".csv") {
        Some(path) => (path, true),
        None => (path.as_str(), request.accepts("text/csv")),
    };
    if let Some(path) = path.strip_suffix(SERIES) {
        return series::series(&request, path, is_csv).await;
    }
    let portfolio = &request.site.portfolio;
    let found = portfolio.resolve(path).filter(|scope| request.sees(scope.scorecard()));
    let Some(scope) = found else { return request.refused(Notice::NotFound) };
    let seen = match request.see(About::One(scope.scorecard())).await {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    match seen.standing.node(&scope) {
        Some(node) => request.answer_json(&Value::Object(facts(&scope, node, &seen.standing))),
        None => request.refused(Notice::NotFound),
    }
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
