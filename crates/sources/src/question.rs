//! What a source is asked: about which span of time, and when.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use kpid_rules::model::{Calendar, Frequency, Period};

/// The span of time a question is about, as offered to queries: `:period_start`, `:period_end`,
/// `:period_first_day`, `:period_last_day`, `:period_key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The period asked for; of a series, the newest.
    pub period: Period,
    /// First instant asked for; of a series, the start of the oldest period looked back to.
    pub start: DateTime<Utc>,
    /// First instant after the span.
    pub end: DateTime<Utc>,
    /// First local day asked for.
    pub first_day: NaiveDate,
    /// Last local day asked for.
    pub last_day: NaiveDate,
}

/// Everything a fetch needs beside its source.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What span is asked for.
    pub window: &'a Window,
    /// The KPI's frequency: what periods its series may name.
    pub frequency: Frequency,
    /// Turns the days and instants of a series into periods, and naive times into instants.
    pub calendar: &'a Calendar,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

impl Question<'_> {
    /// Whether a period is one of those that are asked about.
    pub(crate) fn asks_for(&self, period: Period) -> bool {
        let Window { first_day, last_day, .. } = self.window;
        (*first_day..=*last_day).contains(&self.calendar.first_day(period))
    }

    /// An instant as the calendar's clocks show it.
    pub(crate) fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.calendar.zone).naive_local()
    }
}

/// What comes of asking about May 2026 in Amsterdam.
#[cfg(test)]
pub(crate) fn asked_of_may<T>(ask: impl FnOnce(&Question<'_>) -> T) -> T {
    let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
    let period = Period::Month(2026, 5);
    let (start, end) = calendar.bounds(period);
    let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
    let window = Window { period, start, end, first_day, last_day };
    let (frequency, now) = (Frequency::Month, end);
    ask(&Question { window: &window, frequency, calendar: &calendar, now })
}
