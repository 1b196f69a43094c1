//! What has been collected: figures, readings, actuals and their revisions, in memory. The store
//! and the simulation both hand this to the rules.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use crate::model::{id::KpiRef, period::Period};

/// One measured figure. There is no null here: a figure is there or it is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A plain value, finite.
    Value(f64),
    /// A ratio not yet divided, both finite. A denominator of 0 has no value.
    Ratio {
        /// What is counted.
        numerator: f64,
        /// Out of how many.
        denominator: f64,
    },
}

/// What one answer of a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingKind {
    /// A sample of the present value.
    Value,
    /// A part; the parts of a period add up.
    Delta,
    /// Already cumulative in the period: the last one counts.
    ToDate,
    /// A meter that only rises; after a reset it starts again.
    Counter,
    /// Rows of period and figure; each row is an actual.
    Series,
}

/// What a source gave for one period, or for the instant it was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The period the source named; `None` when it is the one that was asked for.
    pub period: Option<Period>,
    /// `None` where the source said null.
    pub figure: Option<Figure>,
    /// The target the source delivered with it, if any.
    pub target: Option<f64>,
    /// When it was true in the world; `None` is the instant of the fetch.
    pub observed_at: Option<DateTime<Utc>>,
}

/// One raw reading kept for a period, from which its actual is aggregated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When it was true in the world. The identity of a reading is (KPI, period, `observed_at`).
    pub observed_at: DateTime<Utc>,
    /// When kpid got it.
    pub collected_at: DateTime<Utc>,
    /// What was read.
    pub figure: Figure,
}

/// One revision of the actual of one KPI and period. Append-only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actual {
    /// What counts for the period.
    pub figure: Figure,
    /// The target that came with it, if any.
    pub target: Option<f64>,
    /// When it was true in the world.
    pub observed_at: DateTime<Utc>,
    /// When kpid got it; what an `as of` before this does not know.
    pub collected_at: DateTime<Utc>,
}

/// Everything held of one KPI.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KpiHistory {
    /// All revisions of each period, oldest first; never an empty list.
    pub actuals: BTreeMap<Period, Vec<Actual>>,
    /// Why the newest attempt to collect gave nothing, if it did.
    pub failure: Option<Failure>,
    /// The newest collection that its schedule asked for, whatever came of it.
    pub asked: Option<Asked>,
}

/// A collection that a schedule asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The instant of the schedule.
    pub slot: DateTime<Utc>,
    /// When it was over.
    pub over_at: DateTime<Utc>,
}

/// An attempt to collect that gave no figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// When it was tried.
    pub at: DateTime<Utc>,
    /// A sentence for people: what was asked, what came.
    pub message: String,
}

/// Everything held of all KPIs a judgement may look at. What is held of a KPI is shared by copies until
/// one of them changes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    kpis: HashMap<KpiRef, Arc<KpiHistory>>,
}

impl Figure {
    /// The figure as files and the store have it: its value, or its numerator and denominator.
    pub fn columns(self) -> (Option<f64>, Option<f64>, Option<f64>) {
        match self {
            Self::Value(value) => (Some(value), None, None),
            Self::Ratio { numerator, denominator } => (None, Some(numerator), Some(denominator)),
        }
    }

    /// The figure as one number: `scale` × numerator / denominator for a ratio. `None` for a
    /// denominator of 0 or a result that is no finite number.
    pub fn value(self, scale: f64) -> Option<f64> {
        let value = match self {
            Self::Value(value) => value,
            Self::Ratio { denominator: 0.0, .. } => return None,
            Self::Ratio { numerator, denominator } => scale * numerator / denominator,
        };
        value.is_finite().then_some(value)
    }
}

impl Actual {
    /// Whether another figure of its period was true later, and therefore stands. What is observed
    /// after the last instant of the period is of that instant.
    pub fn was_observed_before(&self, other: &Self, last: DateTime<Utc>) -> bool {
        self.observed_at.min(last) < other.observed_at.min(last)
    }
}

impl KpiHistory {
    /// The newest revision of a period.
    pub fn actual(&self, period: Period) -> Option<&Actual> {
        self.actuals.get(&period)?.last()
    }

    /// Appends a revision.
    pub fn append(&mut self, period: Period, actual: Actual) {
        // Most figures are never revised: room for one, and not for the four that a list begins with.
        let first = || Vec::with_capacity(1);
        self.actuals.entry(period).or_insert_with(first).push(actual);
    }

    /// Appends a revision if the figure or the target differs from the newest one; tells whether
    /// it did. Collecting twice adds nothing; seeing the same later only makes it newer.
    pub fn record(&mut self, period: Period, actual: Actual) -> bool {
        let newest = self.actuals.get_mut(&period).and_then(|revisions| revisions.last_mut());
        let same = newest
            .filter(|held| held.figure == actual.figure && held.target == actual.target)
            .map(|held| held.observed_at = held.observed_at.max(actual.observed_at));
        if same.is_none() {
            self.append(period, actual);
        }
        same.is_none()
    }
}

impl History {
    /// What is held of a KPI, if anything.
    pub fn kpi(&self, kpi: &KpiRef) -> Option<&KpiHistory> {
        self.kpis.get(kpi).map(Arc::as_ref)
    }

    /// What is held of a KPI, to add to.
    pub fn kpi_mut(&mut self, kpi: &KpiRef) -> &mut KpiHistory {
        Arc::make_mut(self.kpis.entry(kpi.clone()).or_default())
    }

    /// What is held of some KPIs, and of no other.
    pub fn only<'k>(&self, kpis: impl IntoIterator<Item = &'k KpiRef>) -> Self {
        let held =
            kpis.into_iter().filter_map(|kpi| Some((kpi.clone(), self.kpis.get(kpi)?.clone())));
        Self { kpis: held.collect() }
    }

    /// Whether both share everything they hold: one is a copy of the other, and neither was added to since.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        let is_shared = |(kpi, held)| {
            other.kpis.get(kpi).is_some_and(|theirs: &Arc<KpiHistory>| Arc::ptr_eq(held, theirs))
        };
        self.kpis.len() == other.kpis.len() && self.kpis.iter().all(is_shared)
    }

    /// What another history holds of a KPI takes the place of what is held, also if that is nothing.
    pub fn take_from(&mut self, kpi: &KpiRef, other: &mut Self) {
        match other.kpis.remove(kpi) {
            Some(held) => self.kpis.insert(kpi.clone(), held),
            None => self.kpis.remove(kpi),
        };
    }

    /// What is held of some periods, with everything that is known of them now.
    pub fn of_periods(&self, is_wanted: impl Fn(&KpiRef, Period) -> bool) -> Self {
        let kept = |(kpi, held): (&KpiRef, &Arc<KpiHistory>)| {
            if held.actuals.keys().all(|period| is_wanted(kpi, *period)) {
                return (kpi.clone(), Arc::clone(held));
            }
            let mut kept = KpiHistory::clone(held);
            kept.actuals.retain(|period, _| is_wanted(kpi, *period));
            (kpi.clone(), Arc::new(kept))
        };
        Self { kpis: self.kpis.iter().map(kept).collect() }
    }

    /// Moves what is held of a KPI to its new name, if nothing is held of that.
    pub fn rename(&mut self, from: &KpiRef, to: &KpiRef) {
        if !self.kpis.contains_key(to)
            && let Some(held) = self.kpis.remove(from)
        {
            self.kpis.insert(to.clone(), held);
        }
    }

    /// All KPIs of which something is held, and what.
    pub(crate) fn kpis(&self) -> impl Iterator<Item = (&KpiRef, &KpiHistory)> {
        self.kpis.iter().map(|(kpi, held)| (kpi, held.as_ref()))
    }

    /// What another history knew of a KPI at `instant` takes the place of what is held.
    pub(crate) fn know(&mut self, kpi: &KpiRef, other: &Self, instant: DateTime<Utc>) {
        if let Some(held) = other.kpis.get(kpi) {
            self.kpis.insert(kpi.clone(), Arc::new(held.as_of(instant)));
        }
    }

    /// What was known at `instant`: revisions and failures of later have not happened yet.
    pub fn as_of(&self, instant: DateTime<Utc>) -> Self {
        let then =
            |(kpi, held): (&KpiRef, &Arc<KpiHistory>)| (kpi.clone(), Arc::new(held.as_of(instant)));
        Self { kpis: self.kpis.iter().map(then).collect() }
    }
}

impl KpiHistory {
    fn as_of(&self, instant: DateTime<Utc>) -> Self {
        let known = |revisions: &Vec<Actual>| -> Vec<Actual> {
            revisions.iter().filter(|actual| actual.collected_at <= instant).copied().collect()
        };
        let actuals = self
            .actuals
            .iter()
            .map(|(&period, revisions)| (period, known(revisions)))
            .filter(|(_, revisions)| !revisions.is_empty())
            .collect();
        let failure = self.failure.clone().filter(|failure| failure.at <= instant);
        let asked = self.asked.filter(|asked| asked.over_at <= instant);
        Self { actuals, failure, asked }
    }
}
