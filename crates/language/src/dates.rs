//! Days, instants and periods as their reader writes them.

use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;
use kpid_rules::model::{Frequency, Period};

use crate::{
    catalogue::{Argument, Language},
    text,
};

impl Language {
    /// `31 May 2026`
    pub fn day(&self, day: NaiveDate) -> String {
        let month = self.month(day.month());
        text!(self, "date", day = day.day(), month = month, year = year(day.year()))
    }

    /// `Sunday 31 May 2026`
    pub fn weekday(&self, day: NaiveDate) -> String {
        let number = day.weekday().number_from_monday();
        let weekday = self.text_with("weekday", [("number", Argument::from(number))]);
        text!(self, "date-weekday", weekday = weekday, day = self.day(day))
    }

    /// `31 May`
    pub fn day_of_year(&self, day: NaiveDate) -> String {
        text!(self, "date-of-year", day = day.day(), month = self.month(day.month()))
    }

    /// `31 May 2026, 14:05`
    pub fn instant(&self, at: DateTime<Tz>) -> String {
        let time = at.format("%H:%M").to_string();
        text!(self, "instant", date = self.day(at.date_naive()), time = time)
    }

    /// `May 2026`, `Q1 FY2027`, `31 May 2026`
    pub fn period(&self, period: Period) -> String {
        match period {
            Period::Day(day) => self.day(day),
            Period::Week(of, week) => text!(self, "period-week", week = week, year = year(of)),
            Period::Month(of, month) => {
                text!(self, "period-month", month = self.month(month), year = year(of))
            }
            Period::Quarter(of, number) => {
                text!(self, "period-quarter", number = number, year = year(of))
            }
            Period::Half(of, number) => {
                text!(self, "period-half", number = number, year = year(of))
            }
            Period::Year(of) => text!(self, "period-year", year = year(of)),
        }
    }

    /// The same beside a period that may be of the same year: `April` beside `May 2026`
    pub fn period_beside(&self, period: Period, other: Period) -> String {
        match period {
            _ if year_of(period) != year_of(other) => self.period(period),
            Period::Day(day) => self.day_of_year(day),
            Period::Week(_, week) => text!(self, "period-week-of-year", week = week),
            Period::Month(_, month) => self.month(month),
            Period::Quarter(_, number) => text!(self, "period-quarter-of-year", number = number),
            Period::Half(_, number) => text!(self, "period-half-of-year", number = number),
            Period::Year(_) => self.period(period),
        }
    }

    /// The same where there is little room: `May 26`
    pub fn period_short(&self, period: Period) -> String {
        match period {
            Period::Day(day) => {
                let month = self.month_short(day.month());
                text!(self, "date-short", day = day.day(), month = month)
            }
            Period::Month(of, month) => {
                let of = format!("{:02}", of.rem_euclid(100));
                text!(self, "period-month-short", month = self.month_short(month), year = of)
            }
            Period::Week(of, week) => {
                let of = format!("{:02}", of.rem_euclid(100));
                text!(self, "period-week-short", week = week, year = of)
            }
            other => self.period(other),
        }
    }

    /// What one period of a length is called.
    pub fn frequency(&self, frequency: Frequency) -> String {
        let key = match frequency {
            Frequency::Day => "frequency-day",
            Frequency::Week => "frequency-week",
            Frequency::Month => "frequency-month",
            Frequency::Quarter => "frequency-quarter",
            Frequency::Half => "frequency-half",
            Frequency::Year => "frequency-year",
        };
        self.text(key).into_owned()
    }

    fn month(&self, month: u32) -> String {
        self.text_with("month", [("number", Argument::from(month))])
    }

    fn month_short(&self, month: u32) -> String {
        self.text_with("month-short", [("number", Argument::from(month))])
    }
}

/// The year by which a period goes.
fn year_of(period: Period) -> i32 {
    match period {
        Period::Day(day) => day.year(),
        Period::Week(year, _)
        | Period::Month(year, _)
        | Period::Quarter(year, _)
        | Period::Half(year, _)
        | Period::Year(year) => year,
    }
}

/// A year is no number that is grouped.
fn year(year: i32) -> String {
    year.to_string()
}
