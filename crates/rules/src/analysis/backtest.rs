//! The past, judged again: what a configuration would have told over the history that is held.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    evaluation::{
        circumstances::{Circumstances, EpisodeChange},
        evaluate::evaluate,
    },
    judgement::standing::Standing,
    model::{id::Id, portfolio::Portfolio, status::Status},
    series::history::{Actual, History},
};

/// A century of days; more is a slip of the pen.
const DAYS_MAX: usize = 36_600;

/// One thing that would have been told.
#[derive(Clone, Debug, PartialEq)]
pub struct BacktestEvent {
    /// The local midnight at which it would have been known.
    pub at: DateTime<Utc>,
    /// What would have moved.
    pub change: EpisodeChange,
    /// The status then.
    pub status: Status,
    /// The unrounded score then.
    pub score: Option<f64>,
    /// The label of the evaluation.
    pub period: Option<String>,
}

/// Everything that would have been told, evaluating at each local midnight from the end of `from`
/// to the end of `to`. An actual counts as known when it was due, or when it was collected if that
/// was earlier: history loaded afterwards is judged as if it had come in time.
pub fn backtest(
    portfolio: &Portfolio,
    history: &History,
    config_hash: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Vec<BacktestEvent> {
    let Some(calendar) = portfolio.scorecards().first().map(|first| first.calendar.clone()) else {
        return Vec::new();
    };
    let history = as_if_in_time(portfolio, history);
    let all: Vec<Id> = portfolio.scorecards().iter().map(|held| held.id.clone()).collect();
    let mut episodes = HashMap::new();
    let mut told = Vec::new();
    for day in from.iter_days().take_while(|day| *day <= to).take(DAYS_MAX) {
        let now = calendar.midnight(day.succ_opt().unwrap_or(day));
        let known = history.as_of(now);
        let live = Circumstances::default();
        let (standing, changes) =
            evaluate(portfolio, &all, &known, &episodes, live, config_hash, now);
        for change in changes {
            episodes.insert(change.scope.clone(), change.episode.clone());
            if change.event.is_some() {
                told.extend(self::told(now, &standing, change));
            }
        }
    }
    told
}

fn told(at: DateTime<Utc>, standing: &Standing, change: EpisodeChange) -> Option<BacktestEvent> {
    let node = standing.node(&change.scope)?;
    let (status, score) = (node.status(), node.score());
    let period = change.episode.last_period.clone();
    Some(BacktestEvent { at, change, status, score, period })
}

/// The history as it would have come: first revisions no later than they were due.
fn as_if_in_time(portfolio: &Portfolio, history: &History) -> History {
    let mut moved = history.clone();
    for (named, scorecard, kpi) in portfolio.kpis() {
        let held = moved.kpi_mut(&named);
        held.failure = None;
        for (&period, revisions) in &mut held.actuals {
            let due = scorecard.calendar.overdue_from(period, kpi.lag_at_most());
            let Some(first) = revisions.first_mut() else { continue };
            let collected_at = first.collected_at.min(due);
            let observed_at = first.observed_at.min(collected_at);
            *first = Actual { collected_at, observed_at, ..*first };
        }
    }
    moved
}
