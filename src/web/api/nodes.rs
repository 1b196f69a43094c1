//! Scorecards as a list, and one node by its path: a scorecard, perspective, objective or KPI.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::web::{
    api::{
        operation::{self, AT, Content, FROM, Operation, PATH, Parameter, Run, TO},
        paging::{self, CURSOR, LIMIT_PARAMETER, Position, SCORECARD, words},
        series::{SeriesRow, series},
    },
    pages::page_request::{About, Answer, PageRequest},
};
use kpid_board::notice::Notice;
use kpid_rules::{
    judgement::{ScorecardStanding, Standing, StandingNode},
    model::{KpiRef, Scope, Status},
};

const KINDS: [&str; 4] = ["scorecard", "perspective", "objective", "kpi"];

const KIND: Parameter = Parameter {
    name: "kind",
    place: "query",
    description: "Only nodes of this kind; several with commas",
    schema: || operation::words_schema(&KINDS),
    example: None,
};

const STATUS: Parameter = Parameter {
    name: "status",
    place: "query",
    description: "Only nodes that stand so; several with commas",
    schema: || operation::words_schema(&Status::BEST_FIRST.map(Status::word)),
    example: None,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/scorecards",
        summary: "All scorecards, without what is below them",
        parameters: &[AT],
        answer: Content::Json(|_| json!({ "type": "array", "items": node_schema() })),
        run: Run::Get(|request, _| Box::pin(scorecards(request))),
    },
    Operation {
        path: "/api/v1/nodes",
        summary: "Nodes of all kinds, each without what is below it",
        parameters: &[SCORECARD, KIND, STATUS, AT, LIMIT_PARAMETER, CURSOR],
        answer: Content::Json(|_| {
            json!({ "type": "object", "required": ["items", "next"], "properties": {
                "items": { "type": "array", "items": node_schema() },
                "next": { "type": ["string", "null"] } } })
        }),
        run: Run::Get(|request, _| Box::pin(nodes(request))),
    },
    Operation {
        path: "/api/v1/nodes/{path}",
        summary: "One node, without what is below it",
        parameters: &[PATH, AT],
        answer: Content::Json(|_| node_schema()),
        run: Run::Get(|request, path| Box::pin(node(request, path))),
    },
    Operation {
        path: "/api/v1/nodes/{path}/series",
        summary: "The past of a node, a row a period, the oldest first",
        parameters: &[PATH, AT, FROM, TO],
        answer: Content::JsonOrCsv(operation::list::<SeriesRow>),
        run: Run::Get(|request, path| {
            Box::pin(async move {
                let is_csv = request.accepts("text/csv");
                series(&request, &path, is_csv).await
            })
        }),
    },
    Operation {
        path: "/api/v1/nodes/{path}/series.csv",
        summary: "The same as CSV",
        parameters: &[PATH, AT, FROM, TO],
        answer: Content::Text("text/csv"),
        run: Run::Get(|request, path| Box::pin(async move { series(&request, &path, true).await })),
    },
];

fn node_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({ "type": "object", "required": ["path", "kind", "as_of", "id", "name", "status"],
        "properties": { "path": text, "kind": text, "as_of": text, "id": text, "name": text,
            "status": text, "score": { "type": ["number", "null"] } } })
}

async fn scorecards(request: PageRequest) -> Answer {
    let seen = request.see(About::All).await?;
    let standing = &seen.standing;
    let scorecards = standing.scorecards.iter().filter_map(|held| {
        let scope = Scope::Scorecard(held.id.clone());
        Some(facts(&scope, standing.node(&scope)?, standing))
    });
    Ok(request.answer_json(&Value::Array(scorecards.map(Value::Object).collect())))
}

/// By their paths.
async fn nodes(request: PageRequest) -> Answer {
    let (scorecard, kinds) = (paging::scorecard(&request)?, words(&request, "kind", &KINDS)?);
    let statuses = words(&request, "status", &Status::BEST_FIRST.map(Status::word))?;
    let seen = request.see(About::All).await?;
    let standing = &seen.standing;
    let wanted =
        |held: &&Arc<ScorecardStanding>| scorecard.as_ref().is_none_or(|id| held.id == *id);
    let found = standing.scorecards.iter().filter(wanted).flat_map(|held| scopes(held));
    let rows = found.filter_map(|scope| {
        let node = standing.node(&scope)?;
        let is_wanted = kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind(node)))
            && statuses.as_ref().is_none_or(|statuses| statuses.contains(&node.status().word()));
        is_wanted.then(|| (Position { rank: 0, id: scope.to_string() }, (scope, node)))
    });
    paging::page_of(&request, rows.collect(), |(scope, node)| facts(&scope, node, standing))
}

/// All nodes of a scorecard.
fn scopes(held: &ScorecardStanding) -> Vec<Scope> {
    let id = &held.id;
    let mut scopes = vec![Scope::Scorecard(id.clone())];
    for perspective in &held.perspectives {
        let view = &perspective.id;
        scopes.push(Scope::Perspective(id.clone(), view.clone()));
        for objective in &perspective.objectives {
            scopes.push(Scope::Objective(id.clone(), view.clone(), objective.id.clone()));
            let kpis = objective.kpis.iter().map(|kpi| kpi.id.clone());
            scopes.extend(kpis.map(|kpi| Scope::Kpi(KpiRef { scorecard: id.clone(), kpi })));
        }
    }
    scopes
}

fn kind(node: StandingNode<'_>) -> &'static str {
    match node {
        StandingNode::Scorecard(_) => "scorecard",
        StandingNode::Perspective(_) => "perspective",
        StandingNode::Objective(_) => "objective",
        StandingNode::Kpi(_) => "kpi",
    }
}

async fn node(request: PageRequest, path: String) -> Answer {
    let scope = request.scope(&path)?;
    let seen = request.see(About::One(scope.scorecard())).await?;
    let node = seen.standing.node(&scope).ok_or_else(|| request.refused(Notice::NotFound))?;
    Ok(request.answer_json(&Value::Object(facts(&scope, node, &seen.standing))))
}

/// What `kpid show --format json` says of a node without its children, with its path and the instant.
fn facts(scope: &Scope, node: StandingNode<'_>, standing: &Standing) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("path".to_owned(), json!(scope.to_string()));
    facts.insert("kind".to_owned(), json!(kind(node)));
    facts.insert("as_of".to_owned(), json!(standing.as_of.to_rfc3339()));
    facts.extend(node.facts());
    facts
}
