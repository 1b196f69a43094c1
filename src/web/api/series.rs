//! The past of a node, a row a period: value and target of a KPI, score and status of every node.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::web::pages::{
    nodes::FoundScorecard,
    page_request::{Answer, PageRequest},
};
use kpid_board::notice::Notice;
use kpid_rules::{
    judgement::{Judge, PeriodVerdict, Verdict},
    model::{Calendar, Frequency, Id, Kpi, Period, Scope, Scorecard, Status},
    series::KpiContext,
};

/// Periods without `from`: five years of months.
const PERIODS: usize = 60;

/// More than three years of days in one answer.
const PERIODS_MAX: usize = 1_200;

/// One period.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct SeriesRow {
    /// Its key, such as `2026-05`.
    period: String,
    first_day: NaiveDate,
    last_day: NaiveDate,
    status: &'static str,
    score: Option<f64>,
    coverage: Option<f64>,
    value: Option<f64>,
    target: Option<f64>,
    green_line: Option<f64>,
    red_line: Option<f64>,
    /// It may still change.
    provisional: Option<bool>,
    /// It is not what was reported first.
    restated: Option<bool>,
    collected_at: Option<String>,
}

/// `GET /api/v1/nodes/{path}/series?from&to`
pub(super) async fn series(request: &PageRequest, path: &str, is_csv: bool) -> Answer {
    let scope = request.scope(path)?;
    let found = FoundScorecard::of(request, scope.scorecard().as_str()).await?;
    let history = request.history_of(scope.scorecard(), &found.seen).await?;
    let now = found.seen.standing.as_of.to_utc();
    let judge = Judge::new(&request.site.portfolio, &history, now);
    let scorecard = found.scorecard;
    let frequency = frequency(scorecard, &scope);
    let calendar = &scorecard.calendar;
    let newest = calendar.last_closed(frequency, now);
    let periods = days(request, calendar).and_then(|days| periods(calendar, newest, days));
    let periods = periods.map_err(|wrong| request.refused(Notice::Wrong(&wrong)))?;
    let rows = rows(&judge, scorecard, &scope, &periods);
    if is_csv {
        let text = csv(&rows).map_err(|error| request.unreadable(&error))?;
        return Ok(request.answer_as("text/csv; charset=utf-8", text));
    }
    let rows = serde_json::to_value(&rows).map_err(|error| request.unreadable(&error.into()))?;
    Ok(request.answer_json(&rows))
}

/// The first and the last day that are asked for.
fn days(
    request: &PageRequest,
    calendar: &Calendar,
) -> Result<(Option<NaiveDate>, Option<NaiveDate>), String> {
    let read = |name: &str| {
        let written = request.address.get(name);
        written.map(Period::parse).transpose().map_err(|error| format!("`{name}`: {error}"))
    };
    let (from, to) = (read("from")?, read("to")?);
    let (first, last) =
        (from.map(|from| calendar.first_day(from)), to.map(|to| calendar.last_day(to)));
    match (first, last) {
        (Some(first), Some(last)) if first > last => {
            Err(format!("`from` begins on {first}, after `to` ends on {last}"))
        }
        days => Ok(days),
    }
}

/// The periods that end in these days, the oldest first.
fn periods(
    calendar: &Calendar,
    newest: Period,
    (first, last): (Option<NaiveDate>, Option<NaiveDate>),
) -> Result<Vec<Period>, String> {
    let back = std::iter::successors(Some(newest), |period| Some(period.previous()));
    let wanted =
        back.skip_while(|period| last.is_some_and(|last| calendar.last_day(*period) > last));
    let mut periods: Vec<Period> = match first {
        None => wanted.take(PERIODS).collect(),
        Some(first) => wanted
            .take_while(|period| calendar.first_day(*period) >= first)
            .take(PERIODS_MAX + 1)
            .collect(),
    };
    if periods.len() > PERIODS_MAX {
        return Err(format!("more than {PERIODS_MAX} periods; ask for them in parts"));
    }
    periods.reverse();
    Ok(periods)
}

/// How often a node has a verdict.
fn frequency(scorecard: &Scorecard, scope: &Scope) -> Frequency {
    let kpi = match scope {
        Scope::Kpi(named) => scorecard.kpi(&named.kpi),
        _ => None,
    };
    kpi.map_or_else(|| scorecard.reporting_frequency(), |kpi| kpi.frequency)
}

fn rows(
    judge: &Judge<'_>,
    scorecard: &Scorecard,
    scope: &Scope,
    periods: &[Period],
) -> Vec<SeriesRow> {
    let calendar = &scorecard.calendar;
    let rolled = |verdict: &dyn Fn(NaiveDate) -> Option<Verdict>| {
        let row = |period: &Period| {
            Some(of_node(calendar, *period, &verdict(calendar.last_day(*period))?))
        };
        periods.iter().filter_map(row).collect()
    };
    let perspective = |id: &Id| scorecard.perspective(id);
    match scope {
        Scope::Kpi(named) => match scorecard.kpi(&named.kpi) {
            Some(kpi) => of_kpi(judge, scorecard, kpi, periods),
            None => Vec::new(),
        },
        Scope::Scorecard(_) => rolled(&|day| Some(judge.scorecard_on(scorecard, day).verdict)),
        Scope::Perspective(_, id) => {
            rolled(&|day| Some(judge.perspective_on(scorecard, perspective(id)?, day).verdict))
        }
        Scope::Objective(_, id, objective) => rolled(&|day| {
            let mut objectives = perspective(id)?.objectives.iter();
            let held = objectives.find(|held| held.id == *objective)?;
            Some(judge.objective_on(scorecard, held, day).verdict)
        }),
    }
}

fn of_node(calendar: &Calendar, period: Period, verdict: &Verdict) -> SeriesRow {
    SeriesRow {
        period: period.to_string(),
        first_day: calendar.first_day(period),
        last_day: calendar.last_day(period),
        status: verdict.status.word(),
        score: verdict.score,
        coverage: Some(verdict.coverage),
        ..SeriesRow::default()
    }
}

fn of_kpi(
    judge: &Judge<'_>,
    scorecard: &Scorecard,
    kpi: &Kpi,
    periods: &[Period],
) -> Vec<SeriesRow> {
    let case = judge.case(scorecard, kpi);
    let held = case.held.actuals.keys().next().copied();
    let since = periods.iter().filter(|period| held.is_some_and(|first| **period >= first));
    since.map(|period| of_period(&case, judge, &case.judge_period(*period))).collect()
}

fn of_period(case: &KpiContext<'_>, judge: &Judge<'_>, verdict: &PeriodVerdict) -> SeriesRow {
    let (period, calendar) = (verdict.period, case.calendar);
    let (green_line, red_line) =
        verdict.lines.as_ref().map_or((None, None), |lines| lines.shown(verdict.value));
    let revisions = case.held.actuals.get(&period).map_or(&[][..], Vec::as_slice);
    let has_value = verdict.status != Status::NoData || verdict.value.is_some();
    SeriesRow {
        period: period.to_string(),
        first_day: calendar.first_day(period),
        last_day: calendar.last_day(period),
        status: verdict.status.word(),
        score: verdict.score,
        coverage: None,
        value: verdict.value,
        target: verdict.target,
        green_line,
        red_line,
        provisional: has_value.then(|| !calendar.is_closed(period, judge.now())),
        restated: has_value.then_some(revisions.len() > 1),
        collected_at: revisions
            .last()
            .map(|actual| actual.collected_at.with_timezone(&calendar.zone).to_rfc3339()),
    }
}

fn csv(rows: &[SeriesRow]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
