//! What a text or number says of when, and the period of a KPI that this is.

use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, Utc};

use crate::question::Question;
use kpid_rules::model::{Calendar, Period};

/// What is said of when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dated {
    /// The key of a period.
    Key(Period),
    /// A day.
    Day(NaiveDate),
    /// A time of day without a zone: local in the calendar's zone.
    Local(NaiveDateTime),
    /// A time that is the same everywhere.
    Instant(DateTime<Utc>),
    /// All days from one to another, such as those of a month of the calendar.
    Span { first: NaiveDate, last: NaiveDate },
}

impl Dated {
    /// So many months from the first of one.
    pub(crate) fn months(first: NaiveDate, count: u32) -> Option<Self> {
        let last = first.checked_add_months(Months::new(count))?.pred_opt()?;
        Some(Self::Span { first, last })
    }

    /// A quarter of the calendar's year, which begins in January.
    pub(crate) fn quarter(year: i32, quarter: u32) -> Option<Self> {
        let month = (1..=4).contains(&quarter).then(|| 3 * (quarter - 1) + 1)?;
        Self::months(NaiveDate::from_ymd_opt(year, month, 1)?, 3)
    }

    /// A year of the calendar.
    pub(crate) fn calendar_year(year: i32) -> Option<Self> {
        Self::months(NaiveDate::from_ymd_opt(year, 1, 1)?, 12)
    }

    /// The period of the KPI that it is, or that it lies in: a day or time in one is enough, of a
    /// longer span, such as a month, only where `is_part` says that parts are wanted.
    pub(crate) fn period(self, question: &Question<'_>, is_part: bool) -> Option<Period> {
        let Question { calendar, frequency, .. } = *question;
        let within = |day| calendar.period_of(frequency, day);
        let (first, last) = match self {
            Self::Key(period) if period.frequency() == frequency => return Some(period),
            Self::Key(Period::Day(day)) | Self::Day(day) => return Some(within(day)),
            Self::Local(time) => return Some(within(time.date())),
            Self::Instant(at) => return Some(calendar.period_at(frequency, at)),
            Self::Key(period) => (calendar.first_day(period), calendar.last_day(period)),
            Self::Span { first, last } => (first, last),
        };
        let period = within(first);
        let is_whole = calendar.first_day(period) == first && calendar.last_day(period) == last;
        // A day's span is no longer than any period, and no part of it is lost.
        let is_within = within(last) == period;
        (is_whole || (is_part && is_within)).then_some(period)
    }

    /// The instant that it is: of a day its midnight; none of a longer span.
    pub(crate) fn instant(self, calendar: &Calendar) -> Option<DateTime<Utc>> {
        match self {
            Self::Instant(at) => Some(at),
            Self::Local(time) => Some(calendar.instant(time)),
            Self::Day(day) | Self::Key(Period::Day(day)) => Some(calendar.midnight(day)),
            Self::Key(_) | Self::Span { .. } => None,
        }
    }
}
