//! Filling in the past: closed periods asked of the source, kept as they come, told to nobody.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{
    engine::{
        collect::{self, Occasion, WindowAnswer},
        query_window,
    },
    instance::Instance,
};
use kpid_clock::Clock;
use kpid_config::setup::Collection;
use kpid_rules::{
    model::{Calendar, Kpi, Period},
    series::ReadingKind,
};
use kpid_sources::{Outcome, Source, Window, shared_answers::Shared};
use kpid_store::Collected;

/// More periods of one KPI than this are a slip of the pen: 27 years of days.
pub const PERIODS_MAX: usize = 10_000;

/// A series is asked for so many periods at once, which keeps answers within the row limits.
const SERIES_PERIODS: usize = 36;

/// Stretches asked about between two commits: what an interruption costs.
const BATCH_STRETCHES: usize = 12;

/// A source that fails so often in a row is down; going on would wait for it once a stretch.
const FAILURES_MAX: usize = 3;

/// What a backfill is to do for one KPI.
#[derive(Debug)]
pub struct Task<'c> {
    /// What is asked of which source.
    pub collection: &'c Collection,
    /// What to ask about, oldest first.
    pub stretches: Vec<Stretch>,
    /// Periods left out because they have an actual.
    pub held: usize,
}

/// What is asked about at once.
#[derive(Debug)]
pub struct Stretch {
    /// The window; of a series, it may span periods that are not wanted.
    window: Window,
    /// The periods that are filled from the answer, oldest first; whatever else it has is left alone.
    wanted: Vec<Period>,
}

/// What has come of it so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillProgress {
    /// Stretches asked about.
    pub asked: usize,
    /// Periods that came with a figure.
    pub periods: usize,
    /// Periods for which the source has nothing.
    pub empty: usize,
    /// Periods asked about in vain.
    pub failed: usize,
    /// Why the last of them was.
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
    instance: &Instance,
    collection: &'c Collection,
    span: Span,
    held: &BTreeSet<Period>,
    again: bool,
    clock: Clock,
) -> Result<Task<'c>, String> {
    let named = &collection.kpi;
    let scorecard = instance.setup.portfolio.scorecard(&named.scorecard);
    let defined = scorecard.and_then(|held| Some((&held.calendar, held.kpi(&named.kpi)?)));
    let (calendar, kpi) = defined.ok_or_else(|| format!("there is no KPI `{named}`"))?;
    let source = &collection.source;
    can_be_asked(source)?;
    let periods = closed(kpi, calendar, span, clock)?;
    let at_once = match source.reading {
        ReadingKind::Series => SERIES_PERIODS,
        _ => 1,
    };
    let is_wanted = |period: &&Period| again || !held.contains(*period);
    let stretches: Vec<Stretch> = periods
        .chunks(at_once)
        .filter_map(|chunk| {
            let wanted: Vec<Period> = chunk.iter().filter(is_wanted).copied().collect();
            let window = query_window::spanning(calendar, *wanted.first()?, *wanted.last()?);
            Some(Stretch { window, wanted })
        })
        .collect();
    let wanted: usize = stretches.iter().map(|stretch| stretch.wanted.len()).sum();
    Ok(Task { collection, stretches, held: periods.len() - wanted })
}

impl Task<'_> {
    /// Periods that were not asked about when so many stretches were.
    pub fn unasked(&self, asked: usize) -> usize {
        self.stretches.iter().skip(asked).map(|stretch| stretch.wanted.len()).sum()
    }
}

/// Asks, keeping what comes every few windows, and says how far it has come.
pub async fn fill(
    instance: &Instance,
    task: &Task<'_>,
    clock: Clock,
    mut progress: impl FnMut(&BackfillProgress),
) -> anyhow::Result<BackfillProgress> {
    let mut filled = BackfillProgress::default();
    let (nothing, mut in_a_row) = (Shared::nothing(), 0);
    for batch in task.stretches.chunks(BATCH_STRETCHES) {
        let mut answers = Vec::new();
        // Of which an answer came, if only that there is nothing.
        let mut answered: BTreeSet<Period> = BTreeSet::new();
        for Stretch { window, wanted } in batch {
            let windows = vec![window.clone()];
            let asked =
                collect::ask(instance, &nothing, task.collection, windows, false, clock).await;
            filled.asked += 1;
            match failure(&asked) {
                Some(problem) => {
                    filled.failed += wanted.len();
                    filled.problem = Some(problem);
                    in_a_row += 1;
                }
                None => {
                    answered.extend(wanted);
                    in_a_row = 0;
                }
            }
            answers.extend(asked);
            progress(&filled);
            if in_a_row >= FAILURES_MAX {
                break;
            }
        }
        let by_hand = Occasion { slot: None, missed: 0 };
        let mut collected = collect::file(instance, task.collection, &answers, by_hand, clock);
        // A series says more than it was asked: what is held between two gaps stays as it is.
        collected.filed.retain(|filed| answered.contains(&filed.period));
        let came: BTreeSet<Period> = collected.filed.iter().map(|filed| filed.period).collect();
        // How the past was asked for says nothing of how collecting goes now.
        let collected = Collected { attempt: None, ..collected };
        let frozen = instance.store.record(&[collected]).await?.len();
        filled.frozen += frozen;
        filled.empty += answered.len() - came.len();
        filled.periods += came.len().saturating_sub(frozen);
        if in_a_row >= FAILURES_MAX {
            break;
        }
    }
    Ok(filled)
}

/// Why there is no answer, if there is none.
fn failure(answers: &[WindowAnswer]) -> Option<String> {
    answers.iter().find_map(|answer| match &answer.outcome {
        Outcome::Error(problem) => Some(problem.clone()),
        Outcome::Samples(_) | Outcome::Null | Outcome::NoRows => None,
    })
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
