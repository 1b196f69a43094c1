//! Dates by a pattern that their author writes: as of `strftime`, or by letters as in a spreadsheet.

use std::fmt::Write;

use chrono::{
    DateTime, Days, NaiveDate, Weekday,
    format::{Fixed, Item, Numeric, Parsed, StrftimeItems, parse},
};

use crate::dates::{dated::Dated, months};

/// Years before this one are years of fewer than four digits.
const YEAR_MIN: i32 = 1000;

/// A pattern of `strftime`, and what a text of it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As its author wrote it.
    written: String,
    strftime: String,
    unit: Unit,
    /// Whether numbers stand side by side, so that a missing digit makes another number of them.
    is_tight: bool,
}

/// What a pattern tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Instant,
    Local,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Why a text is not a pattern of dates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A sign that stands for nothing.
    #[error("`{0}` is not a valid pattern of dates; write one such as \"%d.%m.%Y\" or dd.mm.yyyy")]
    Invalid(String),
    /// A year of two digits.
    #[error(
        "`{0}` has a year of two digits, which may be of any century; write %Y or yyyy, and have the system write four"
    )]
    ShortYear(String),
    /// It leaves open when.
    #[error(
        "`{0}` does not say {1}; write a pattern such as \"%d.%m.%Y\", \"%Y-%m\" or \"%G-W%V\""
    )]
    Incomplete(String, &'static str),
    /// Something that would be read and not be heeded.
    #[error("`{0}` has {1}")]
    Unheeded(String, &'static str),
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let strftime = if text.contains('%') { text.to_owned() } else { by_letters(text)? };
        // Names of months are read in their short form.
        let strftime = strftime.replace("%B", "%b").replace("%h", "%b");
        let items: Vec<Item<'_>> = StrftimeItems::new(&strftime).collect();
        let (unit, is_tight) = (unit(text, &items)?, is_tight(&items));
        Ok(Self { written: text.to_owned(), strftime, unit, is_tight })
    }

    /// The pattern as its author wrote it.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// What a text of this pattern says; none of any other text.
    pub(super) fn read(&self, text: &str) -> Option<Dated> {
        let text = if self.strftime.contains("%b") {
            months::in_english(text.trim())
        } else {
            text.trim().to_owned()
        };
        let mut parsed = Parsed::new();
        parse(&mut parsed, &text, StrftimeItems::new(&self.strftime)).ok()?;
        let year = parsed.year().or(parsed.isoyear());
        if year.is_some_and(|year| !(YEAR_MIN..=9999).contains(&year)) {
            return None;
        }
        let is_hour = parsed.hour_div_12().is_some() && parsed.minute().is_none();
        if is_hour {
            parsed.set_minute(0).ok()?;
        }
        let is_same = |written: String| written.eq_ignore_ascii_case(&text);
        if self.is_tight && !self.again(&mut parsed.clone()).is_some_and(is_same) {
            return None;
        }
        self.dated(&mut parsed)
    }

    fn dated(&self, parsed: &mut Parsed) -> Option<Dated> {
        let year = || parsed.year();
        Some(match self.unit {
            Unit::Quarter => Dated::quarter(year()?, parsed.quarter()?)?,
            Unit::Year => Dated::calendar_year(year()?)?,
            Unit::Month => Dated::months(self.first_day(parsed)?, 1)?,
            Unit::Week => {
                let first = self.first_day(parsed)?;
                Dated::Span { first, last: first.checked_add_days(Days::new(6))? }
            }
            Unit::Day => Dated::Day(self.first_day(parsed)?),
            Unit::Local => Dated::Local(parsed.to_naive_datetime_with_offset(0).ok()?),
            Unit::Instant => match parsed.timestamp() {
                Some(seconds) => {
                    let nanos = parsed.nanosecond().unwrap_or(0);
                    Dated::Instant(DateTime::from_timestamp(seconds, nanos)?)
                }
                None => Dated::Instant(parsed.to_datetime().ok()?.to_utc()),
            },
        })
    }

    fn first_day(&self, parsed: &mut Parsed) -> Option<NaiveDate> {
        match self.unit {
            Unit::Month => parsed.set_day(1).ok().map(drop)?,
            Unit::Week => parsed.set_weekday(Weekday::Mon).ok().map(drop)?,
            _ => {}
        }
        parsed.to_naive_date().ok()
    }

    /// What is read, written by the same pattern.
    fn again(&self, parsed: &mut Parsed) -> Option<String> {
        let mut written = String::new();
        let items = StrftimeItems::new(&self.strftime);
        match self.dated(parsed)? {
            Dated::Day(day) | Dated::Span { first: day, .. } => {
                write!(written, "{}", day.format_with_items(items)).ok()?;
            }
            Dated::Local(time) => write!(written, "{}", time.format_with_items(items)).ok()?,
            Dated::Instant(_) if parsed.timestamp().is_some() => {
                let at = DateTime::from_timestamp(parsed.timestamp()?, 0)?;
                write!(written, "{}", at.format_with_items(items)).ok()?;
            }
            Dated::Instant(_) => {
                let at = parsed.to_datetime().ok()?;
                write!(written, "{}", at.format_with_items(items)).ok()?;
            }
            Dated::Key(_) => return None,
        }
        Some(written)
    }
}

/// What a pattern tells apart; refused is what would be guessed.
fn unit(text: &str, items: &[Item<'_>]) -> Result<Unit, PatternError> {
    let has = |wanted: &[Numeric]| {
        items.iter().any(|item| matches!(item, Item::Numeric(found, _) if wanted.contains(found)))
    };
    let is = |wanted: &[Fixed]| {
        items.iter().any(|item| matches!(item, Item::Fixed(found) if wanted.contains(found)))
    };
    let incomplete = |what| Err(PatternError::Incomplete(text.to_owned(), what));
    let unheeded = |what| Err(PatternError::Unheeded(text.to_owned(), what));
    if items.contains(&Item::Error) {
        return Err(PatternError::Invalid(text.to_owned()));
    }
    let short = [Numeric::YearMod100, Numeric::YearDiv100];
    if has(&short) || has(&[Numeric::IsoYearMod100, Numeric::IsoYearDiv100]) {
        return Err(PatternError::ShortYear(text.to_owned()));
    }
    if is(&[Fixed::TimezoneName]) {
        return unheeded("the name of a time zone, which is not read; write %z for an offset");
    }
    if has(&[Numeric::WeekFromSun, Numeric::WeekFromMon]) {
        return unheeded("weeks that are not those of ISO 8601; write %G-W%V");
    }
    if has(&[Numeric::Timestamp]) || is(&[Fixed::RFC3339, Fixed::RFC2822]) {
        return Ok(Unit::Instant);
    }
    let is_week = has(&[Numeric::IsoWeek]);
    if is_week != has(&[Numeric::IsoYear]) {
        return unheeded("a week without its own year; write %G for the year, and %V for the week");
    }
    if !is_week && !has(&[Numeric::Year]) {
        return incomplete("which year it is");
    }
    let is_month = has(&[Numeric::Month]) || is(&[Fixed::ShortMonthName]);
    let weekdays = [Numeric::NumDaysFromSun, Numeric::WeekdayFromMon];
    let names = [Fixed::ShortWeekdayName, Fixed::LongWeekdayName];
    let is_day = has(&[Numeric::Ordinal])
        || (is_month && has(&[Numeric::Day]))
        || (is_week && (has(&weekdays) || is(&names)));
    if has(&[Numeric::Day]) && !is_month {
        return incomplete("which month it is");
    }
    if has(&[Numeric::Hour12]) && !is(&[Fixed::LowerAmPm, Fixed::UpperAmPm]) {
        return incomplete("whether it is before or after noon");
    }
    let is_time = has(&[Numeric::Hour, Numeric::Hour12]);
    if is_time && !is_day {
        return incomplete("which day it is");
    }
    let offsets = [Fixed::TimezoneOffset, Fixed::TimezoneOffsetColon, Fixed::TimezoneOffsetColonZ];
    let is_offset = is(&offsets) || text.contains("%#z");
    Ok(match () {
        () if is_time && is_offset => Unit::Instant,
        () if is_time => Unit::Local,
        () if is_day => Unit::Day,
        () if is_week => Unit::Week,
        () if is_month => Unit::Month,
        () if has(&[Numeric::Quarter]) => Unit::Quarter,
        () => Unit::Year,
    })
}

/// Whether two numbers stand side by side.
fn is_tight(items: &[Item<'_>]) -> bool {
    let is_number = |item: &Item<'_>| matches!(item, Item::Numeric(..));
    items.windows(2).any(|pair| pair.iter().all(is_number))
}

/// `dd.mm.yyyy` and the like, as `strftime` has it.
fn by_letters(text: &str) -> Result<String, PatternError> {
    let invalid = || PatternError::Invalid(text.to_owned());
    let is_week = text.to_ascii_lowercase().contains("ww");
    let (mut written, mut is_after_hour, mut rest) = (String::new(), false, text);
    while let Some(letter) = rest.chars().next() {
        let literal = ["Qq", "Ww"].into_iter().find(|pair| rest.starts_with(pair));
        if literal.is_some() || !letter.is_alphabetic() {
            written.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        let is_same = |c: char| c.eq_ignore_ascii_case(&letter);
        let end = rest.find(|c| !is_same(c)).unwrap_or(rest.len());
        let token = rest[..end].to_ascii_lowercase();
        written.push_str(match token.as_str() {
            "yyyy" if is_week => "%G",
            "yyyy" => "%Y",
            "y" | "yy" => return Err(PatternError::ShortYear(text.to_owned())),
            "mmmm" | "mmm" => "%b",
            "mm" if is_after_hour => "%M",
            "mm" => "%m",
            "m" => "%-m",
            "dd" => "%d",
            "d" => "%-d",
            "hh" => "%H",
            "ss" => "%S",
            "ww" => "%V",
            "q" => "%q",
            "t" => "T",
            _ => return Err(invalid()),
        });
        is_after_hour = token == "hh";
        rest = &rest[end..];
    }
    Ok(written)
}
