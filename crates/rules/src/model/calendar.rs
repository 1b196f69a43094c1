//! The calendar of a unit: zone, fiscal year, working days. It turns period keys into days and
//! instants, and instants into keys.

use std::collections::BTreeSet;

use chrono::{
    DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, NaiveDateTime, NaiveTime, Offset,
    TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;

use crate::model::period::{Frequency, Period};

/// A year of closed days is no calendar; the search for a working day stops here.
pub(crate) const CLOSED_DAYS_MAX: u32 = 3660;

/// How a fiscal year is named when it spans two calendar years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FiscalLabel {
    /// By the calendar year it ends in: April 2026 to March 2027 is FY2027.
    #[default]
    End,
    /// By the calendar year it starts in: April 2026 to March 2027 is FY2026.
    Start,
}

/// Days on which a unit is closed, first and last included.
#[derive(Clone, Debug, PartialEq)]
pub struct Closure {
    /// What people call it.
    pub name: String,
    /// First closed day.
    pub first_day: NaiveDate,
    /// Last closed day.
    pub last_day: NaiveDate,
    /// Whether a period that lies wholly within it counts nowhere.
    pub not_applicable: bool,
}

/// Zone, fiscal year and working days of a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// Every day and period starts at local midnight here.
    pub zone: Tz,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_start: u32,
    /// How the fiscal year is named.
    pub fiscal_label: FiscalLabel,
    /// Weekdays on which nobody works.
    pub weekend: Vec<Weekday>,
    /// Single days on which nobody works.
    pub holidays: BTreeSet<NaiveDate>,
    /// Spans in which nobody works.
    pub closures: Vec<Closure>,
}

/// How long after a period's end its actual is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    /// Calendar days.
    Days(u32),
    /// Working days: weekends, holidays and closures do not count.
    WorkingDays(u32),
}

impl Calendar {
    /// A calendar with Monday-to-Friday weeks, a fiscal year from January, and no days off.
    pub fn plain(zone: Tz) -> Self {
        Self {
            zone,
            fiscal_year_start: 1,
            fiscal_label: FiscalLabel::default(),
            weekend: vec![Weekday::Sat, Weekday::Sun],
            holidays: BTreeSet::new(),
            closures: Vec::new(),
        }
    }

    /// The period of that frequency which a local day lies in.
    pub fn period_of(&self, frequency: Frequency, day: NaiveDate) -> Period {
        let (fiscal_year, month_no) = self.fiscal_month(day);
        match frequency {
            Frequency::Day => Period::Day(day),
            Frequency::Week => Period::Week(day.iso_week().year(), day.iso_week().week()),
            Frequency::Month => Period::Month(day.year(), day.month()),
            Frequency::Quarter => Period::Quarter(fiscal_year, month_no.div_ceil(3)),
            Frequency::Half => Period::Half(fiscal_year, month_no.div_ceil(6)),
            Frequency::Year => Period::Year(fiscal_year),
        }
    }

    /// The period of that frequency which an instant lies in, locally.
    pub fn period_at(&self, frequency: Frequency, instant: DateTime<Utc>) -> Period {
        self.period_of(frequency, self.local_day(instant))
    }

    /// The newest period of that frequency that has ended by `instant`.
    pub fn last_closed(&self, frequency: Frequency, instant: DateTime<Utc>) -> Period {
        self.period_at(frequency, instant).previous()
    }

    /// The label of the fiscal year a day lies in, and which of its months (1 to 12).
    pub fn fiscal_month(&self, day: NaiveDate) -> (i32, u32) {
        let started = day.month() >= self.fiscal_year_start;
        let starts_in = if started { day.year() } else { day.year() - 1 };
        let month_no = (day.month() + 12 - self.fiscal_year_start) % 12 + 1;
        (starts_in + self.label_offset(), month_no)
    }

    /// The first period of the same frequency in the longer one that a period is part of. A week
    /// is part of one alone: the one that has its Thursday, as ISO 8601 has it of years.
    pub fn first_within(&self, longer: Frequency, period: Period) -> Period {
        let decisive = |period: Period| match period {
            Period::Week(..) => self.first_day(period) + TimeDelta::days(3),
            _ => self.first_day(period),
        };
        let whole_start = self.first_day(self.period_of(longer, decisive(period)));
        let first = self.period_of(period.frequency(), whole_start);
        let is_before = matches!(first, Period::Week(..)) && decisive(first) < whole_start;
        if is_before { first.next() } else { first }
    }

    /// First local day of a period.
    pub fn first_day(&self, period: Period) -> NaiveDate {
        match period {
            Period::Day(day) => day,
            Period::Week(year, week) => {
                NaiveDate::from_isoywd_opt(year, week, Weekday::Mon).unwrap_or(NaiveDate::MIN)
            }
            Period::Month(year, month) => first_of(year, month),
            Period::Quarter(year, quarter) => self.fiscal_day(year, 3 * (quarter - 1)),
            Period::Half(year, half) => self.fiscal_day(year, 6 * (half - 1)),
            Period::Year(year) => self.fiscal_day(year, 0),
        }
    }

    /// Last local day of a period.
    pub fn last_day(&self, period: Period) -> NaiveDate {
        let next = self.first_day(period.next());
        next.pred_opt().unwrap_or(next)
    }

    /// The instants a period starts at and ends before: local midnights.
    pub fn bounds(&self, period: Period) -> (DateTime<Utc>, DateTime<Utc>) {
        let after = self.first_day(period.next());
        (self.midnight(self.first_day(period)), self.midnight(after))
    }

    /// Whether a period has ended by `instant`.
    pub fn is_closed(&self, period: Period, instant: DateTime<Utc>) -> bool {
        self.bounds(period).1 <= instant
    }

    /// The local day of an instant.
    pub fn local_day(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.zone).date_naive()
    }

    /// The instant a local day starts: midnight, or the first instant after it where a change of
    /// clocks skips midnight.
    pub fn midnight(&self, day: NaiveDate) -> DateTime<Utc> {
        self.instant(day.and_time(NaiveTime::MIN))
    }

    /// The instant of a local wall-clock time: the first where it occurs twice, the first instant
    /// after the gap where it does not occur.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        if let Some(first) = self.zone.from_local_datetime(&local).earliest() {
            return first.to_utc();
        }
        // Gaps are shorter than a day; the offset before one maps its times to just after it.
        let before = local - TimeDelta::days(1);
        let offset = self
            .zone
            .from_local_datetime(&before)
            .earliest()
            .map(|at| at.to_utc() - before.and_utc());
        let moved = local.and_utc() + offset.unwrap_or_default();
        self.gap_end(moved)
    }

    /// When a figure of a period that came at `now` was true: then, or at the period's last instant
    /// if that is over.
    pub fn observed_in(&self, period: Period, now: DateTime<Utc>) -> DateTime<Utc> {
        now.min(self.last_instant(period))
    }

    /// The last instant of a period.
    pub fn last_instant(&self, period: Period) -> DateTime<Utc> {
        self.bounds(period).1 - TimeDelta::microseconds(1)
    }

    /// Whether somebody works on that day.
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        let closed = |closure: &Closure| (closure.first_day..=closure.last_day).contains(&day);
        !self.weekend.contains(&day.weekday())
            && !self.holidays.contains(&day)
            && !self.closures.iter().any(closed)
    }

    /// Whether the whole period falls into a closure that takes its periods out.
    pub fn is_shut(&self, period: Period) -> bool {
        let shut = |closure: &Closure| {
            closure.not_applicable
                && closure.first_day <= self.first_day(period)
                && self.last_day(period) <= closure.last_day
        };
        self.closures.iter().any(shut)
    }

    /// How many working days lie in `first..=last`.
    pub fn working_days(&self, first: NaiveDate, last: NaiveDate) -> u32 {
        let days = first.iter_days().take_while(|day| *day <= last);
        u32::try_from(days.filter(|day| self.is_working_day(*day)).count()).unwrap_or(u32::MAX)
    }

    /// The same time of day so many working days later.
    pub fn working_days_after(&self, instant: DateTime<Utc>, days: u32) -> DateTime<Utc> {
        let local = instant.with_timezone(&self.zone).naive_local();
        self.instant(self.working_day_after(local.date(), days).and_time(local.time()))
    }

    /// The first time after `instant` at which it is that time of day on a working day.
    pub fn working_time_after(&self, instant: DateTime<Utc>, time: NaiveTime) -> DateTime<Utc> {
        let days = self.local_day(instant).iter_days().take(CLOSED_DAYS_MAX as usize);
        let working = days.filter(|day| self.is_working_day(*day));
        let mut times = working.map(|day| self.instant(day.and_time(time)));
        times.find(|at| instant < *at).unwrap_or(instant)
    }

    /// The local day by whose end the actual of a period is due.
    pub fn due(&self, period: Period, lag: Lag) -> NaiveDate {
        let last = self.last_day(period);
        match lag {
            Lag::Days(days) => last.checked_add_days(Days::new(days.into())).unwrap_or(last),
            Lag::WorkingDays(days) => self.working_day_after(last, days),
        }
    }

    /// The instant from which a missing actual is overdue: the end of the due day.
    pub fn overdue_from(&self, period: Period, lag: Lag) -> DateTime<Utc> {
        let due = self.due(period, lag);
        self.midnight(due.succ_opt().unwrap_or(due))
    }

    /// The instant from which nobody expects the figure of a period to change: when as many later
    /// periods as may pass before it freezes are due. One, where it never does.
    pub fn settled_from(
        &self,
        period: Period,
        lag: Lag,
        freeze_after: Option<u32>,
    ) -> DateTime<Utc> {
        let later = std::iter::successors(Some(period), |at| Some(at.next()));
        let last = later.take(freeze_after.unwrap_or(1).max(1) as usize + 1).last();
        self.overdue_from(last.unwrap_or(period), lag)
    }

    fn working_day_after(&self, day: NaiveDate, count: u32) -> NaiveDate {
        let limit = count.saturating_add(CLOSED_DAYS_MAX) as usize;
        let following = day.iter_days().skip(1).take(limit);
        let mut working = following.filter(|day| self.is_working_day(*day));
        match count.checked_sub(1) {
            None => day,
            Some(skipped) => working.nth(skipped as usize).unwrap_or(day),
        }
    }

    /// First day of the month that many months into a labelled fiscal year.
    fn fiscal_day(&self, label: i32, months: u32) -> NaiveDate {
        let start = first_of(label - self.label_offset(), self.fiscal_year_start);
        start.checked_add_months(Months::new(months)).unwrap_or(start)
    }

    /// What a fiscal year's label adds to the calendar year it starts in.
    fn label_offset(&self) -> i32 {
        i32::from(self.fiscal_label == FiscalLabel::End && self.fiscal_year_start > 1)
    }

    /// The instants of a local wall-clock time: two where it occurs twice, and where it does not occur
    /// the first after the gap.
    pub(crate) fn instants(&self, local: NaiveDateTime) -> Vec<DateTime<Utc>> {
        let found = self.zone.from_local_datetime(&local);
        let latest = found.latest().map(|latest| latest.to_utc());
        let mut instants = vec![self.instant(local)];
        instants.extend(latest.filter(|latest| !instants.contains(latest)));
        instants
    }

    /// When clocks change on a local day, if they do.
    pub(crate) fn clock_change(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let (start, end) = self.bounds(Period::Day(day));
        (self.offset(start) != self.offset(end)).then(|| self.change_between(start, end))
    }

    /// The first instant after the change of clocks that a skipped local time lies in. Gaps last
    /// hours at most.
    fn gap_end(&self, inside_or_after: DateTime<Utc>) -> DateTime<Utc> {
        self.change_between(inside_or_after - TimeDelta::days(1), inside_or_after)
    }

    /// The first instant after the change of clocks that lies between two instants.
    fn change_between(&self, before: DateTime<Utc>, after: DateTime<Utc>) -> DateTime<Utc> {
        // Offsets change at whole minutes.
        let (mut low, mut high) = (before, after);
        while high - low > TimeDelta::seconds(1) {
            let middle = low + (high - low) / 2;
            if self.offset(middle) == self.offset(after) { high = middle } else { low = middle }
        }
        DateTime::from_timestamp(high.timestamp(), 0).unwrap_or(high)
    }

    fn offset(&self, at: DateTime<Utc>) -> FixedOffset {
        self.zone.offset_from_utc_datetime(&at.naive_utc()).fix()
    }
}

fn first_of(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn amsterdam() -> Calendar {
        let holidays = ["2026-05-05", "2026-05-14", "2026-05-25"].map(day).into();
        Calendar { fiscal_year_start: 4, holidays, ..Calendar::plain(chrono_tz::Europe::Amsterdam) }
    }

    #[test]
    fn a_day_lies_in_one_period_of_each_frequency() {
        let calendar = amsterdam();
        let cases = [
            ("2026-03-31", "2026-W14", "2026-03", "FY2026-Q4", "FY2026-H2", "FY2026"),
            ("2026-04-01", "2026-W14", "2026-04", "FY2027-Q1", "FY2027-H1", "FY2027"),
            ("2027-01-01", "2026-W53", "2027-01", "FY2027-Q4", "FY2027-H2", "FY2027"),
        ];
        for (date, week, month, quarter, half, year) in cases {
            let frequencies = [
                (Frequency::Week, week),
                (Frequency::Month, month),
                (Frequency::Quarter, quarter),
                (Frequency::Half, half),
                (Frequency::Year, year),
            ];
            for (frequency, key) in frequencies {
                let period = calendar.period_of(frequency, day(date));
                assert_eq!(period.to_string(), key);
                assert!(calendar.first_day(period) <= day(date));
                assert!(day(date) <= calendar.last_day(period));
            }
        }
    }

    #[test]
    fn a_week_is_part_of_one_year_and_of_one_quarter() {
        let check = |calendar: &Calendar, longer, key: &str, expected: &str| {
            let first = calendar.first_within(longer, Period::parse(key).unwrap());
            assert_eq!(first.to_string(), expected, "{key}");
        };
        let plain = Calendar::plain(chrono_tz::UTC);
        check(&plain, Frequency::Year, "2026-W01", "2026-W01"); // from 29 December 2025
        check(&plain, Frequency::Year, "2026-W02", "2026-W01");
        check(&plain, Frequency::Year, "2026-W53", "2026-W01"); // to 3 January 2027
        check(&plain, Frequency::Year, "2027-W01", "2027-W01");
        check(&plain, Frequency::Quarter, "2026-W13", "2026-W01");
        check(&plain, Frequency::Quarter, "2026-W14", "2026-W14"); // from 30 March 2026
        check(&amsterdam(), Frequency::Year, "2026-W13", "2025-W14");
        check(&amsterdam(), Frequency::Year, "2026-W20", "2026-W14");
        check(&amsterdam(), Frequency::Year, "2026-05", "2026-04");
        check(&amsterdam(), Frequency::Quarter, "2026-05-31", "2026-04-01");
        check(&amsterdam(), Frequency::Quarter, "FY2027-H2", "FY2027-H2");
    }

    #[test]
    fn a_january_year_and_a_start_label_keep_the_calendar_year() {
        let plain = Calendar::plain(chrono_tz::UTC);
        assert_eq!(plain.period_of(Frequency::Year, day("2026-07-01")), Period::Year(2026));
        let by_start = Calendar { fiscal_label: FiscalLabel::Start, ..amsterdam() };
        assert_eq!(by_start.period_of(Frequency::Year, day("2026-04-01")), Period::Year(2026));
        assert_eq!(by_start.first_day(Period::Year(2026)), day("2026-04-01"));
    }

    #[test]
    fn a_period_is_between_local_midnights() {
        let (start, end) = amsterdam().bounds(Period::Month(2026, 3));
        assert_eq!(start.to_rfc3339(), "2026-02-28T23:00:00+00:00");
        assert_eq!(end.to_rfc3339(), "2026-03-31T22:00:00+00:00");
    }

    #[test]
    fn days_have_23_or_25_hours_when_clocks_change() {
        for (date, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)] {
            let (start, end) = amsterdam().bounds(Period::Day(day(date)));
            assert_eq!((end - start).num_hours(), hours, "{date}");
        }
    }

    #[test]
    fn a_skipped_midnight_is_the_first_instant_after_it() {
        // Beirut skips from 00:00 to 01:00 on the last Sunday of March.
        let beirut = Calendar::plain(chrono_tz::Asia::Beirut);
        assert_eq!(beirut.midnight(day("2026-03-29")).to_rfc3339(), "2026-03-28T22:00:00+00:00");
    }

    #[test]
    fn due_dates_skip_days_off() {
        let calendar = amsterdam();
        assert_eq!(calendar.due(Period::Month(2026, 4), Lag::WorkingDays(5)), day("2026-05-08"));
        assert_eq!(calendar.due(Period::Month(2026, 5), Lag::WorkingDays(2)), day("2026-06-02"));
        assert_eq!(calendar.due(Period::Month(2026, 4), Lag::Days(5)), day("2026-05-05"));
        assert_eq!(calendar.due(Period::Month(2026, 5), Lag::WorkingDays(0)), day("2026-05-31"));
        assert_eq!(calendar.working_days(day("2026-05-01"), day("2026-05-31")), 18);
    }

    #[test]
    fn a_closure_takes_out_only_what_lies_wholly_within_it() {
        let mut calendar = amsterdam();
        let name = "summer".to_owned();
        let (first_day, last_day) = (day("2026-07-27"), day("2026-08-09"));
        let summer = Closure { name, first_day, last_day, not_applicable: true };
        calendar.closures = vec![summer.clone()];
        let shut = |calendar: &Calendar, key: &str| calendar.is_shut(Period::parse(key).unwrap());
        let keys = ["2026-W30", "2026-W31", "2026-W32", "2026-W33", "2026-07", "2026-08"];
        let found: Vec<bool> = keys.iter().map(|key| shut(&calendar, key)).collect();
        assert_eq!(found, [false, true, true, false, false, false]);
        calendar.closures = vec![Closure { not_applicable: false, ..summer }];
        assert!(!shut(&calendar, "2026-W31"));
    }
}
