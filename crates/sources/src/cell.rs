//! One cell of an answer, whatever system gave it, and what it can be read as. Figures become
//! `f64` only here, to the nearest; nothing that is not a figure becomes one.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

use crate::{
    dates::{dated::Dated, period_format::PeriodFormat},
    question::Question,
};
use kpid_rules::model::{Period, one_line};

/// What of a text is shown in a message.
const SHOWN_CHARS_MAX: usize = 60;

/// The longest names of columns in databases have as many bytes.
pub(crate) const NAME_CHARS_MAX: usize = 64;

/// One cell of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Day(NaiveDate),
    /// A time of day without a zone: local in the calendar's zone.
    Local(NaiveDateTime),
    Instant(DateTime<Utc>),
    /// A period that has been read.
    Period(Period),
    /// Anything else, in words such as `an INTERVAL`.
    Other(String),
    /// A text that is not a number as its source writes them, and what is wrong with it.
    Misspelt {
        text: String,
        problem: String,
    },
}

impl Cell {
    /// The cell as a finite figure, none of null. True is 1 and false 0, which is how events are
    /// counted; a text is a figure only if it is wholly a decimal number.
    pub(crate) fn figure(&self) -> Result<Option<f64>, String> {
        let figure = match self {
            Self::Null => return Ok(None),
            Self::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Self::Int(n) => Some(*n as f64),
            Self::Unsigned(n) => Some(*n as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => decimal(text),
            Self::Misspelt { problem, .. } => return Err(format!("is {self}, {problem}")),
            Self::Day(_) | Self::Local(_) | Self::Instant(_) | Self::Period(_) | Self::Other(_) => {
                None
            }
        };
        match figure.filter(|value| value.is_finite()) {
            Some(value) => Ok(Some(value)),
            None => Err(format!("is {self}, which is not a finite number")),
        }
    }

    /// The cell as a period of the KPI: its key, or a day or instant in it.
    pub(crate) fn period(
        &self,
        question: &Question<'_>,
        format: &PeriodFormat,
    ) -> Result<Period, String> {
        self.period_of(question, format, false)
    }

    /// The same of a row that is one of several of its period: also what lies wholly in one, as a
    /// month does in its year.
    pub(crate) fn period_within(
        &self,
        question: &Question<'_>,
        format: &PeriodFormat,
    ) -> Result<Period, String> {
        self.period_of(question, format, true)
    }

    fn period_of(
        &self,
        question: &Question<'_>,
        format: &PeriodFormat,
        is_part: bool,
    ) -> Result<Period, String> {
        let dated = self.dated(question, format)?.ok_or_else(|| {
            format!("is {self}, which is not a period; give its key or a day in it")
        })?;
        dated.period(question, is_part).ok_or_else(|| {
            let wanted = question.calendar.period_of(question.frequency, question.window.last_day);
            format!("is {self}, which is not a period of this KPI; write one like `{wanted}`")
        })
    }

    /// The cell as an instant, none of null. Times without a zone are local.
    pub(crate) fn instant(
        &self,
        question: &Question<'_>,
        format: &PeriodFormat,
    ) -> Result<Option<DateTime<Utc>>, String> {
        if *self == Self::Null {
            return Ok(None);
        }
        let misfit = || {
            format!(
                "is {self}, which is not a valid instant; write one like `2026-05-31T18:00:00Z`"
            )
        };
        let dated = self.dated(question, format).map_err(|told| match format {
            PeriodFormat::Usual => misfit(),
            _ => told,
        })?;
        dated.and_then(|dated| dated.instant(question.calendar)).map(Some).ok_or_else(misfit)
    }

    /// What the cell says of when; none of a cell that is neither a text nor a number.
    fn dated(
        &self,
        question: &Question<'_>,
        format: &PeriodFormat,
    ) -> Result<Option<Dated>, String> {
        let text = match self {
            Self::Day(day) => return Ok(Some(Dated::Day(*day))),
            Self::Local(time) => return Ok(Some(Dated::Local(*time))),
            Self::Instant(at) => return Ok(Some(Dated::Instant(*at))),
            Self::Period(period) => return Ok(Some(Dated::Key(*period))),
            Self::Text(text) => text.clone(),
            Self::Int(n) => n.to_string(),
            Self::Unsigned(n) => n.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Null | Self::Bool(_) | Self::Other(_) | Self::Misspelt { .. } => return Ok(None),
        };
        let read = format.read(&text, question);
        read.map(Some).map_err(|told| format!("is {self}, which {told}"))
    }
}

impl Cell {
    /// The cell alone, as in a listing of rows.
    pub(crate) fn bare(&self) -> String {
        match self {
            Self::Text(text) | Self::Misspelt { text, .. } => shown(text, SHOWN_CHARS_MAX),
            Self::Period(period) => period.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Local(time) => time.to_string(),
            Self::Instant(at) => at.to_rfc3339(),
            other => other.to_string(),
        }
    }
}

impl From<&Value> for Cell {
    fn from(node: &Value) -> Self {
        match node {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(n), _, _) => Self::Int(n),
                (None, Some(n), _) => Self::Unsigned(n),
                (None, None, Some(value)) => Self::Float(value),
                (None, None, None) => Self::Other(format!("the number {number}")),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(_) => Self::Other("an array".to_owned()),
            Value::Object(_) => Self::Other("an object".to_owned()),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Unsigned(n) => write!(f, "{n}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) | Self::Misspelt { text, .. } => {
                write!(f, "the text \"{}\"", shown(text, SHOWN_CHARS_MAX))
            }
            Self::Period(period) => write!(f, "the period {period}"),
            Self::Day(day) => write!(f, "the day {day}"),
            Self::Local(time) => write!(f, "the time {time}"),
            Self::Instant(at) => write!(f, "the instant {}", at.to_rfc3339()),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// The beginning of a text on one line, without control characters.
pub(crate) fn shown(text: &str, chars_max: usize) -> String {
    let words = one_line(text);
    match words.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// A text that is wholly a decimal number, spaces around it aside. Rust's own reading of `inf` and
/// `nan` is not wanted.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let text = text.trim();
    let fits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(fits).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;
    use chrono_tz::Europe::Amsterdam;

    use super::*;
    use crate::question::Window;
    use kpid_rules::model::{Calendar, Frequency};

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn only_what_is_wholly_a_number_is_a_figure() {
        for (cell, figure) in [
            (Cell::Null, Ok(None)),
            (Cell::Bool(true), Ok(Some(1.0))),
            (Cell::Bool(false), Ok(Some(0.0))),
            (Cell::Int(-3), Ok(Some(-3.0))),
            (Cell::Unsigned(u64::MAX), Ok(Some(18_446_744_073_709_551_615.0))),
            (Cell::Float(0.1), Ok(Some(0.1))),
            (text("41.25"), Ok(Some(41.25))),
            (text(" 12 "), Ok(Some(12.0))),
            (text("-1e3"), Ok(Some(-1000.0))),
            (text(""), Err(())),
            (text("12 %"), Err(())),
            (text("1,5"), Err(())),
            (text("inf"), Err(())),
            (text("NaN"), Err(())),
            (text("1e999"), Err(())),
            (Cell::Float(f64::NAN), Err(())),
            (Cell::Float(f64::INFINITY), Err(())),
            (Cell::Other("an INTERVAL".into()), Err(())),
        ] {
            assert_eq!(cell.figure().map_err(drop), figure, "{cell:?}");
        }
    }

    #[test]
    fn a_period_is_a_key_or_a_day_in_it() {
        let (calendar, period) = (Calendar::plain(Amsterdam), Period::Month(2026, 5));
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        let window = Window { period, start, end, first_day, last_day };
        let (frequency, now) = (Frequency::Month, window.end);
        let question = Question { window: &window, frequency, calendar: &calendar, now };
        let day = NaiveDate::from_ymd_opt(2026, 5, 31).unwrap();
        for (cell, period) in [
            (text("2026-05"), Ok("2026-05")),
            (text("2026-05-01 00:00:00"), Ok("2026-05")),
            (Cell::Day(day), Ok("2026-05")),
            (Cell::Local(day.and_time(NaiveTime::MIN)), Ok("2026-05")),
            (Cell::Instant(end), Ok("2026-06")),
            (Cell::Instant(start), Ok("2026-05")),
            (text("2026-05-31T21:59:59Z"), Ok("2026-05")),
            (text("2026-05-31T22:00:00Z"), Ok("2026-06")),
            (text("2026-05-31 22:00:00.5+00:00"), Ok("2026-06")),
            (text("2026-05-01"), Ok("2026-05")),
            (text("26-05-01"), Err(())),
            (text("26-05-01 00:00:00"), Err(())),
            (text("01-05-26"), Err(())),
            (text("31.05.2026"), Err(())),
            (text("May"), Err(())),
            (text("FY2026-Q1"), Err(())),
            (Cell::Int(202_605), Ok("2026-05")),
            (Cell::Int(2_605), Err(())),
            (Cell::Float(2026.1), Err(())),
            (Cell::Null, Err(())),
        ] {
            let found = cell
                .period(&question, &PeriodFormat::Usual)
                .map(|period| period.to_string())
                .map_err(drop);
            assert_eq!(found, period.map(str::to_owned), "{cell:?}");
        }
    }

    #[test]
    fn times_without_a_zone_are_local() {
        let (calendar, period) = (Calendar::plain(Amsterdam), Period::Month(2026, 5));
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        let window = Window { period, start, end, first_day, last_day };
        let (frequency, now) = (Frequency::Month, window.end);
        let question = Question { window: &window, frequency, calendar: &calendar, now };
        for (cell, instant) in [
            (text("2026-05-31T18:00:00Z"), Ok("2026-05-31T18:00:00+00:00")),
            (text("2026-05-31 18:00:00"), Ok("2026-05-31T16:00:00+00:00")),
            (text("2026-05-31"), Ok("2026-05-30T22:00:00+00:00")),
            (text("yesterday"), Err(())),
            (Cell::Int(1), Err(())),
        ] {
            let found = cell
                .instant(&question, &PeriodFormat::Usual)
                .map(|at| at.unwrap().to_rfc3339())
                .map_err(drop);
            assert_eq!(found, instant.map(str::to_owned), "{cell:?}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_on_one_line() {
        assert_eq!(shown("a\u{0}\n b", 10), "a b");
        assert_eq!(shown("äöü", 2), "äö…");
    }
}
