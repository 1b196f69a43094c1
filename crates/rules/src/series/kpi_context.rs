//! A KPI with what its judgement looks at: its own series, and what it may be compared with.

use chrono::{DateTime, Utc};

use crate::{
    model::{calendar::Calendar, id::Id, kpi_definition::Kpi, portfolio::Portfolio},
    series::{derived::Series, history::KpiHistory},
};

/// A KPI with everything its judgement may look at.
#[derive(Clone, Copy)]
pub struct KpiContext<'a> {
    /// The scorecard it is on.
    pub scorecard: &'a Id,
    /// The definition.
    pub kpi: &'a Kpi,
    /// The calendar of its scorecard.
    pub calendar: &'a Calendar,
    /// Its own actuals; of a shared or derived KPI, as computed.
    pub held: &'a KpiHistory,
    /// The definitions of other KPIs, for targets relative to them.
    pub portfolio: &'a Portfolio,
    /// Their actuals.
    pub series: Series<'a>,
    /// Revisions that came later are not looked at; none is left out without it.
    pub known_at: Option<DateTime<Utc>>,
}
