//! The calendar of a unit: zone, fiscal year, working days. It turns period keys into days and
//! instants, and instants into keys.

use std::collections::BTreeSet;

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;

/// How a fiscal year is named when it spans two calendar years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FiscalLabel {
    /// By the calendar year it ends in: April 2026 to March 2027 is FY2027.
    #[default]
    End,
    /// By the calendar year it starts in: April 2026 to March 2027 is FY2026.
    Start,
}

/// Days on which a unit is closed, first and last included.
#[derive(Clone, Debug, PartialEq)]
pub struct Closure {
    /// What people call it.
    pub name: String,
    /// First closed day.
    pub first_day: NaiveDate,
    /// Last closed day.
    pub last_day: NaiveDate,
}

/// Zone, fiscal year and working days of a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// Every day and period starts at local midnight here.
    pub zone: Tz,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_start: u32,
    /// How the fiscal year is named.
    pub fiscal_label: FiscalLabel,
    /// Weekdays on which nobody works.
    pub weekend: Vec<Weekday>,
    /// Single days on which nobody works.
    pub holidays: BTreeSet<NaiveDate>,
    /// Spans in which nobody works.
    pub closures: Vec<Closure>,
}

/// How long after a period's end its actual is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    /// Calendar days.
    Days(u32),
    /// Working days: weekends, holidays and closures do not count.
    WorkingDays(u32),
}
