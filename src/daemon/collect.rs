//! Collecting one KPI: ask its source, file what came. The timer, `pull` and backfills all come
//! through here.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use tracing::warn;

use crate::{
    clock::Clock,
    config::setup::Collection,
    daemon::Engine,
    scorecard::{Figure, Kpi, Period, ReadingKind, Sample, Scorecard, reading},
    sources::{Exchange, Outcome, Question, Window, shared::Shared},
    store::{Attempt, Collected, Filed, Filing, Stage},
};

/// Why a KPI is collected now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occasion {
    /// The instant of the schedule it serves, if it does.
    pub slot: Option<DateTime<Utc>>,
    /// Earlier instants nobody served.
    pub missed: u64,
}

/// What one window gave.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked about.
    pub window: Window,
    /// What came.
    pub outcome: Outcome,
    /// Question and answer as a person may see them, where somebody looks.
    pub exchange: Option<Exchange>,
}

/// Asks a source about windows, one after the other, oldest first. After one that fails only the
/// newest is asked, which is the one judged: a source that hangs is not waited for once a window.
/// With `traced`, what was said is kept for a person to look at.
pub async fn ask(
    engine: &Engine,
    shared: &Shared,
    collection: &Collection,
    windows: Vec<Window>,
    traced: bool,
    clock: Clock,
) -> Vec<Answer> {
    let Some((scorecard, kpi)) = definition(engine, collection) else { return Vec::new() };
    let mut answers = Vec::new();
    let newest = windows.last().map(|window| window.period);
    let mut failed = false;
    for window in windows {
        if failed && Some(window.period) != newest {
            continue;
        }
        let calendar = &scorecard.calendar;
        let (frequency, now) = (kpi.frequency, clock.now());
        let question = Question { window: &window, frequency, calendar, now };
        let (outcome, exchange) = if traced {
            let asked = engine.connections.trace(shared, &collection.source, &question);
            let (outcome, exchange) = asked.await;
            (outcome, Some(exchange))
        } else {
            (engine.connections.fetch(shared, &collection.source, &question).await, None)
        };
        failed |= matches!(outcome, Outcome::Error(_));
        answers.push(Answer { window, outcome, exchange });
    }
    answers
}

/// Makes what came into something to keep: figures of periods, and how the attempt went.
pub fn file(
    engine: &Engine,
    collection: &Collection,
    answers: &[Answer],
    occasion: Occasion,
    clock: Clock,
) -> Collected {
    let now = clock.now();
    let mut filed = Vec::new();
    let (mut outcome, mut message) = ("samples", None);
    let definition = definition(engine, collection);
    for answer in answers {
        let period = answer.window.period;
        match &answer.outcome {
            Outcome::Samples(samples) => {
                filed.extend(definition.iter().flat_map(|(scorecard, _)| {
                    samples.iter().filter_map(|sample| self::filed(scorecard, sample, period, now))
                }))
            }
            Outcome::Null => {
                (outcome, message) = ("null", Some(format!("the source gave null for {period}")));
            }
            Outcome::NoRows if definition.is_some_and(|(_, kpi)| kpi.empty_is_zero) => {}
            Outcome::NoRows => {
                (outcome, message) =
                    ("no_rows", Some(format!("the source gave no rows for {period}")));
            }
            Outcome::Error(sentence) => (outcome, message) = ("error", Some(sentence.clone())),
        }
        if let Some((scorecard, kpi)) = definition {
            filed.extend(empty(scorecard, kpi, answer, now));
        }
    }
    let Occasion { slot, missed } = occasion;
    let attempt = Attempt { slot, missed, finished_at: now, outcome, message };
    let reading = collection.source.reading;
    let filing = definition.map_or(Filing::Actuals, |(_, kpi)| filing(reading, kpi));
    Collected { kpi: collection.kpi.clone(), attempt: Some(attempt), filing, filed }
}

/// Tells that a source changed a period which it may not change any more.
pub(super) fn tell_frozen(kpi: impl Display, period: impl Display) {
    warn!(%kpi, %period, "`{kpi}` was restated for {period}, which is frozen; to accept it, use `kpid import`");
}

/// The sum of nothing, for the periods that were asked about, have begun, and of which the source
/// has nothing, where the author says so. A source that fails, or says null, has not said nothing.
fn empty(scorecard: &Scorecard, kpi: &Kpi, answer: &Answer, now: DateTime<Utc>) -> Vec<Filed> {
    let samples: &[Sample] = match &answer.outcome {
        _ if !kpi.empty_is_zero => return Vec::new(),
        Outcome::Samples(samples) => samples,
        Outcome::NoRows => &[],
        Outcome::Null | Outcome::Error(_) => return Vec::new(),
    };
    let calendar = &scorecard.calendar;
    let named =
        |period: Period| samples.iter().any(|held| held.period.is_none_or(|at| at == period));
    let back = std::iter::successors(Some(answer.window.period), |at| Some(at.previous()));
    let asked = back.take_while(|at| calendar.bounds(*at).0 >= answer.window.start);
    let nothing = asked.filter(|at| calendar.bounds(*at).0 <= now && !named(*at));
    nothing
        .filter_map(|period| {
            let zero = Sample {
                period: Some(period),
                figure: Some(Figure::Value(0.0)),
                target: None,
                observed_at: None,
            };
            filed(scorecard, &zero, period, now)
        })
        .collect()
}

/// A sample as the figure of its period; null is no figure.
fn filed(
    scorecard: &Scorecard,
    sample: &Sample,
    asked: Period,
    now: DateTime<Utc>,
) -> Option<Filed> {
    let calendar = &scorecard.calendar;
    let period = sample.period.unwrap_or(asked);
    Some(Filed {
        period,
        figure: sample.figure?,
        target: sample.target,
        observed_at: sample.observed_at.unwrap_or_else(|| calendar.observed_in(period, now)),
        collected_at: now,
        stage: stage(scorecard, period, now),
    })
}

/// A source may restate a period until `freeze_after` later ones have closed.
pub(super) fn stage(scorecard: &Scorecard, period: Period, now: DateTime<Utc>) -> Stage {
    let calendar = &scorecard.calendar;
    if !calendar.is_closed(period, now) {
        return Stage::Running;
    }
    let Some(open) = scorecard.freeze_after else { return Stage::Closed };
    let last = calendar.last_closed(period.frequency(), now);
    let back = std::iter::successors(Some(last), |at| Some(at.previous()));
    let is_open = back.take(open as usize + 1).any(|at| at == period);
    if is_open { Stage::Closed } else { Stage::Frozen }
}

pub(super) fn filing(kind: ReadingKind, kpi: &Kpi) -> Filing {
    match reading::is_combined(kind, kpi.aggregate) {
        true => Filing::Readings { kind, aggregate: kpi.aggregate, scale: kpi.scale },
        false => Filing::Actuals,
    }
}

fn definition<'e>(engine: &'e Engine, collection: &Collection) -> Option<(&'e Scorecard, &'e Kpi)> {
    let scorecard = engine.setup.portfolio.scorecard(&collection.kpi.scorecard)?;
    Some((scorecard, scorecard.kpi(&collection.kpi.kpi)?))
}
