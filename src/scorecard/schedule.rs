//! When a KPI is collected: cron or an interval, in a zone. The only place that says which instants
//! a schedule has; the wake-up clock merely wakes.

use chrono::TimeDelta;

/// When a KPI is collected.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Five fields, read in the calendar's zone.
    Cron(Cron),
    /// Every so long, counted from midnight UTC of 1970-01-01, so that a restart does not shift it.
    Every(TimeDelta),
}

/// A cron expression that has at least one instant.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
