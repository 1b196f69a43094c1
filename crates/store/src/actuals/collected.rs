//! What was collected of a KPI: the attempt, its figures, and how these become actuals.

use chrono::{DateTime, Utc};

use crate::actuals::outcome::AttemptOutcome;
use kpid_rules::{
    evaluation::SeriesChange,
    model::{Aggregate, KpiRef, Period},
    series::{Figure, ReadingKind},
};

/// What was collected of one KPI in one go.
#[derive(Clone, Debug)]
pub struct Collected {
    /// Which KPI.
    pub kpi: KpiRef,
    /// The attempt, if a schedule or a person made one; an import makes none.
    pub attempt: Option<Attempt>,
    /// How figures become actuals.
    pub filing: Filing,
    /// The figures, each of a period.
    pub filed: Vec<Filed>,
}

impl Collected {
    /// What it changes of the series of its KPI.
    pub fn change(&self) -> SeriesChange {
        let first = self.filed.iter().map(|filed| filed.period).min();
        first.map_or(SeriesChange::Attempt, SeriesChange::Figure)
    }
}

impl Attempt {
    /// Whether the source failed.
    pub fn has_failed(&self) -> bool {
        self.outcome == AttemptOutcome::Error
    }
}

/// One attempt to collect a KPI.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The instant of the schedule it serves; a person's pull serves none.
    pub slot: Option<DateTime<Utc>>,
    /// Earlier instants that nobody served.
    pub missed: u64,
    /// When it was over.
    pub finished_at: DateTime<Utc>,
    /// What it ended in.
    pub outcome: AttemptOutcome,
    /// Why it gave no figure, for people.
    pub message: Option<String>,
}

/// How the figures collected become actuals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Filing {
    /// Each is the actual of its period.
    Actuals,
    /// Each is a reading, and the newest of a period is its actual.
    Newest,
    /// Each is a reading; the readings of a period make its actual.
    Readings {
        /// What one reading is.
        kind: ReadingKind,
        /// How several make one.
        aggregate: Aggregate,
        /// Multiplies numerator / denominator.
        scale: f64,
    },
}

/// One figure of one period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filed {
    /// The period.
    pub period: Period,
    /// What was measured.
    pub figure: Figure,
    /// The target that came with it.
    pub target: Option<f64>,
    /// When it was true in the world.
    pub observed_at: DateTime<Utc>,
    /// When kpid got it.
    pub collected_at: DateTime<Utc>,
    /// How far the period had come then.
    pub stage: Stage,
    /// Whether it takes the place of what is held.
    pub precedence: Precedence,
}

/// Which of two figures of a period stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The one collected last: a row of a series, or a figure that says no instant of its own.
    CollectedLast,
    /// The one observed last, up to the last instant of the period; equally late, the one collected last.
    ObservedLast(DateTime<Utc>),
}

impl Filed {
    /// Whether a figure of the same period that is held was observed later, and therefore stands.
    pub fn gives_way_to(&self, held_observed_at: DateTime<Utc>) -> bool {
        match self.precedence {
            Precedence::CollectedLast => false,
            Precedence::ObservedLast(last) => {
                self.observed_at.min(last) < held_observed_at.min(last)
            }
        }
    }
}

/// How far a period has come when a figure of it is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Still running: its figure is expected to move.
    Running,
    /// Over: a figure that moves is a restatement.
    Closed,
    /// Over for so long that only a person may restate it.
    Frozen,
}

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilingOutcome {
    /// There was none before.
    New,
    /// It took the place of another.
    Revised,
    /// It was there, or is of an earlier instant than what was.
    Unchanged,
    /// It would restate a frozen period, and was not taken.
    Frozen,
}
