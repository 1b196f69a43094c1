//! The past, judged again: what a configuration would have told over the history that is held.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZero,
    panic::resume_unwind,
    thread,
};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    evaluation::{
        circumstances::EpisodeChange,
        family::{Changes, Family, Inputs, SeriesChange},
    },
    judgement::standing::Standing,
    model::{
        id::{Id, KpiRef},
        portfolio::Portfolio,
        status::Status,
    },
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
    let midnights: Vec<DateTime<Utc>> =
        days(from, to).map(|day| calendar.midnight(day.succ_opt().unwrap_or(day))).collect();
    // Families look at nothing of each other: they are played side by side.
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let families = portfolio.families();
    let part = families.len().div_ceil(threads).max(1);
    let replay = Replay { portfolio, history, config_hash, midnights: &midnights };
    let parts: Vec<Vec<BacktestEvent>> = thread::scope(|scope| {
        let start = |part: &[Vec<Id>]| {
            let scorecards: Vec<Id> = part.iter().flatten().cloned().collect();
            scope.spawn(move || replay.of(&scorecards))
        };
        let started: Vec<_> = families.chunks(part).map(start).collect();
        let ended = started.into_iter().map(|part| part.join());
        ended.map(|part| part.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let places: HashMap<&Id, usize> =
        portfolio.scorecards().iter().enumerate().map(|(at, held)| (&held.id, at)).collect();
    let mut told: Vec<BacktestEvent> = parts.into_iter().flatten().collect();
    told.sort_by_key(|event| (event.at, places.get(event.change.scope.scorecard()).copied()));
    told
}

/// What is played again.
#[derive(Clone, Copy)]
struct Replay<'a> {
    portfolio: &'a Portfolio,
    history: &'a History,
    config_hash: &'a str,
    midnights: &'a [DateTime<Utc>],
}

impl Replay<'_> {
    /// What would have been told of some scorecards that are tied to no others.
    fn of(self, scorecards: &[Id]) -> Vec<BacktestEvent> {
        let Self { portfolio, history, config_hash, midnights } = self;
        let mut past = Past::of(as_if_in_time(portfolio, scorecards, history));
        let mut family = Family::new(portfolio, scorecards);
        let mut episodes = HashMap::new();
        let mut told = Vec::new();
        for now in midnights.iter().copied() {
            let kpis = past.go_on(now).into_iter().collect();
            let inputs = Inputs {
                portfolio,
                config_hash,
                history: &past.known,
                episodes: &episodes,
                silences: &[],
                receipts: &[],
                historical: false,
                first_look_is_historical: false,
            };
            let applied = family.apply(inputs, &Changes { kpis, ..Changes::default() }, now);
            for change in applied.changes {
                episodes.insert(change.scope.clone(), change.episode.clone());
                if let (true, Some(standing)) = (change.event.is_some(), family.standing()) {
                    told.extend(self::told(now, standing, change));
                }
            }
        }
        told
    }
}

fn days(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    from.iter_days().take_while(move |day| *day <= to).take(DAYS_MAX)
}

/// A history that comes to be known as time goes on.
struct Past {
    whole: History,
    /// What is known by now.
    known: History,
    /// What else becomes known of a KPI, the latest first.
    to_come: Vec<(DateTime<Utc>, KpiRef, SeriesChange)>,
}

impl Past {
    fn of(whole: History) -> Self {
        let mut to_come = Vec::new();
        for (kpi, held) in whole.kpis() {
            for (period, revisions) in &held.actuals {
                let figures = revisions.iter().map(|actual| actual.collected_at);
                let figures = figures.map(|at| (at, kpi.clone(), SeriesChange::Figure(*period)));
                to_come.extend(figures);
            }
            let asked = held.asked.map(|asked| (asked.over_at, kpi.clone(), SeriesChange::Attempt));
            to_come.extend(asked);
        }
        to_come.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        Self { whole, known: History::default(), to_come }
    }

    /// Takes in what becomes known until `now`, and what changed of which KPI.
    fn go_on(&mut self, now: DateTime<Utc>) -> BTreeMap<KpiRef, SeriesChange> {
        let mut changed: BTreeMap<KpiRef, SeriesChange> = BTreeMap::new();
        while let Some((_, kpi, change)) = self.to_come.pop_if(|(at, ..)| *at <= now) {
            let both = changed.get(&kpi).map_or(change, |known| known.and(change));
            changed.insert(kpi, both);
        }
        for kpi in changed.keys() {
            self.known.know(kpi, &self.whole, now);
        }
        changed
    }
}

fn told(at: DateTime<Utc>, standing: &Standing, change: EpisodeChange) -> Option<BacktestEvent> {
    let node = standing.node(&change.scope)?;
    let (status, score) = (node.status(), node.score());
    let period = change.episode.last_period.clone();
    Some(BacktestEvent { at, change, status, score, period })
}

/// The history of some scorecards as it would have come: first revisions no later than they were due.
fn as_if_in_time(portfolio: &Portfolio, scorecards: &[Id], history: &History) -> History {
    let mut moved = History::default();
    let scorecards = scorecards.iter().filter_map(|id| portfolio.scorecard(id));
    for (scorecard, kpi) in scorecards.flat_map(|held| held.kpis().map(move |kpi| (held, kpi))) {
        let named = scorecard.named(kpi);
        let Some(collected) = history.kpi(&named) else { continue };
        let held = moved.kpi_mut(&named);
        *held = collected.clone();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{
        circumstances::Circumstances,
        evaluate::evaluate,
        family::oracle::{Dice, collected, portfolio},
    };

    /// Portfolios that are played.
    const SEEDS: u64 = 10;

    /// What a backtest is measured by: all that was known at each midnight, judged from nothing.
    fn day_by_day(
        portfolio: &Portfolio,
        history: &History,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Vec<BacktestEvent> {
        let all: Vec<Id> = portfolio.scorecards().iter().map(|held| held.id.clone()).collect();
        let history = as_if_in_time(portfolio, &all, history);
        let calendar = portfolio.scorecards()[0].calendar.clone();
        let mut episodes = HashMap::new();
        let mut told = Vec::new();
        for day in days(from, to) {
            let now = calendar.midnight(day.succ_opt().unwrap());
            let known = history.as_of(now);
            let live = Circumstances::default();
            let (standing, changes) =
                evaluate(portfolio, &all, &known, &episodes, live, "sha256:test", now);
            for change in changes {
                episodes.insert(change.scope.clone(), change.episode.clone());
                if change.event.is_some() {
                    told.extend(self::told(now, &standing, change));
                }
            }
        }
        told
    }

    #[test]
    fn a_backtest_is_what_judging_every_day_from_nothing_says() {
        let span = ("2025-12-01".parse().unwrap(), "2026-06-10".parse().unwrap());
        let (from, to) = ("2026-01-10".parse().unwrap(), "2026-05-20".parse().unwrap());
        let mut messages = 0;
        for seed in 0..SEEDS {
            let mut dice = Dice(seed);
            let portfolio = portfolio(&mut dice);
            let history = collected(&mut dice, &portfolio, span);
            let found = backtest(&portfolio, &history, "sha256:test", from, to);
            assert_eq!(found, day_by_day(&portfolio, &history, (from, to)), "seed {seed}");
            messages += found.len();
        }
        assert!(messages > 100, "{messages} messages say little");
    }
}
