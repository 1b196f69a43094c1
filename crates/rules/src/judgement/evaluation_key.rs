//! What an evaluation speaks for: the period that labels it, whether all of it is in, and what
//! makes it another occasion than the last. Told from every KPI below a node, also by links.

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::{
    calendar::Calendar,
    period::{Frequency, Period},
};

/// A period by its last day; of two that end together the longer comes later.
pub(crate) type EndedPeriod = (NaiveDate, Frequency, Period);

/// The periods that the KPIs below a node speak for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvaluationKey {
    /// The newest period reported by a KPI that is judged on closed periods.
    pub(crate) closed: Option<EndedPeriod>,
    /// The newest period of a KPI whose newest reading counts.
    pub(crate) newest: Option<EndedPeriod>,
    /// The first period named at all, with or without a value.
    pub(crate) named: Option<EndedPeriod>,
    /// The last day of the earliest period that is closed, not due yet and not in.
    pub(crate) awaited: Option<NaiveDate>,
    /// When the newest reading of a level was true in the world.
    pub(crate) level_read: Option<DateTime<Utc>>,
}

impl EvaluationKey {
    /// What two nodes speak for together; the first one named stays the first.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            closed: self.closed.max(other.closed),
            newest: self.newest.max(other.newest),
            named: self.named.or(other.named),
            awaited: [self.awaited, other.awaited].into_iter().flatten().min(),
            level_read: self.level_read.max(other.level_read),
        }
    }

    /// The same for a node that does not count where it is looked at from.
    pub(crate) fn uncounted(self) -> Self {
        Self { named: self.named, ..Self::default() }
    }

    /// The same by the calendar of another unit: a period is the one that its last day falls into.
    pub(crate) fn seen_from(self, calendar: &Calendar) -> Self {
        let there = |(last_day, frequency, _): EndedPeriod| {
            (last_day, frequency, calendar.period_of(frequency, last_day))
        };
        Self {
            closed: self.closed.map(there),
            newest: self.newest.map(there),
            named: self.named.map(there),
            ..self
        }
    }

    /// The newest period reported: of the KPIs judged on closed periods, or where there are none,
    /// of the newest readings.
    pub(crate) fn label(self) -> Option<Period> {
        self.closed.or(self.newest).or(self.named).map(|(.., period)| period)
    }

    /// Whether no KPI still awaits a period that another already reports.
    pub(crate) fn is_official(self) -> bool {
        match (self.closed, self.awaited) {
            (Some((newest, ..)), Some(awaited)) => newest < awaited,
            _ => true,
        }
    }

    /// Whether a period that ended by a local day is closed, not due yet and not in.
    pub(crate) fn awaits(self, day: NaiveDate) -> bool {
        self.awaited.is_some_and(|awaited| awaited <= day)
    }

    /// When the newest reading of a level was true: what makes an evaluation of it another one.
    pub(crate) fn level_read(self) -> Option<DateTime<Utc>> {
        self.level_read
    }
}
