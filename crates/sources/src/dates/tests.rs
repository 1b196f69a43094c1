//! Dates in every form, also against what Python and chrono make of them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta};
use chrono_tz::Europe::Amsterdam;
use proptest::prelude::*;

use super::{dated::Dated, period_format::PeriodFormat};
use crate::{
    cell::Cell,
    question::{Question, Window},
};
use kpid_rules::model::{Calendar, Frequency, Period};

/// What Python's `strptime` reads of texts in these formats, `-` for nothing.
const OF_PYTHON: &str = include_str!("vectors.csv");

fn period_in(
    calendar: &Calendar,
    frequency: Frequency,
    format: &str,
    cell: &Cell,
) -> Result<String, String> {
    let format = match format {
        "" => PeriodFormat::Usual,
        format => PeriodFormat::parse(format).unwrap(),
    };
    let now = "2026-11-03T12:00:00Z".parse().unwrap();
    let period = calendar.period_at(frequency, now);
    let (start, end) = calendar.bounds(period);
    let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
    let window = Window { period, start, end, first_day, last_day };
    let question = Question { window: &window, frequency, calendar, now };
    cell.period(&question, &format).map(|period| period.to_string())
}

fn period(frequency: Frequency, format: &str, text: &str) -> Result<String, String> {
    let cell = Cell::Text(text.to_owned());
    period_in(&Calendar::plain(Amsterdam), frequency, format, &cell)
}

fn read(format: &PeriodFormat, text: &str) -> Option<Dated> {
    let calendar = Calendar::plain(Amsterdam);
    let day = NaiveDate::from_ymd_opt(2026, 11, 3).unwrap();
    let (start, end) = calendar.bounds(Period::Day(day));
    let window = Window { period: Period::Day(day), start, end, first_day: day, last_day: day };
    let question =
        Question { window: &window, frequency: Frequency::Day, calendar: &calendar, now: start };
    format.read(text, &question).ok()
}

fn words(dated: Option<Dated>) -> String {
    match dated {
        None => "-".to_owned(),
        Some(Dated::Day(day) | Dated::Span { first: day, .. }) => day.to_string(),
        Some(Dated::Local(time)) => time.format("%Y-%m-%dT%H:%M:%S").to_string(),
        Some(Dated::Instant(at)) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        Some(Dated::Key(period)) => period.to_string(),
    }
}

#[test]
fn periods_are_read_however_their_system_writes_them() {
    use Frequency::{Day, Month, Quarter, Week, Year};
    for (frequency, format, text, key) in [
        (Month, "", "2026-10-01", "2026-10"),
        (Month, "", "2026-09-30T22:00:00.000Z", "2026-10"),
        (Month, "", "2026-10-01T00:00:00+02:00", "2026-10"),
        (Month, "", "1790805600", "2026-10"),
        (Month, "", "1790805600000", "2026-10"),
        (Month, "", "202610", "2026-10"),
        (Month, "", "20261031", "2026-10"),
        (Month, "", "Oct 2026", "2026-10"),
        (Month, "", "Okt. 2026", "2026-10"),
        (Month, "", "31 October 2026", "2026-10"),
        (Month, "", "October 31, 2026", "2026-10"),
        (Month, "", "10/2026", "2026-10"),
        (Day, "", "2026/10/31", "2026-10-31"),
        (Day, "", "/Date(1790805600000)/", "2026-10-01"),
        (Day, "", "/Date(1790805600000+0200)/", "2026-10-01"),
        (Day, "", "1790805599", "2026-09-30"),
        (Quarter, "", "2026-Q3", "FY2026-Q3"),
        (Quarter, "", "Q3 2026", "FY2026-Q3"),
        (Quarter, "", "2026Q3", "FY2026-Q3"),
        (Year, "", "2026", "FY2026"),
        (Week, "", "2026-10-31", "2026-W44"),
        (Month, "dd.mm.yyyy", "31.10.2026", "2026-10"),
        (Month, "dd.mm.yyyy", "1.10.2026", "2026-10"),
        (Month, "DD/MM/YYYY", "01/10/2026", "2026-10"),
        (Month, "mm/dd/yyyy", "10/01/2026", "2026-10"),
        (Month, "%d.%m.%Y %H:%M", "31.10.2026 23:59", "2026-10"),
        (Month, "%Y-%m-%dT%H:%M:%S%z", "2026-10-31T23:30:00+0000", "2026-11"),
        (Month, "%s", "1790805600", "2026-10"),
        (Month, "epoch_seconds", "1790805600.25", "2026-10"),
        (Month, "epoch_milliseconds", "1790805600000", "2026-10"),
        (Month, "excel_serial", "46296", "2026-10"),
        (Day, "excel_serial", "46296.75", "2026-10-01"),
        (Month, "json_date", "/Date(1790805600000)/", "2026-10"),
        (Month, "rfc3339", "2026-09-30T22:00:00Z", "2026-10"),
        (Month, "day", "2026-10-31", "2026-10"),
        (Month, "mmm yyyy", "März 2026", "2026-03"),
        (Month, "mmmm yyyy", "October 2026", "2026-10"),
        (Month, "%Y-%m", "2026-10", "2026-10"),
        (Quarter, "yyyy-Qq", "2026-Q3", "FY2026-Q3"),
        (Quarter, "Qq/yyyy", "Q3/2026", "FY2026-Q3"),
        (Quarter, "fiscal_quarter", "2026-Q3", "FY2026-Q3"),
        (Year, "fiscal_year", "2026", "FY2026"),
        (Week, "%G-W%V", "2026-W53", "2026-W53"),
        (Week, "yyyyww", "202644", "2026-W44"),
        (Day, "%Y%m%d%H", "2026103118", "2026-10-31"),
    ] {
        assert_eq!(period(frequency, format, text), Ok(key.to_owned()), "{text} as {format}");
    }
}

#[test]
fn what_may_be_two_things_is_refused_with_the_way_out() {
    use Frequency::{Day, Month, Quarter, Week};
    for (frequency, format, text, part) in [
        (Month, "", "31.10.2026", "say `period_format: dd.mm.yyyy`"),
        (Month, "", "10/11/2026", "dd/mm/yyyy` or `period_format: mm/dd/yyyy`"),
        (Month, "", "10/31/26", "a year of four digits"),
        (Month, "", "Oct 26", "a year of four digits"),
        (Month, "", "Oct '26", "a year of four digits"),
        (Month, "", "46296", "say `period_format: excel_serial`"),
        (Day, "", "2026103118", "`period_format: \"%Y%m%d%H\"`"),
        (Week, "", "202644", "a year of four digits"),
        (Week, "", "202610", "is a month or a week"),
        (Month, "", "2026.10", "not a period"),
        (Month, "", "0", "not a period"),
        (Month, "", "5", "not a period"),
        (Month, "", "2026-13", "not a period"),
        (Month, "", "2026-Q3", "not a period of this KPI"),
        (Day, "", "2026-10", "not a period of this KPI"),
        (Quarter, "", "2026-10", "not a period of this KPI"),
        (Month, "dd.mm.yyyy", "31.10.26", "not of the format `dd.mm.yyyy` with a year of four"),
        (Month, "dd.mm.yyyy", "2026-10-31", "not of the format"),
        (Month, "dd.mm.yyyy", "31.02.2026", "not of the format"),
        (Month, "yyyymm", "20261", "not of the format"),
        (Month, "epoch_seconds", "1790805600000", "not of the format `epoch_seconds`"),
        (Month, "epoch_milliseconds", "1790805600", "not of the format"),
        (Month, "epoch_seconds", "0", "not of the format"),
        (Month, "excel_serial", "1790805600", "not of the format"),
        (Month, "rfc3339", "2026-10-31", "not of the format"),
        (Month, "quarter", "2026-Q5", "not of the format"),
        (Week, "%G-W%V", "2025-W53", "not of the format"),
    ] {
        let told = period(frequency, format, text).unwrap_err();
        assert!(told.contains(part), "{text} as {format}: {told}");
    }
}

#[test]
fn quarters_and_years_beside_a_fiscal_year_need_their_name() {
    let calendar = Calendar { fiscal_year_start: 4, ..Calendar::plain(Amsterdam) };
    let read = |frequency, format, text: &str| {
        period_in(&calendar, frequency, format, &Cell::Text(text.to_owned()))
    };
    let (quarter, year) = (Frequency::Quarter, Frequency::Year);
    assert!(read(quarter, "", "2026-Q3").unwrap_err().contains("fiscal_quarter"));
    assert!(read(year, "", "2026").unwrap_err().contains("fiscal_year"));
    assert_eq!(read(quarter, "fiscal_quarter", "2026-Q3"), Ok("FY2026-Q3".into()));
    assert_eq!(read(year, "fiscal_year", "2026"), Ok("FY2026".into()));
    let july = calendar.period_of(quarter, NaiveDate::from_ymd_opt(2026, 7, 1).unwrap());
    assert_eq!(read(quarter, "quarter", "2026-Q3"), Ok(july.to_string()));
    assert!(read(year, "year", "2026").unwrap_err().contains("not a period of this KPI"));
}

#[test]
fn a_pattern_that_would_guess_is_no_format() {
    for (format, part) in [
        ("%d.%m.%y", "a year of two digits"),
        ("dd.mm.yy", "a year of two digits"),
        ("%D", "a year of two digits"),
        ("%x", "a year of two digits"),
        ("%d.%m.", "which year"),
        ("%d %Y", "which month"),
        ("%Y-%m %H:%M", "which day"),
        ("%Y-%m-%d %I:%M", "before or after noon"),
        ("%Y-W%V", "%G for the year"),
        ("%Y-W%W", "ISO 8601"),
        ("%Y-%m-%d %Z", "%z for an offset"),
        ("%Q", "not a valid pattern"),
        ("dayly", "is not a format; write day, rfc3339"),
        ("", "which year"),
    ] {
        let told = PeriodFormat::parse(format).unwrap_err().to_string();
        assert!(told.contains(part), "{format}: {told}");
    }
}

#[test]
fn python_reads_the_same() {
    for line in OF_PYTHON.lines().skip(1) {
        let mut fields = line.splitn(3, ',');
        let [format, text, expected] = [0; 3].map(|_| fields.next().unwrap());
        let format = PeriodFormat::parse(format).unwrap();
        assert_eq!(words(read(&format, text)), expected, "{line}");
    }
}

prop_compose! {
    fn times()(seconds in 315_532_800_i64..7_000_000_000) -> NaiveDateTime {
        DateTime::from_timestamp(seconds, 0).unwrap().naive_utc()
    }
}

proptest! {
    #[test]
    fn what_chrono_writes_is_read(time in times()) {
        for pattern in [
            "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%-d.%-m.%Y", "%Y%m%d", "%e %b %Y", "%B %d, %Y",
            "%Y-%j", "%A, %d %B %Y",
        ] {
            let format = PeriodFormat::parse(pattern).unwrap();
            let text = time.format(pattern).to_string();
            prop_assert_eq!(read(&format, &text), Some(Dated::Day(time.date())), "{}", text);
        }
        for pattern in ["%d.%m.%Y %H:%M:%S", "%Y%m%d%H%M%S", "%m/%d/%Y %I:%M:%S %p"] {
            let format = PeriodFormat::parse(pattern).unwrap();
            let text = time.format(pattern).to_string();
            prop_assert_eq!(read(&format, &text), Some(Dated::Local(time)), "{}", text);
        }
        let instant = Some(Dated::Instant(time.and_utc()));
        let seconds = time.and_utc().timestamp();
        let usual = PeriodFormat::Usual;
        prop_assert_eq!(read(&PeriodFormat::EpochSeconds, &seconds.to_string()), instant);
        prop_assert_eq!(read(&PeriodFormat::EpochMilliseconds, &format!("{seconds}000")), instant);
        prop_assert_eq!(read(&usual, &format!("/Date({seconds}000)/")), instant);
        prop_assert_eq!(read(&usual, &time.and_utc().to_rfc3339()), instant);
        let origin = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap();
        let serial = (time.date() - origin).num_days().to_string();
        let midnight = Some(Dated::Local(time.date().into()));
        prop_assert_eq!(read(&PeriodFormat::ExcelSerial, &serial), midnight);
    }

    #[test]
    fn a_year_of_two_digits_is_never_read(time in times()) {
        for pattern in ["%y-%m-%d", "%d.%m.%y", "%m/%d/%y", "%d %b %y", "%b %y", "%b '%y", "%y%m"] {
            let text = time.format(pattern).to_string();
            prop_assert_eq!(read(&PeriodFormat::Usual, &text), None, "{}", text);
            let full = PeriodFormat::parse(&pattern.replace("%y", "%Y")).unwrap();
            prop_assert_eq!(read(&full, &text), None, "{}", text);
        }
    }

    #[test]
    fn numbers_without_a_format_are_of_one_kind(time in times()) {
        let text = time.and_utc().timestamp().to_string();
        // What may be a day and its hour is refused, and nothing is read as anything else.
        let found = read(&PeriodFormat::Usual, &text);
        prop_assert!(found.is_none() || found == Some(Dated::Instant(time.and_utc())), "{}", text);
        let day = time.date();
        prop_assert_eq!(read(&PeriodFormat::Usual, &day.format("%Y%m%d").to_string()), Some(Dated::Day(day)));
        let next = day + TimeDelta::days(1);
        prop_assert_ne!(read(&PeriodFormat::Usual, &next.to_string()), Some(Dated::Day(day)));
    }
}
