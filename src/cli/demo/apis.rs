//! The business APIs of the demo's company: survey, help desk, production, projects, learning,
//! staff, monitoring. Each answers for a month that has been closed; the project tool is down.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::demo::calder::{self, Course, MAY, Month};

/// The token that the help desk wants, as written to `secrets/helpdesk.token`.
pub(crate) const HELPDESK_TOKEN: &str = "demo-helpdesk-3f9c1b";

/// How many months are closed: an API knows nothing of the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closed(Arc<AtomicU32>);

impl Closed {
    /// Lets the APIs know a month, and all before it.
    pub(crate) fn upto(&self, month: Month) {
        self.0.store(month.number() + 1, Ordering::Release);
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}

/// A month by its key, or the months between two days.
#[derive(Deserialize)]
#[serde(untagged)]
enum MonthsQuery {
    One { month: String },
    Between { from: NaiveDate, to: NaiveDate },
}

/// The routes of all systems.
pub(crate) fn routes(closed: Closed) -> Router {
    let helpdesk = Router::new()
        .route("/helpdesk/{report}", get(report_of_helpdesk))
        .route_layer(middleware::from_fn(only_with_token));
    Router::new()
        .route("/projects/milestones", get(milestones))
        .route("/{system}/{report}", get(report))
        .merge(helpdesk)
        .with_state(closed)
}

async fn only_with_token(request: Request, next: Next) -> Response {
    let expected = format!("Bearer {HELPDESK_TOKEN}");
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given == Some(expected.as_str()) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, Json(json!({ "error": "who are you?" }))).into_response()
    }
}

async fn report(
    State(closed): State<Closed>,
    Path((system, report)): Path<(String, String)>,
    Query(asked): Query<MonthsQuery>,
) -> Response {
    answer(&closed, &format!("{system}/{report}"), &asked)
}

async fn report_of_helpdesk(
    State(closed): State<Closed>,
    Path(report): Path<String>,
    Query(asked): Query<MonthsQuery>,
) -> Response {
    answer(&closed, &format!("helpdesk/{report}"), &asked)
}

/// The project tool broke down before it could report May.
async fn milestones(State(closed): State<Closed>, Query(asked): Query<MonthsQuery>) -> Response {
    if closed.count() > MAY {
        let sorry = Json(json!({ "error": "database maintenance, back soon" }));
        return (StatusCode::SERVICE_UNAVAILABLE, sorry).into_response();
    }
    answer(&closed, "projects/milestones", &asked)
}

fn answer(closed: &Closed, report: &str, asked: &MonthsQuery) -> Response {
    let is_closed = |month: &Month| month.number() < closed.count();
    let body = match asked {
        MonthsQuery::One { month } => {
            // Of a month that is not closed nothing is known: null, as many APIs say it.
            let known = Month::parse(month).filter(is_closed);
            let result = known.map_or(Some(Value::Null), |month| result(report, month));
            result.map(|result| json!({ "month": month, "result": result }))
        }
        MonthsQuery::Between { from, to } => {
            let months = Month::all().filter(is_closed);
            let months = months.filter(|month| (*from..=*to).contains(&month.last_day()));
            let rows = months.map(|month| {
                Some(json!({ "month": month.key(), "result": result(report, month)? }))
            });
            rows.collect::<Option<Vec<_>>>().map(|rows| json!({ "months": rows }))
        }
    };
    match body {
        Some(body) => Json(body).into_response(),
        None => {
            let sorry = Json(json!({ "error": format!("no report `{report}`") }));
            (StatusCode::NOT_FOUND, sorry).into_response()
        }
    }
}

/// What a system reports of a month.
fn result(report: &str, month: Month) -> Option<Value> {
    let share = |course: &Course, whole, part_name: &str, whole_name: &str| {
        let share = course.share(month, whole);
        json!({ part_name: share.part, whole_name: share.whole })
    };
    Some(match report {
        "survey/nps" => json!({ "score": calder::PROMOTERS.at(month), "answers": 412 }),
        "survey/csat" => share(&calder::CONTENT, 1000, "content", "answers"),
        "survey/csat-tier-1" => share(&calder::CONTENT_TIER_1, 500, "content", "answers"),
        "survey/csat-agent-17" => share(&calder::CONTENT_ONE_AGENT, 60, "content", "answers"),
        "helpdesk/contacts" => share(&calder::FIRST_CONTACT, 5000, "resolved_first", "contacts"),
        "helpdesk/tier-1" => {
            share(&calder::FIRST_CONTACT_TIER_1, 3000, "resolved_first", "contacts")
        }
        "helpdesk/agent-17" => share(&calder::ONE_AGENT, 250, "resolved_first", "contacts"),
        "helpdesk/waiting" => json!({
            "over_48_hours": calder::BACKLOG.at(month),
            "first_reply_p95_hours": calder::FIRST_REPLY.at(month),
        }),
        "mes/first-pass" => share(&calder::FIRST_PASS, 1000, "passed", "built"),
        "mes/rework" => share(&calder::REWORK, 1000, "reworked", "built"),
        "projects/milestones" => share(&calder::MILESTONES, 100, "on_date", "due"),
        "lms/training" => json!({
            "hours_per_employee": calder::TRAINING.at(month),
            "hours_per_agent": calder::AGENT_TRAINING.at(month),
        }),
        // In full-time posts: the average of the last twelve months is 420.
        "hr/turnover" => json!({ "left": 4.2 * calder::TURNOVER.at(month), "posts": 420 }),
        "hr/shifts" => share(&calder::SHIFTS, 1000, "staffed", "planned"),
        "monitoring/shop" => share(&calder::SHOP, 50_000, "passed", "checks"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(key: &str) -> Month {
        Month::parse(key).unwrap()
    }

    #[test]
    fn the_systems_report_what_the_story_tells() {
        let may = month("2026-05");
        let cases = [
            ("survey/nps", json!({ "score": 41.0, "answers": 412 })),
            ("helpdesk/contacts", json!({ "resolved_first": 3820, "contacts": 5000 })),
            ("mes/first-pass", json!({ "passed": 973, "built": 1000 })),
            ("monitoring/shop", json!({ "passed": 49970, "checks": 50000 })),
        ];
        for (report, expected) in cases {
            assert_eq!(result(report, may), Some(expected), "{report}");
        }
        assert_eq!(result("survey/weather", may), None);
    }

    #[tokio::test]
    async fn a_month_is_unknown_until_it_is_closed_and_the_project_tool_breaks_down_in_may() {
        let closed = Closed::default();
        let ask = |month: &str| Query(MonthsQuery::One { month: month.to_owned() });
        let status = |response: Response| response.status().as_u16();
        closed.upto(month("2026-04"));
        assert_eq!(status(milestones(State(closed.clone()), ask("2026-04")).await), 200);
        closed.upto(month("2026-05"));
        assert_eq!(status(milestones(State(closed.clone()), ask("2026-04")).await), 503);
        assert_eq!(status(answer(&closed, "survey/nps", &ask("2026-05").0)), 200);
    }
}
