//! The hours in which people are mailed about performance: what is written outside of them waits
//! for their next begin.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};

use crate::model::calendar::{CLOSED_DAYS_MAX, Calendar};

/// Hours of local time on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingHours {
    /// The days on which they begin.
    pub days: HoursOn,
    /// When they begin.
    pub from: NaiveTime,
    /// When they end: on the next day, if that is not later than their beginning.
    pub to: NaiveTime,
}

/// The days on which hours begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoursOn {
    /// The working days of the calendar: no weekend, holiday or closure.
    WorkingDays,
    /// These days of the week, whatever the calendar says.
    Weekdays(Vec<Weekday>),
}

impl WorkingHours {
    /// When what is written at `now` may leave: now, or when the hours next begin. Hours that never
    /// come again hold nothing back.
    pub fn opening(&self, calendar: &Calendar, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = calendar.local_day(now);
        // Hours that began yesterday may go on.
        let first = today.pred_opt().unwrap_or(today);
        let days = first.iter_days().take(CLOSED_DAYS_MAX as usize);
        let hours = days.filter(|day| self.begin_on(calendar, *day));
        let mut hours = hours.map(|day| self.bounds(calendar, day));
        let next = hours.find(|(begin, end)| begin < end && now < *end);
        next.map_or(now, |(begin, _)| begin.max(now))
    }

    fn begin_on(&self, calendar: &Calendar, day: NaiveDate) -> bool {
        match &self.days {
            HoursOn::WorkingDays => calendar.is_working_day(day),
            HoursOn::Weekdays(days) => days.contains(&day.weekday()),
        }
    }

    fn bounds(&self, calendar: &Calendar, day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
        let last_day = if self.to <= self.from { day.succ_opt().unwrap_or(day) } else { day };
        (calendar.instant(day.and_time(self.from)), calendar.instant(last_day.and_time(self.to)))
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn hours(days: HoursOn, from: &str, to: &str) -> WorkingHours {
        WorkingHours { days, from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    fn usual() -> WorkingHours {
        hours(HoursOn::WorkingDays, "07:00:00", "19:00:00")
    }

    /// Written at, leaves at: both as local time of the zone.
    fn check(hours: &WorkingHours, zone: Tz, cases: &[(&str, &str)]) {
        let holidays = ["2026-05-05", "2026-05-14", "2026-05-25"];
        let holidays = holidays.iter().map(|day| day.parse().unwrap()).collect();
        let calendar = Calendar { holidays, ..Calendar::plain(zone) };
        for (written, leaves) in cases {
            let written: DateTime<Utc> = written.parse().unwrap();
            let opening = hours.opening(&calendar, written).with_timezone(&zone);
            assert_eq!(opening.to_rfc3339(), *leaves, "written {written} in {zone}");
            let again = hours.opening(&calendar, opening.to_utc());
            assert_eq!(again, opening, "hours that have begun are open");
        }
    }

    #[test]
    fn what_is_written_in_the_evening_leaves_in_the_next_morning_of_work() {
        let cases = [
            // A Wednesday: before, at the begin, within, the last moment, the end.
            ("2026-06-03T04:59:59Z", "2026-06-03T07:00:00+02:00"),
            ("2026-06-03T05:00:00Z", "2026-06-03T07:00:00+02:00"),
            ("2026-06-03T10:00:00Z", "2026-06-03T12:00:00+02:00"),
            ("2026-06-03T16:59:59Z", "2026-06-03T18:59:59+02:00"),
            ("2026-06-03T17:00:00Z", "2026-06-04T07:00:00+02:00"),
            // Friday evening; Saturday; the Friday before Whit Monday.
            ("2026-06-05T17:00:00Z", "2026-06-08T07:00:00+02:00"),
            ("2026-06-06T10:00:00Z", "2026-06-08T07:00:00+02:00"),
            ("2026-05-22T17:30:00Z", "2026-05-26T07:00:00+02:00"),
        ];
        check(&usual(), chrono_tz::Europe::Amsterdam, &cases);
    }

    #[test]
    fn hours_are_local_whatever_the_clocks_do() {
        // Clocks go forward on 29 March and back on 25 October 2026, both Sundays.
        let cases = [
            ("2026-03-27T18:30:00Z", "2026-03-30T07:00:00+02:00"),
            ("2026-10-23T17:30:00Z", "2026-10-26T07:00:00+01:00"),
        ];
        check(&usual(), chrono_tz::Europe::Amsterdam, &cases);
        let every = HoursOn::Weekdays(vec![Weekday::Sat, Weekday::Sun]);
        // 02:30 does not come on the 29th, and comes twice on the 25th: the first time counts.
        let nights = hours(every, "02:30:00", "05:00:00");
        let cases = [
            ("2026-03-29T00:00:00Z", "2026-03-29T03:00:00+02:00"),
            ("2026-10-25T00:10:00Z", "2026-10-25T02:30:00+02:00"),
        ];
        check(&nights, chrono_tz::Europe::Amsterdam, &cases);
        check(
            &usual(),
            chrono_tz::Asia::Kolkata,
            &[("2026-06-03T01:00:00Z", "2026-06-03T07:00:00+05:30")],
        );
        check(
            &usual(),
            chrono_tz::America::New_York,
            &[("2026-06-06T01:00:00Z", "2026-06-08T07:00:00-04:00")],
        );
    }

    #[test]
    fn hours_may_end_on_the_next_day() {
        let shift = hours(HoursOn::WorkingDays, "22:00:00", "06:00:00");
        let cases = [
            ("2026-06-06T03:00:00Z", "2026-06-06T05:00:00+02:00"),
            ("2026-06-06T04:00:00Z", "2026-06-08T22:00:00+02:00"),
        ];
        check(&shift, chrono_tz::Europe::Amsterdam, &cases);
        let whole_days = hours(HoursOn::WorkingDays, "00:00:00", "00:00:00");
        let cases = [("2026-06-05T21:59:59Z", "2026-06-05T23:59:59+02:00")];
        check(&whole_days, chrono_tz::Europe::Amsterdam, &cases);
    }

    #[test]
    fn hours_that_never_come_hold_nothing_back() {
        let never = hours(HoursOn::Weekdays(Vec::new()), "07:00:00", "19:00:00");
        let cases = [("2026-06-06T03:00:00Z", "2026-06-06T05:00:00+02:00")];
        check(&never, chrono_tz::Europe::Amsterdam, &cases);
    }
}
