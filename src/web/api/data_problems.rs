//! Which figures are missing or doubtful: what the board's page on data shows.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
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
use kpid_rules::{
    judgement::{KpiStanding, ScorecardStanding},
    model::{Id, KpiRef},
};

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
    let failure = |held: &ScorecardStanding, kpi: &KpiStanding| {
        let named = KpiRef { scorecard: held.id.clone(), kpi: kpi.id.clone() };
        let newest = seen.posted.attempts.get(&named)?;
        Some((newest.finished_at, newest.failure.as_deref()?))
    };
    let scorecards = seen.standing.scorecards.iter();
    let wanted = scorecards.filter(|held| scorecard.as_ref().is_none_or(|id| held.id == *id));
    let mut rows = Vec::new();
    for (held, kpi) in wanted.flat_map(|held| held.kpis().map(move |kpi| (held, kpi))) {
        let failing = failure(held, kpi).map(Doubt::Failing);
        for doubt in problems(kpi).map(Doubt::Figure).chain(failing) {
            if kinds.as_ref().is_none_or(|kinds| kinds.contains(&doubt.kind())) {
                let id = format!("{}/{} {}", held.id, kpi.id, doubt.kind());
                rows.push((Position { rank: 0, id }, (&held.id, kpi, doubt)));
            }
        }
    }
    paging::page_of(&request, rows, |(scorecard, kpi, doubt)| row(scorecard, kpi, doubt, zone))
}

/// Why a figure is doubted.
#[derive(Clone, Copy)]
enum Doubt<'a> {
    Figure(DataProblem),
    /// When its source was asked last, and what it said.
    Failing((DateTime<Utc>, &'a str)),
}

impl Doubt<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Failing(_) => "failing",
            Self::Figure(DataProblem::Missing) => "missing",
            Self::Figure(DataProblem::Restated) => "restated",
            Self::Figure(DataProblem::Provisional) => "provisional",
        }
    }
}

fn row(scorecard: &Id, kpi: &KpiStanding, doubt: Doubt<'_>, zone: Tz) -> ProblemRow {
    let is = |problem| matches!(doubt, Doubt::Figure(held) if held == problem);
    let gap = kpi.gap.filter(|_| is(DataProblem::Missing));
    let gap = gap.and_then(|gap| serde_json::to_value(gap).ok());
    let first = kpi.as_reported.filter(|_| is(DataProblem::Restated));
    let (at, problem) = match doubt {
        Doubt::Failing((at, problem)) => (Some(local(at, zone)), Some(problem.to_owned())),
        Doubt::Figure(_) => (None, None),
    };
    ProblemRow {
        path: format!("{scorecard}/{}", kpi.id),
        name: kpi.name.clone(),
        kind: doubt.kind(),
        gap: gap.and_then(|gap| gap.as_str().map(str::to_owned)),
        period: kpi.period.map(|period| period.to_string()),
        value: kpi.value,
        first_value: first.map(|first| first.value),
        problem,
        at,
    }
}
