//! Periods and their keys: what an actual is *of*. A key sorts, parses and needs no calendar;
//! which days a fiscal period covers is the [`Calendar`](crate::model::calendar::Calendar)'s business.

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize, Serializer};

/// How often a KPI has an actual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// Every local day.
    Day,
    /// ISO weeks, Monday to Sunday.
    Week,
    /// Calendar months.
    Month,
    /// Three months, counted from the start of the fiscal year.
    Quarter,
    /// Six months, counted from the start of the fiscal year.
    Half,
    /// Fiscal years.
    Year,
}

impl Frequency {
    /// One of its periods, as people call it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Half => "half-year",
            Self::Year => "year",
        }
    }
}

/// One period, named by its key: `2026-05-31`, `2026-W22`, `2026-05`, `FY2027-Q1`, `FY2027-H1`,
/// `FY2027`. Periods of one frequency sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A local day.
    Day(NaiveDate),
    /// An ISO week of an ISO week-year.
    Week(i32, u32),
    /// A month of a calendar year.
    Month(i32, u32),
    /// A quarter (1 to 4) of a fiscal year.
    Quarter(i32, u32),
    /// A half (1 or 2) of a fiscal year.
    Half(i32, u32),
    /// A fiscal year.
    Year(i32),
}

/// Why a text is not a period key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a period; write a day 2026-05-31, week 2026-W22, month 2026-05, quarter FY2027-Q1, half FY2027-H1 or year FY2027"
)]
pub struct PeriodError(pub String);

impl Period {
    /// Reads a period key.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        parse_key(text).ok_or_else(|| PeriodError(text.to_owned()))
    }

    /// How long the period is, in the words of a KPI's `period:`.
    pub fn frequency(self) -> Frequency {
        match self {
            Self::Day(_) => Frequency::Day,
            Self::Week(..) => Frequency::Week,
            Self::Month(..) => Frequency::Month,
            Self::Quarter(..) => Frequency::Quarter,
            Self::Half(..) => Frequency::Half,
            Self::Year(_) => Frequency::Year,
        }
    }

    /// The period as people write it: `May 2026`, `Q1 FY2027`, `31 May 2026`.
    pub fn label(self) -> String {
        match self {
            Self::Day(day) => day.format("%-d %B %Y").to_string(),
            Self::Week(year, week) => format!("week {week}, {year}"),
            Self::Month(year, month) => NaiveDate::from_ymd_opt(year, month, 1)
                .map_or_else(|| self.to_string(), |day| day.format("%B %Y").to_string()),
            Self::Quarter(year, quarter) => format!("Q{quarter} FY{year}"),
            Self::Half(year, half) => format!("H{half} FY{year}"),
            Self::Year(year) => format!("FY{year}"),
        }
    }

    /// The period right after this one.
    pub fn next(self) -> Self {
        match self {
            Self::Day(day) => Self::Day(day.succ_opt().unwrap_or(NaiveDate::MAX)),
            Self::Week(year, week) if week < weeks_of(year) => Self::Week(year, week + 1),
            Self::Week(year, _) => Self::Week(year + 1, 1),
            Self::Month(year, month) if month < 12 => Self::Month(year, month + 1),
            Self::Month(year, _) => Self::Month(year + 1, 1),
            Self::Quarter(year, quarter) if quarter < 4 => Self::Quarter(year, quarter + 1),
            Self::Quarter(year, _) => Self::Quarter(year + 1, 1),
            Self::Half(year, 1) => Self::Half(year, 2),
            Self::Half(year, _) => Self::Half(year + 1, 1),
            Self::Year(year) => Self::Year(year + 1),
        }
    }

    /// The period right before this one.
    pub fn previous(self) -> Self {
        match self {
            Self::Day(day) => Self::Day(day.pred_opt().unwrap_or(NaiveDate::MIN)),
            Self::Week(year, week) if week > 1 => Self::Week(year, week - 1),
            Self::Week(year, _) => Self::Week(year - 1, weeks_of(year - 1)),
            Self::Month(year, month) if month > 1 => Self::Month(year, month - 1),
            Self::Month(year, _) => Self::Month(year - 1, 12),
            Self::Quarter(year, quarter) if quarter > 1 => Self::Quarter(year, quarter - 1),
            Self::Quarter(year, _) => Self::Quarter(year - 1, 4),
            Self::Half(year, 2) => Self::Half(year, 1),
            Self::Half(year, _) => Self::Half(year - 1, 2),
            Self::Year(year) => Self::Year(year - 1),
        }
    }

    /// The same period one year earlier: ISO week 53 falls back to week 52, 29 February to the 28th.
    pub fn last_year(self) -> Self {
        match self {
            Self::Day(day) => Self::Day(
                day.with_year(day.year() - 1)
                    .or_else(|| NaiveDate::from_ymd_opt(day.year() - 1, 2, 28))
                    .unwrap_or(NaiveDate::MIN),
            ),
            Self::Week(year, week) => Self::Week(year - 1, week.min(weeks_of(year - 1))),
            Self::Month(year, month) => Self::Month(year - 1, month),
            Self::Quarter(year, quarter) => Self::Quarter(year - 1, quarter),
            Self::Half(year, half) => Self::Half(year - 1, half),
            Self::Year(year) => Self::Year(year - 1),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Week(year, week) => write!(f, "{year:04}-W{week:02}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Quarter(year, quarter) => write!(f, "FY{year:04}-Q{quarter}"),
            Self::Half(year, half) => write!(f, "FY{year:04}-H{half}"),
            Self::Year(year) => write!(f, "FY{year:04}"),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn parse_key(text: &str) -> Option<Period> {
    if let Some(fiscal) = text.strip_prefix("FY") {
        return match fiscal.split_once('-') {
            None => Some(Period::Year(year(fiscal)?)),
            Some((fy, part)) => match (part.get(..1)?, part.get(1..)?) {
                ("Q", n) => Some(Period::Quarter(year(fy)?, number(n, 1, 1, 4)?)),
                ("H", n) => Some(Period::Half(year(fy)?, number(n, 1, 1, 2)?)),
                _ => None,
            },
        };
    }
    let (head, rest) = text.split_once('-')?;
    let head = year(head)?;
    if let Some(week) = rest.strip_prefix('W') {
        let week = number(week, 2, 1, weeks_of(head))?;
        return Some(Period::Week(head, week));
    }
    match rest.split_once('-') {
        None => Some(Period::Month(head, number(rest, 2, 1, 12)?)),
        Some((month, day)) => {
            let (month, day) = (number(month, 2, 1, 12)?, number(day, 2, 1, 31)?);
            NaiveDate::from_ymd_opt(head, month, day).map(Period::Day)
        }
    }
}

fn year(text: &str) -> Option<i32> {
    number(text, 4, 1, 9999).and_then(|year| i32::try_from(year).ok())
}

/// Exactly `digits` digits with a value in `low..=high`.
fn number(text: &str, digits: usize, low: u32, high: u32) -> Option<u32> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten().filter(|n| (low..=high).contains(n))
}

/// 52 or 53: an ISO week-year has as many weeks as the week of its 28 December.
fn weeks_of(iso_year: i32) -> u32 {
    let has_53 = NaiveDate::from_isoywd_opt(iso_year, 53, Weekday::Mon).is_some();
    if has_53 { 53 } else { 52 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_parse_to_what_they_print() {
        for key in ["2026-05-31", "2026-W53", "2026-05", "FY2027-Q1", "FY2027-H2", "FY2027"] {
            assert_eq!(Period::parse(key).map(|period| period.to_string()), Ok(key.to_owned()));
        }
    }

    #[test]
    fn labels_are_words_for_people() {
        for (key, label) in [
            ("2026-05-31", "31 May 2026"),
            ("2026-W05", "week 5, 2026"),
            ("2026-05", "May 2026"),
            ("FY2027-Q1", "Q1 FY2027"),
            ("FY2027-H2", "H2 FY2027"),
            ("FY2027", "FY2027"),
        ] {
            assert_eq!(Period::parse(key).unwrap().label(), label);
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        for bad in [
            "",
            "2026",
            "2026-5",
            "2026-13",
            "2026-00",
            "2026-02-30",
            "2025-W53",
            "2026-W00",
            "FY26",
            "FY2027-Q5",
            "FY2027-H3",
            "FY2027-",
            "2026-05-1",
            "+026-05",
            "2026-W5é",
        ] {
            assert!(Period::parse(bad).is_err(), "{bad:?} is no period");
        }
    }

    #[test]
    fn neighbours_cross_years() {
        let cases = [
            ("2026-02-28", "2026-03-01"),
            ("2026-W53", "2027-W01"),
            ("2025-W52", "2026-W01"),
            ("2026-12", "2027-01"),
            ("FY2026-Q4", "FY2027-Q1"),
            ("FY2026-H2", "FY2027-H1"),
            ("FY2026", "FY2027"),
        ];
        for (before, after) in cases {
            let (before, after) = (Period::parse(before).unwrap(), Period::parse(after).unwrap());
            assert_eq!(before.next(), after);
            assert_eq!(after.previous(), before);
            assert!(before < after);
        }
    }

    #[test]
    fn last_year_keeps_the_name_where_it_exists() {
        let cases = [
            ("2024-02-29", "2023-02-28"),
            ("2026-W53", "2025-W52"),
            ("2026-05", "2025-05"),
            ("FY2027-Q1", "FY2026-Q1"),
        ];
        for (now, then) in cases {
            assert_eq!(Period::parse(now).unwrap().last_year().to_string(), then);
        }
    }
}
