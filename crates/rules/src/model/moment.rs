//! Days and times as texts have them: ISO 8601, with a year of four digits and nothing guessed.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};

use crate::model::calendar::Calendar;

/// Bytes of a day such as `2026-05-31`.
const DAY_BYTES: usize = 10;

/// The first of a month begins like this.
const MONTH_BYTES: usize = 7;

/// What a text says of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A day.
    Day(NaiveDate),
    /// A time of day without a zone.
    Local(NaiveDateTime),
    /// A time with an offset.
    Instant(DateTime<Utc>),
}

impl Moment {
    /// Reads `2026-05-31`, with a time such as `T18:00` or ` 18:00:00.5` if there is one, and then
    /// with an offset such as `Z` or `+02:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let day = Self::parse_day(text.get(..DAY_BYTES)?)?;
        let rest = &text[DAY_BYTES..];
        if rest.is_empty() {
            return Some(Self::Day(day));
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.')));
        let (time, zone) = rest.split_at(end.unwrap_or(rest.len()));
        let time = day.and_time(parse_time(time)?);
        match zone.trim() {
            "" => Some(Self::Local(time)),
            zone => {
                let at = parse_offset(zone)?.from_local_datetime(&time).single()?;
                Some(Self::Instant(at.to_utc()))
            }
        }
    }

    /// A day such as `2026-05-31`, and nothing else.
    pub fn parse_day(text: &str) -> Option<NaiveDate> {
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let fits = year.len() == 4 && month.len() == 2 && day.len() == 2;
        if !(fits && is_digits(year) && is_digits(month) && is_digits(day)) {
            return None;
        }
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }

    /// The first day of a month such as `2026-05`.
    pub fn parse_month(text: &str) -> Option<NaiveDate> {
        (text.len() == MONTH_BYTES).then(|| Self::parse_day(&format!("{text}-01"))).flatten()
    }

    /// The local day it lies in.
    pub fn day(self, calendar: &Calendar) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Local(time) => time.date(),
            Self::Instant(at) => calendar.local_day(at),
        }
    }

    /// The instant: of a day its midnight, of a time without a zone the local one.
    pub fn instant(self, calendar: &Calendar) -> DateTime<Utc> {
        match self {
            Self::Day(day) => calendar.midnight(day),
            Self::Local(time) => calendar.instant(time),
            Self::Instant(at) => at,
        }
    }
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

/// `Z`, `UTC`, `+02:00`, `+0200` or `+02`.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(Utc.fix());
    }
    let is_east = match text.get(..1)? {
        "+" => true,
        "-" => false,
        _ => return None,
    };
    let digits = text[1..].replacen(':', "", 1);
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |part: Option<&str>| part.map_or(Some(0), |part| part.parse::<i32>().ok());
    let hours = number(digits.get(..2))?;
    let minutes = number(digits.get(2..).filter(|part| !part.is_empty()))?;
    let seconds = hours * 3600 + minutes * 60;
    FixedOffset::east_opt(if is_east { seconds } else { -seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unmistakable_is_a_day_or_a_time() {
        for (text, read) in [
            ("2026-05-31", Some("Day(2026-05-31)")),
            (" 2026-05-31 ", Some("Day(2026-05-31)")),
            ("2026-05-31 18:00", Some("Local(2026-05-31T18:00:00)")),
            ("2026-05-31T18:00:00.5", Some("Local(2026-05-31T18:00:00.500)")),
            ("2026-05-31T18:00:00Z", Some("Instant(2026-05-31T18:00:00Z)")),
            ("2026-05-31 18:00:00.123456+00:00", Some("Instant(2026-05-31T18:00:00.123456Z)")),
            ("2026-05-31 18:00:00 +0200", Some("Instant(2026-05-31T16:00:00Z)")),
            ("2026-05-31t18:00-03", Some("Instant(2026-05-31T21:00:00Z)")),
            ("2026-05-31 18:00:00 UTC", Some("Instant(2026-05-31T18:00:00Z)")),
            ("26-05-31", None),
            ("01-10-26", None),
            ("+26-05-31 00:00:00", None),
            ("26-05-31 00:00:00", None),
            ("2026-5-1", None),
            ("2026-02-30", None),
            ("31.05.2026", None),
            ("2026-05-31x", None),
            ("2026-05-31 25:00", None),
            ("2026-05-31 18:00 CEST", None),
            ("2026-05-31é", None),
            ("2026-05-3é", None),
            ("2026-05-31 é", None),
            ("2026-05-31 18:00 +é", None),
            ("2026-05-31 18:00 +0é", None),
            ("", None),
        ] {
            let found = Moment::parse(text).map(|moment| format!("{moment:?}"));
            assert_eq!(found.as_deref(), read, "{text}");
        }
        assert_eq!(Moment::parse_month("2026-05"), NaiveDate::from_ymd_opt(2026, 5, 1));
        assert_eq!(Moment::parse_month("26-05"), None);
    }
}
