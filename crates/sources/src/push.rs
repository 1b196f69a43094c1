//! Systems that cannot be asked, and push their figures instead.

use chrono::{DateTime, Utc};

use crate::{
    cell::Cell,
    dates::period_format::PeriodFormat,
    question::{Question, Window},
};
use kpid_rules::model::{Calendar, Frequency, Period};

/// Who may push over a connection, and how often.
#[derive(Clone, Debug)]
pub struct PushEndpoint {
    /// The tokens that open it: name and SHA-256; the tokens themselves are nowhere.
    pub tokens: Vec<(String, [u8; 32])>,
    /// Requests a minute.
    pub per_minute_max: u32,
}

/// What a text that was pushed is read for: a KPI of this frequency, in this calendar, now.
#[derive(Clone, Copy, Debug)]
pub struct PushedTo<'a> {
    /// The KPI's frequency.
    pub frequency: Frequency,
    /// The calendar of its scorecard.
    pub calendar: &'a Calendar,
    /// When it came.
    pub now: DateTime<Utc>,
}

impl PushedTo<'_> {
    /// The period that a text names, as all sources do.
    pub fn period(&self, text: &str, format: &PeriodFormat) -> Result<Period, String> {
        let read = self.asked(|question| Cell::Text(text.to_owned()).period(question, format));
        read.map_err(|misfit| format!("`period` {misfit}"))
    }

    /// The instant that a text names.
    pub fn instant(&self, text: &str, format: &PeriodFormat) -> Result<DateTime<Utc>, String> {
        let read = self.asked(|question| Cell::Text(text.to_owned()).instant(question, format));
        let missing = || "`observed_at` says nothing; leave it out".to_owned();
        read.map_err(|misfit| format!("`observed_at` {misfit}"))?.ok_or_else(missing)
    }

    /// What is read as if the running period had been asked about.
    fn asked<T>(&self, read: impl FnOnce(&Question<'_>) -> T) -> T {
        let Self { frequency, calendar, now } = *self;
        let period = calendar.period_at(frequency, now);
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        let window = Window { period, start, end, first_day, last_day };
        read(&Question { window: &window, frequency, calendar, now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_says_when_as_every_source_does() {
        let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
        let now = "2026-06-03T04:00:00Z".parse().unwrap();
        let to = PushedTo { frequency: Frequency::Month, calendar: &calendar, now };
        let german = PeriodFormat::parse("dd.mm.yyyy").unwrap();
        for (text, format, key) in [
            ("2026-05", &PeriodFormat::Usual, "2026-05"),
            ("2026-05-31", &PeriodFormat::Usual, "2026-05"),
            ("1777586400", &PeriodFormat::EpochSeconds, "2026-05"),
            ("31.05.2026", &german, "2026-05"),
        ] {
            assert_eq!(to.period(text, format).map(|period| period.to_string()), Ok(key.into()));
        }
        let told = to.period("31.05.2026", &PeriodFormat::Usual).unwrap_err();
        assert!(
            told.starts_with("`period` is the text \"31.05.2026\", which needs a form"),
            "{told}"
        );
        let at = to.instant("1777586400", &PeriodFormat::EpochSeconds).unwrap();
        assert_eq!(at.to_rfc3339(), "2026-04-30T22:00:00+00:00");
        let told = to.instant("yesterday", &PeriodFormat::Usual).unwrap_err();
        assert!(told.starts_with("`observed_at` is the text \"yesterday\""), "{told}");
    }
}
