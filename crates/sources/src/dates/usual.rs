//! Dates in the forms that can mean only one thing, and need no format.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::dates::{dated::Dated, months};
use kpid_rules::model::{Calendar, Frequency, Moment, Period};

/// Figures are of these years; a number that would be of others is something else.
const YEARS: RangeInclusive<i32> = 1980..=2199;

/// No date of Excel is later.
const EXCEL_DAYS_MAX: f64 = 2_958_466.0;

const MILLISECONDS_OF_DAY: f64 = 86_400_000.0;

/// A form that may mean more than one thing, or none, and what to write.
pub(super) type Doubtful = &'static str;

/// What a text says of when, for a KPI of this frequency.
pub(super) fn read(
    text: &str,
    frequency: Frequency,
    calendar: &Calendar,
) -> Result<Option<Dated>, Doubtful> {
    let text = text.trim();
    if let Ok(period) = Period::parse(text) {
        return Ok(Some(Dated::Key(period)));
    }
    if let Some(moment) = Moment::parse(text) {
        return Ok(Some(match moment {
            Moment::Day(day) => Dated::Day(day),
            Moment::Local(time) => Dated::Local(time),
            Moment::Instant(at) => Dated::Instant(at),
        }));
    }
    if let Some(at) = json_date(text) {
        return Ok(Some(Dated::Instant(at)));
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits(text, frequency, calendar);
    }
    if let Some((year, quarter)) = quarter(text) {
        let is_one = calendar.fiscal_year_start == 1;
        let told = "is a quarter of the calendar or of the fiscal year; say `period_format: \
                    quarter` or `period_format: fiscal_quarter`";
        return if is_one { Ok(Dated::quarter(year, quarter)) } else { Err(told) };
    }
    if let Some(dated) = by_name(text) {
        return Ok(Some(dated));
    }
    by_numbers(text)
}

/// `/Date(1790805600000)/`, as ASP.NET and OData write an instant; an offset in it only says where it
/// was written.
pub(super) fn json_date(text: &str) -> Option<DateTime<Utc>> {
    let inner = text.trim().strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
    let (digits, offset) = inner.split_at(end.map_or(inner.len(), |(at, _)| at));
    let is_offset = offset.is_empty() || offset.len() == 5;
    let milliseconds = digits.parse().ok().filter(|_| is_offset)?;
    instant(DateTime::from_timestamp_millis(milliseconds)?)
}

/// Seconds since 1970.
pub(super) fn epoch_seconds(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(fraction) || !is_digits(whole) {
        return None;
    }
    let nanos = format!("{fraction:0<9}")[..9].parse().ok()?;
    instant(DateTime::from_timestamp(whole.parse().ok()?, nanos)?)
}

/// Milliseconds since 1970.
pub(super) fn epoch_milliseconds(text: &str) -> Option<DateTime<Utc>> {
    let whole = text.trim().split('.').next().unwrap_or_default();
    let is_digits = whole.bytes().all(|byte| byte.is_ascii_digit());
    let milliseconds = whole.parse().ok().filter(|_| is_digits)?;
    instant(DateTime::from_timestamp_millis(milliseconds)?)
}

/// Days since 30 December 1899, with the time of day as their fraction: a date of Excel as a number.
pub(super) fn excel_serial(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let days: f64 = text.parse().ok().filter(|days| is_number && *days < EXCEL_DAYS_MAX)?;
    let origin = NaiveDate::from_ymd_opt(1899, 12, 30)?.and_time(NaiveTime::MIN);
    let milliseconds = (days * MILLISECONDS_OF_DAY).round() as i64;
    let time = origin.checked_add_signed(TimeDelta::try_milliseconds(milliseconds)?)?;
    YEARS.contains(&time.year()).then_some(time)
}

fn instant(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    YEARS.contains(&at.year()).then_some(at)
}

/// A number without separators.
fn digits(
    text: &str,
    frequency: Frequency,
    calendar: &Calendar,
) -> Result<Option<Dated>, Doubtful> {
    let year = || text.get(..4)?.parse().ok().filter(|year| YEARS.contains(year));
    let is_calendar = calendar.fiscal_year_start == 1;
    let dated = match text.len() {
        4 if frequency != Frequency::Year => None,
        4 if is_calendar => year().and_then(Dated::calendar_year),
        4 => {
            return Err(
                "is a year of the calendar or a fiscal year; say `period_format: year` or \
                        `period_format: fiscal_year`",
            );
        }
        5 if excel_serial(text).is_some() => {
            return Err(
                "may be a date of Excel as a number; say `period_format: excel_serial` if \
                        it is",
            );
        }
        6 => match year().and_then(|year| first_of(year, text[4..].parse().ok()?)) {
            Some(_) if frequency == Frequency::Week => {
                return Err(
                    "is a month or a week; say `period_format: yyyymm` or `period_format: \
                            yyyyww`",
                );
            }
            first => first.and_then(|first| Dated::months(first, 1)),
        },
        8 => day(text).map(Dated::Day),
        10 if day(&text[..8]).is_some() && text[8..].parse::<u32>().is_ok_and(|hour| hour < 24) => {
            return Err("may be seconds since 1970, or a day and its hour; say `period_format: \
                        epoch_seconds` or `period_format: \"%Y%m%d%H\"`");
        }
        10 => epoch_seconds(text).map(Dated::Instant),
        13 => epoch_milliseconds(text).map(Dated::Instant),
        14 => {
            let number = |from: usize| text.get(from..from + 2)?.parse().ok();
            let time = || NaiveTime::from_hms_opt(number(8)?, number(10)?, number(12)?);
            day(&text[..8]).zip(time()).map(|(day, time)| Dated::Local(day.and_time(time)))
        }
        _ => None,
    };
    Ok(dated)
}

fn first_of(year: i32, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, 1)
}

/// `20261031`.
fn day(digits: &str) -> Option<NaiveDate> {
    let year = digits.get(..4)?.parse().ok().filter(|year| YEARS.contains(year))?;
    NaiveDate::from_ymd_opt(year, digits.get(4..6)?.parse().ok()?, digits.get(6..)?.parse().ok()?)
}

/// Year and quarter of `2026-Q3`, `2026Q3` or `Q3 2026`.
pub(super) fn quarter(text: &str) -> Option<(i32, u32)> {
    let text = text.trim().to_ascii_uppercase();
    let number = |part: &str| part.strip_prefix('Q')?.parse().ok().filter(|n| (1..=4).contains(n));
    let parts: Vec<&str> = text.split([' ', '-', '/']).collect();
    match parts.as_slice() {
        [year, quarter] if quarter.starts_with('Q') => Some((full_year(year)?, number(quarter)?)),
        [quarter, year] => Some((full_year(year)?, number(quarter)?)),
        [both] => Some((full_year(both.get(..4)?)?, number(&both[4..])?)),
        _ => None,
    }
}

/// A year of four digits.
pub(super) fn full_year(text: &str) -> Option<i32> {
    let is_full = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|year| is_full && *year >= 1000)
}

/// A number of one or two digits.
fn small(text: &str) -> Option<u32> {
    let is_small = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_small)
}

/// `Oct 2026`, `31 October 2026` or `Okt. 31, 2026`: a month that is named is no other number.
fn by_name(text: &str) -> Option<Dated> {
    let parts = text.split([' ', '-', '/', ',', '.']).filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.collect();
    let named = |month: &str, year: &str| first_of(full_year(year)?, months::number(month)?);
    let day_of = |day: &str, first: Option<NaiveDate>| first?.with_day(small(day)?);
    match parts.as_slice() {
        [left, right] => Dated::months(named(left, right).or_else(|| named(right, left))?, 1),
        [left, middle, right] => {
            let day = day_of(left, named(middle, right))
                .or_else(|| day_of(middle, named(left, right)))
                .or_else(|| day_of(right, named(middle, left)));
            day.map(Dated::Day)
        }
        _ => None,
    }
}

/// `10/2026` and `2026/10/31`, in which nothing can be taken for another thing, and others that are
/// told.
fn by_numbers(text: &str) -> Result<Option<Dated>, Doubtful> {
    let date = text.split(' ').next().unwrap_or_default();
    let is_plain = date.len() == text.len();
    let parts: Vec<&str> = date.split(['/', '-', '.']).collect();
    let month =
        |year: &str, month: &str| Dated::months(first_of(full_year(year)?, small(month)?)?, 1);
    Ok(match parts.as_slice() {
        // A number such as 2026.1 may be October.
        [left, right] if is_plain && !date.contains('.') => {
            month(left, right).or_else(|| month(right, left))
        }
        [left, middle, right] if full_year(left).is_some() && is_plain => {
            let first = full_year(left).zip(small(middle));
            let day =
                first.and_then(|(year, month)| NaiveDate::from_ymd_opt(year, month, small(right)?));
            day.map(Dated::Day)
        }
        [left, middle, right]
            if full_year(right).is_some() && small(left).is_some() && small(middle).is_some() =>
        {
            return Err(match date.contains('.') {
                true => "needs a form; say `period_format: dd.mm.yyyy`",
                false => {
                    "may be day and month or month and day; say which, such as \
                          `period_format: dd/mm/yyyy` or `period_format: mm/dd/yyyy`"
                }
            });
        }
        _ => None,
    })
}
