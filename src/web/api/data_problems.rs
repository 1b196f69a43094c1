//! Which figures are missing or doubtful: what the board's page on data shows.

use schemars::JsonSchema;
use serde::Serialize;

use crate::web::{
    api::{
        operation::{self, AT, Content, Operation, Parameter, Run},
        paging::{self, CURSOR, LIMIT_PARAMETER, Position, SCORECARD, local, words},
    },
    pages::page_request::{About, Answer, PageRequest},
};
use kpid_board::data::{DataProblem, problems};
use kpid_rules::model::KpiRef;

const KIND: Parameter = Parameter {
    name: "kind",
    place: "query",
    description: "Only of this kind; several with commas",
    schema: || operation::words_schema(&KINDS),
    example: None,
};

const KINDS: [&str; 4] = ["failing", "missing", "restated", "provisional"];

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/api/v1/data-problems",
    summary: "Figures that are missing or doubtful, by KPI",
    parameters: &[SCORECARD, KIND, AT, LIMIT_PARAMETER, CURSOR],
    answer: Content::Json(paging::schema::<ProblemRow>),
    run: Run::Get(|request, _| Box::pin(list(request))),
}];

/// A figure that is missing or doubtful. Its keys are a contract.
#[derive(Debug, Serialize, JsonSchema)]
struct ProblemRow {
    /// The path of the KPI.
    path: String,
    name: String,
    /// `failing`: its source gave nothing when it was asked last; `missing`: there is no figure that counts;
    /// `restated`: a figure was corrected; `provisional`: the figure may still change.
    kind: &'static str,
    /// Of a missing figure: why, such as `overdue` or `stale`.
    gap: Option<String>,
    period: Option<String>,
    value: Option<f64>,
    /// Of a restated figure: the value that was reported first.
    first_value: Option<f64>,
    /// Of a failing source: its words.
    problem: Option<String>,
    /// Of a failing source: when it was asked.
    at: Option<String>,
}

async fn list(request: PageRequest) -> Answer {
    let (scorecard, kinds) = (paging::scorecard(&request)?, words(&request, "kind", &KINDS)?);
    let seen = request.see(About::All).await?;
    let zone = request.site.calendar.zone;
    let mut rows = Vec::new();
    for held in seen.standing.scorecards.iter() {
        if scorecard.as_ref().is_some_and(|id| held.id != *id) {
            continue;
        }
        for kpi in held.kpis() {
            let path = format!("{}/{}", held.id, kpi.id);
            let row = |kind| ProblemRow {
                path: path.clone(),
                name: kpi.name.clone(),
                kind,
                gap: None,
                period: kpi.period.map(|period| period.to_string()),
                value: kpi.value,
                first_value: None,
                problem: None,
                at: None,
            };
            let gap = kpi.gap.and_then(|gap| serde_json::to_value(gap).ok());
            let gap = gap.and_then(|gap| gap.as_str().map(str::to_owned));
            rows.extend(problems(kpi).map(|problem| match problem {
                DataProblem::Missing => ProblemRow { gap: gap.clone(), ..row("missing") },
                DataProblem::Restated => ProblemRow {
                    first_value: kpi.as_reported.map(|first| first.value),
                    ..row("restated")
                },
                DataProblem::Provisional => row("provisional"),
            }));
            let named = KpiRef { scorecard: held.id.clone(), kpi: kpi.id.clone() };
            let newest = seen.posted.attempts.get(&named);
            let failed =
                newest.and_then(|newest| Some((newest.finished_at, newest.failure.clone()?)));
            rows.extend(failed.map(|(at, problem)| ProblemRow {
                problem: Some(problem),
                at: Some(local(at, zone)),
                ..row("failing")
            }));
        }
    }
    rows.retain(|row| kinds.as_ref().is_none_or(|kinds| kinds.contains(&row.kind)));
    let placed = rows
        .into_iter()
        .map(|row| (Position { rank: 0, id: format!("{} {}", row.path, row.kind) }, row));
    paging::page_of(&request, placed.collect())
}
