//! Collecting one KPI: ask its source, file what came. The timer, `pull` and backfills all come
//! through here.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use tracing::warn;

use crate::instance::Instance;
use kpid_clock::Clock;
use kpid_config::setup::Collection;
use kpid_rules::{
    model::{Kpi, Nature, Period, Scorecard},
    series::{Figure, ReadingKind, Sample, reading},
};
use kpid_sources::{Exchange, Outcome, Question, Window, shared_answers::Shared};
use kpid_store::{Attempt, AttemptOutcome, Collected, Filed, Filing, Precedence, Stage};

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
pub struct WindowAnswer {
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
    instance: &Instance,
    shared: &Shared,
    collection: &Collection,
    windows: Vec<Window>,
    traced: bool,
    clock: Clock,
) -> Vec<WindowAnswer> {
    let Some((scorecard, kpi)) = definition(instance, collection) else { return Vec::new() };
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
            let asked = instance.connections.trace(shared, &collection.source, &question);
            let (outcome, exchange) = asked.await;
            (outcome, Some(exchange))
        } else {
            (instance.connections.fetch(shared, &collection.source, &question).await, None)
        };
        failed |= matches!(outcome, Outcome::Error(_));
        answers.push(WindowAnswer { window, outcome, exchange });
    }
    answers
}

/// Makes what came into something to keep: figures of periods, and how the attempt went.
pub fn file(
    instance: &Instance,
    collection: &Collection,
    answers: &[WindowAnswer],
    occasion: Occasion,
    clock: Clock,
) -> Collected {
    let now = clock.now();
    let mut filed = Vec::new();
    let (mut outcome, mut message) = (AttemptOutcome::Samples, None);
    let definition = definition(instance, collection);
    for answer in answers {
        let period = answer.window.period;
        match &answer.outcome {
            Outcome::Samples(samples) => {
                filed.extend(definition.iter().flat_map(|(scorecard, kpi)| {
                    let of = FigureFiler { scorecard, kpi, reading: collection.source.reading };
                    samples.iter().filter_map(move |sample| of.filed(sample, period, now))
                }))
            }
            Outcome::Null => {
                outcome = AttemptOutcome::Null;
                message = Some(format!("the source gave null for {period}"));
            }
            Outcome::NoRows if definition.is_some_and(|(_, kpi)| kpi.empty_is_zero) => {}
            Outcome::NoRows => {
                outcome = AttemptOutcome::NoRows;
                message = Some(format!("the source gave no rows for {period}"));
            }
            Outcome::Error(sentence) => {
                (outcome, message) = (AttemptOutcome::Error, Some(sentence.clone()));
            }
        }
        if let Some((scorecard, kpi)) = definition {
            let of = FigureFiler { scorecard, kpi, reading: collection.source.reading };
            filed.extend(of.empty(answer, now));
        }
    }
    let Occasion { slot, missed } = occasion;
    let attempt = Attempt { slot, missed, finished_at: now, outcome, message };
    let reading = collection.source.reading;
    let filing = definition.map_or(Filing::Actuals, |(_, kpi)| filing(reading, kpi));
    Collected { kpi: collection.kpi.clone(), attempt: Some(attempt), filing, filed }
}

/// Tells that a source changed a period which it may not change any more.
pub(crate) fn tell_frozen(kpi: impl Display, period: impl Display) {
    warn!(%kpi, %period, "`{kpi}` was restated for {period}, which is frozen; to accept it, use `kpid import`");
}

/// Whose figures are filed.
#[derive(Clone, Copy)]
struct FigureFiler<'a> {
    scorecard: &'a Scorecard,
    kpi: &'a Kpi,
    reading: ReadingKind,
}

impl FigureFiler<'_> {
    /// The sum of nothing, for the periods that were asked about, have begun, and of which the source
    /// has nothing, where the author says so. A source that fails, or says null, has not said nothing.
    fn empty(&self, answer: &WindowAnswer, now: DateTime<Utc>) -> Vec<Filed> {
        let samples: &[Sample] = match &answer.outcome {
            _ if !self.kpi.empty_is_zero => return Vec::new(),
            Outcome::Samples(samples) => samples,
            Outcome::NoRows => &[],
            Outcome::Null | Outcome::Error(_) => return Vec::new(),
        };
        let calendar = &self.scorecard.calendar;
        let asked = answer.window.period;
        let is_of = |sample: &Sample, at: Period| {
            let is_of_all = sample.period.is_none() && sample.observed_at.is_none();
            is_of_all || self.period(sample, asked) == at
        };
        let named = |at: Period| samples.iter().any(|sample| is_of(sample, at));
        let back = std::iter::successors(Some(asked), |at| Some(at.previous()));
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
                self.filed(&zero, period, now)
            })
            .collect()
    }

    /// A sample as the figure of its period; null is no figure.
    fn filed(&self, sample: &Sample, asked: Period, now: DateTime<Utc>) -> Option<Filed> {
        let period = self.period(sample, asked);
        let calendar = &self.scorecard.calendar;
        Some(Filed {
            period,
            figure: sample.figure?,
            target: sample.target,
            observed_at: sample.observed_at.unwrap_or_else(|| calendar.observed_in(period, now)),
            collected_at: now,
            stage: stage(self.scorecard, period, now),
            precedence: match self.reading {
                ReadingKind::Series => Precedence::CollectedLast,
                _ => precedence(self.scorecard, period, sample.observed_at),
            },
        })
    }

    /// The period that a sample is of: the one it names, else the one in which it was observed, else
    /// the one that was asked about.
    fn period(&self, sample: &Sample, asked: Period) -> Period {
        let observed = || {
            let at = sample.observed_at?;
            Some(self.scorecard.calendar.period_at(self.kpi.frequency, at))
        };
        sample.period.or_else(observed).unwrap_or(asked)
    }
}

/// What says when it was true stands unless something later is held.
pub(crate) fn precedence(
    scorecard: &Scorecard,
    period: Period,
    observed_at: Option<DateTime<Utc>>,
) -> Precedence {
    match observed_at {
        Some(_) => Precedence::ObservedLast(scorecard.calendar.last_instant(period)),
        None => Precedence::CollectedLast,
    }
}

/// A source may restate a period until `freeze_after` later ones have closed.
pub(crate) fn stage(scorecard: &Scorecard, period: Period, now: DateTime<Utc>) -> Stage {
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

/// How what a source gives becomes actuals. Of a level every reading is kept, so that a day can be seen.
pub(crate) fn filing(kind: ReadingKind, kpi: &Kpi) -> Filing {
    match reading::is_combined(kind, kpi.aggregate) {
        true => Filing::Readings { kind, aggregate: kpi.aggregate, scale: kpi.scale },
        false if kind == ReadingKind::Value && kpi.nature == Nature::Level => Filing::Newest,
        false => Filing::Actuals,
    }
}

fn definition<'e>(
    instance: &'e Instance,
    collection: &Collection,
) -> Option<(&'e Scorecard, &'e Kpi)> {
    let scorecard = instance.setup.portfolio.scorecard(&collection.kpi.scorecard)?;
    Some((scorecard, scorecard.kpi(&collection.kpi.kpi)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::set_up;

    const DAEMON: &str = "
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections: { books: { sqlite: { path: books.db } } }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { you: { name: You, email: you@example.com } }
";

    const SCORECARD: &str = "
scorecard: care
owner: you
perspectives:
  customer:
    objectives:
      answer:
        kpis:
          waiting: { nature: level, direction: lower, target: 10, tolerance: 5, owner: you }
          sold:
            nature: flow
            target: 10
            empty: zero
            owner: you
            schedule: { every: 1d }
            source: { sql: { from: books, query: 'select n from sold where month = :period_key' } }
";

    fn period(text: &str) -> Period {
        Period::parse(text).unwrap()
    }

    fn sample(named: Option<&str>, observed_at: Option<&str>) -> Sample {
        let observed_at = observed_at.map(|text| text.parse().unwrap());
        let figure = Some(Figure::Value(1.0));
        Sample { period: named.map(period), figure, target: None, observed_at }
    }

    fn with_kpi(id: &str, check: impl FnOnce(FigureFiler<'_>)) {
        let folder = tempfile::tempdir().unwrap();
        let setup = set_up(folder.path(), DAEMON, SCORECARD);
        let scorecard = &setup.portfolio.scorecards()[0];
        let kpi = scorecard.kpis().find(|kpi| kpi.id.as_str() == id).unwrap();
        check(FigureFiler { scorecard, kpi, reading: ReadingKind::Value });
    }

    #[test]
    fn a_pulled_reading_is_of_the_period_in_which_it_was_observed() {
        let (asked, now) = (period("2026-06"), "2026-06-01T04:00:00Z".parse().unwrap());
        with_kpi("waiting", |of| {
            for (named, observed_at, filed) in [
                (None, None, "2026-06"),
                (None, Some("2026-05-31T21:59:59Z"), "2026-05"),
                (None, Some("2026-05-31T22:00:00Z"), "2026-06"),
                (Some("2026-04"), Some("2026-05-31T21:00:00Z"), "2026-04"),
            ] {
                let found = of.filed(&sample(named, observed_at), asked, now).unwrap();
                assert_eq!(found.period, period(filed), "{named:?} {observed_at:?}");
                let dated = matches!(found.precedence, Precedence::ObservedLast(_));
                assert_eq!(dated, observed_at.is_some());
            }
            let row = FigureFiler { reading: ReadingKind::Series, ..of };
            let found =
                row.filed(&sample(Some("2026-05"), Some("2026-05-31T21:00:00Z")), asked, now);
            assert_eq!(
                found.unwrap().precedence,
                Precedence::CollectedLast,
                "a row of a series restates"
            );
        });
    }

    #[test]
    fn of_a_level_every_reading_is_kept() {
        with_kpi("waiting", |of| {
            assert_eq!(filing(ReadingKind::Value, of.kpi), Filing::Newest);
            assert_eq!(filing(ReadingKind::Series, of.kpi), Filing::Actuals, "rows of periods");
        });
        with_kpi("sold", |of| assert_eq!(filing(ReadingKind::Value, of.kpi), Filing::Actuals));
    }

    #[test]
    fn a_period_that_a_reading_was_observed_in_is_not_empty() {
        let now = "2026-06-01T04:00:00Z".parse().unwrap();
        let day = |text: &str| text.parse().unwrap();
        let answer = |samples| WindowAnswer {
            window: Window {
                period: period("2026-05"),
                start: "2026-03-31T22:00:00Z".parse().unwrap(),
                end: now,
                first_day: day("2026-04-01"),
                last_day: day("2026-05-31"),
            },
            outcome: Outcome::Samples(samples),
            exchange: None,
        };
        with_kpi("sold", |of| {
            let empty = |samples| -> Vec<String> {
                let filed = of.empty(&answer(samples), now);
                filed.iter().map(|filed| filed.period.to_string()).collect()
            };
            assert_eq!(empty(vec![sample(None, None)]), [""; 0], "it is of all that was asked");
            assert_eq!(empty(vec![sample(None, Some("2026-05-02T12:00:00Z"))]), ["2026-04"]);
            assert_eq!(empty(vec![sample(Some("2026-04"), None)]), ["2026-05"]);
        });
    }
}
