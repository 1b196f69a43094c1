//! The value of a KPI in one period: the revision that counts, if it may be used.

use crate::{
    model::{
        kpi_definition::Span,
        period::{Frequency, Period},
        status::Gap,
    },
    series::{
        history::{Actual, Figure},
        kpi_context::KpiContext,
    },
};

impl<'a> KpiContext<'a> {
    /// The revision of a period that counts.
    pub fn actual(&self, period: Period) -> Option<&'a Actual> {
        let revisions = self.held.actuals.get(&period)?;
        let is_known = |actual: &&Actual| self.known_at.is_none_or(|at| actual.collected_at <= at);
        revisions.iter().rev().find(is_known)
    }

    /// The single-period value of a period, if one is held that may be used.
    pub fn value(&self, period: Period) -> Option<f64> {
        let actual = self.believed(period).ok()?;
        if self.is_thin(actual.figure) { None } else { self.value_of(actual) }
    }

    /// What is held for a period, unless it is not believable and waits for a person.
    pub fn believed(&self, period: Period) -> Result<&'a Actual, Gap> {
        let actual = self.actual(period).ok_or(Gap::Overdue)?;
        if self.is_believable(actual) { Ok(actual) } else { Err(Gap::Quarantined) }
    }

    /// Whether a figure lies within what its author holds possible for one period.
    pub(crate) fn is_believable(&self, actual: &Actual) -> bool {
        let within = |((low, high), value)| (low..=high).contains(&value);
        self.kpi.sanity.zip(self.value_of(actual)).is_none_or(within)
    }

    /// Whether a ratio is of too few to say anything.
    pub(crate) fn is_thin(&self, figure: Figure) -> bool {
        matches!(figure, Figure::Ratio { denominator, .. } if denominator < self.kpi.min_n)
    }

    /// An actual as one number.
    pub fn value_of(&self, actual: &Actual) -> Option<f64> {
        actual.figure.value(self.kpi.scale)
    }

    /// The periods a value of this period is the sum of: itself alone, unless cumulative. Those
    /// before it that its author excluded are no part of the sum.
    pub fn span(&self, period: Period) -> impl Iterator<Item = Period> + use<'a> {
        let case = *self;
        let start = match self.kpi.cumulative {
            None => period,
            Some(Span::FiscalYear) => self.calendar.first_within(Frequency::Year, period),
            Some(Span::Quarter) => self.calendar.first_within(Frequency::Quarter, period),
        };
        std::iter::successors(Some(start), |at| Some(at.next()))
            .take_while(move |at| *at <= period)
            .filter(move |at| *at == period || case.is_applicable(*at))
    }
}
