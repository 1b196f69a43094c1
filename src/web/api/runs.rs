//! How the newest attempt to collect each KPI went.

use schemars::JsonSchema;
use serde::Serialize;

use crate::web::{
    api::{
        operation::{self, Content, Operation, Parameter, Run},
        paging::{
            self, CURSOR, Interval, LIMIT_PARAMETER, Position, SCORECARD, SINCE, UNTIL, local,
            words,
        },
    },
    pages::page_request::{About, Answer, PageRequest},
};

const OUTCOMES: [&str; 2] = ["ok", "failed"];

const OUTCOME: Parameter = Parameter {
    name: "outcome",
    place: "query",
    description: "Only those that went so",
    schema: || operation::words_schema(&OUTCOMES),
    example: None,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/api/v1/runs",
    summary: "How the newest attempt to collect each KPI went",
    parameters: &[SCORECARD, OUTCOME, SINCE, UNTIL, LIMIT_PARAMETER, CURSOR],
    answer: Content::Json(paging::schema::<RunRow>),
    run: Run::Get(|request, _| Box::pin(list(request))),
}];

/// An attempt to collect a KPI. Its keys are a contract.
#[derive(Debug, Serialize, JsonSchema)]
struct RunRow {
    /// The path of the KPI.
    path: String,
    finished_at: String,
    /// `ok`, or `failed`: the source could not be asked, or its answer could not be read.
    outcome: &'static str,
    /// Why it failed, in the words of the source.
    problem: Option<String>,
}

async fn list(request: PageRequest) -> Answer {
    let (scorecard, interval) = (paging::scorecard(&request)?, Interval::of(&request)?);
    let outcomes = words(&request, "outcome", &OUTCOMES)?;
    let seen = request.see(About::All).await?;
    let zone = request.site.calendar.zone;
    let rows = seen.posted.attempts.iter().filter_map(|(kpi, newest)| {
        let outcome = if newest.failure.is_some() { "failed" } else { "ok" };
        let is_wanted = request.sees(&kpi.scorecard)
            && scorecard.as_ref().is_none_or(|id| kpi.scorecard == *id)
            && interval.has(newest.finished_at)
            && outcomes.as_ref().is_none_or(|outcomes| outcomes.contains(&outcome));
        // By their paths: a list by instants would change while it is read.
        is_wanted.then(|| (Position { rank: 0, id: kpi.to_string() }, (kpi, newest, outcome)))
    });
    paging::page_of(&request, rows.collect(), |(kpi, newest, outcome)| RunRow {
        path: kpi.to_string(),
        finished_at: local(newest.finished_at, zone),
        outcome,
        problem: newest.failure.clone(),
    })
}
