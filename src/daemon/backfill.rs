//! Filling in the past: closed periods asked of the source, kept as they come, told to nobody.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{
    clock::Clock,
    config::setup::Collection,
    daemon::{
        Engine,
        collect::{self, Occasion},
        window,
    },
    scorecard::{Calendar, Kpi, Period, ReadingKind},
    sources::{Outcome, Source, Window, shared::Shared},
    store::Collected,
};

/// More periods of one KPI than this are a slip of the pen: 27 years of days.
pub const PERIODS_MAX: usize = 10_000;

/// A series is asked for so many periods at once, which keeps answers within the row limits.
const SERIES_PERIODS: usize = 36;

/// Windows asked between two commits: what an interruption costs.
const BATCH_WINDOWS: usize = 12;

/// A source that fails so often in a row is down; going on would wait for it once a window.
const FAILURES_MAX: usize = 3;

/// What a backfill is to do for one KPI.
#[derive(Debug)]
pub struct Task<'c> {
    /// What is asked of which source.
    pub collection: &'c Collection,
    /// The windows to ask about, oldest first.
    pub windows: Vec<Window>,
    /// Periods left out because they have an actual.
    pub held: usize,
}

/// What has come of it so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Windows asked.
    pub asked: usize,
    /// Periods that came with a figure.
    pub periods: usize,
    /// Windows for which the source has nothing.
    pub empty: usize,
    /// Windows that failed.
    pub failed: usize,
    /// Why the last of them did.
    pub problem: Option<String>,
    /// Periods that are frozen, and whose restatement was refused.
    pub frozen: usize,
}

/// The days a backfill is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First day of the first period.
    pub first_day: NaiveDate,
    /// Last day of the last period.
    pub last_day: NaiveDate,
}

/// What to ask for, or why the KPI's past cannot be asked for. Periods that have an actual are
/// left out unless asked `again`.
pub fn task<'c>(
    engine: &Engine,
    collection: &'c Collection,
    span: Span,
    held: &BTreeSet<Period>,
    again: bool,
    clock: Clock,
) -> Result<Task<'c>, String> {
    let named = &collection.kpi;
    let scorecard = engine.setup.portfolio.scorecard(&named.scorecard);
    let defined = scorecard.and_then(|held| Some((&held.calendar, held.kpi(&named.kpi)?)));
    let (calendar, kpi) = defined.ok_or_else(|| format!("there is no KPI `{named}`"))?;
    let source = &collection.source;
    can_be_asked(source)?;
    let periods = closed(kpi, calendar, span, clock)?;
    let wanted = |period: &Period| again || !held.contains(period);
    let windows = match source.reading {
        ReadingKind::Series => periods
            .chunks(SERIES_PERIODS)
            .filter(|chunk| chunk.iter().any(wanted))
            .filter_map(|chunk| Some(window::spanning(calendar, *chunk.first()?, *chunk.last()?)))
            .collect(),
        _ => periods.iter().filter(|at| wanted(at)).map(|at| window::of(calendar, *at)).collect(),
    };
    let held = periods.iter().filter(|period| !wanted(period)).count();
    Ok(Task { collection, windows, held })
}

/// Asks, keeping what comes every few windows, and says how far it has come.
pub async fn fill(
    engine: &Engine,
    task: &Task<'_>,
    clock: Clock,
    mut progress: impl FnMut(&Filled),
) -> anyhow::Result<Filled> {
    let mut filled = Filled::default();
    let (nothing, mut in_a_row) = (Shared::nothing(), 0);
    for batch in task.windows.chunks(BATCH_WINDOWS) {
        let mut answers = Vec::new();
        for window in batch {
            let windows = vec![window.clone()];
            let asked =
                collect::ask(engine, &nothing, task.collection, windows, false, clock).await;
            filled.asked += 1;
            for answer in &asked {
                in_a_row = filled.count(&answer.outcome, in_a_row);
            }
            answers.extend(asked);
            progress(&filled);
            if in_a_row >= FAILURES_MAX {
                break;
            }
        }
        let by_hand = Occasion { slot: None, missed: 0 };
        let collected = collect::file(engine, task.collection, &answers, by_hand, clock);
        let periods: BTreeSet<Period> = collected.filed.iter().map(|filed| filed.period).collect();
        // How the past was asked for says nothing of how collecting goes now.
        let collected = Collected { attempt: None, ..collected };
        let frozen = engine.store.record(&[collected]).await?.len();
        filled.frozen += frozen;
        filled.periods += periods.len().saturating_sub(frozen);
        if in_a_row >= FAILURES_MAX {
            break;
        }
    }
    Ok(filled)
}

impl Filled {
    /// Counts an outcome; how many have failed in a row now.
    fn count(&mut self, outcome: &Outcome, in_a_row: usize) -> usize {
        match outcome {
            Outcome::Samples(_) => 0,
            Outcome::Null | Outcome::NoRows => {
                self.empty += 1;
                0
            }
            Outcome::Error(problem) => {
                self.failed += 1;
                self.problem = Some(problem.clone());
                in_a_row + 1
            }
        }
    }
}

/// Whether a source can answer for a period long past.
fn can_be_asked(source: &Source) -> Result<(), String> {
    match source.reading {
        ReadingKind::Series => Ok(()),
        ReadingKind::Delta | ReadingKind::Counter => {
            Err("its source gives parts as they happen, not the past; import it with `kpid import`"
                .to_owned())
        }
        ReadingKind::Value | ReadingKind::ToDate if !source.request.names_period() => Err(
            "its source is not told which period it is asked about; name `period_key` or another \
             parameter in it, or import the past with `kpid import`"
                .to_owned(),
        ),
        ReadingKind::Value | ReadingKind::ToDate => Ok(()),
    }
}

/// The closed periods of the KPI that lie wholly within the span, oldest first.
fn closed(kpi: &Kpi, calendar: &Calendar, span: Span, clock: Clock) -> Result<Vec<Period>, String> {
    let first = calendar.period_of(kpi.frequency, span.first_day);
    let first = if calendar.first_day(first) < span.first_day { first.next() } else { first };
    let last = calendar.last_closed(kpi.frequency, clock.now());
    let after = std::iter::successors(Some(first), |at| Some(at.next()));
    let within = |at: &Period| *at <= last && calendar.last_day(*at) <= span.last_day;
    let periods: Vec<Period> = after.take_while(within).take(PERIODS_MAX + 1).collect();
    match periods.len() {
        0 => Err("no period of it lies closed and whole between --from and --to".to_owned()),
        count if count > PERIODS_MAX => {
            Err(format!("more than {PERIODS_MAX} periods of it lie between --from and --to"))
        }
        _ => Ok(periods),
    }
}
