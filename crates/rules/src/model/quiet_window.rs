//! Times that come back every week in which nobody wants to hear of alerts.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};

use crate::model::calendar::Calendar;

/// A window of local time on some days of the week. What it keeps back is told after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietWindow {
    /// The days on which it begins; all of them if there are none.
    pub days: Vec<Weekday>,
    /// When it begins.
    pub from: NaiveTime,
    /// When it ends: on the next day, if that is not later than its beginning.
    pub to: NaiveTime,
}

impl QuietWindow {
    /// Whether it holds at a local wall-clock time.
    pub fn holds(&self, at: NaiveDateTime) -> bool {
        let yesterday = at.date().checked_sub_days(Days::new(1));
        self.holds_since(at.date(), at) || yesterday.is_some_and(|day| self.holds_since(day, at))
    }

    /// The instants of a local day at which it may begin or end: a change of clocks is one.
    pub(crate) fn turns(&self, calendar: &Calendar, day: NaiveDate) -> Vec<DateTime<Utc>> {
        let begins = [day.pred_opt(), Some(day)].into_iter().flatten();
        let edges = begins.flat_map(|day| [day.and_time(self.from), self.ends(day)]);
        let instants = edges.flat_map(|edge| calendar.instants(edge));
        instants.chain(calendar.clock_change(day)).collect()
    }

    /// When it ends if it begins on a day.
    fn ends(&self, day: NaiveDate) -> NaiveDateTime {
        let last_day = if self.to <= self.from { day.succ_opt().unwrap_or(day) } else { day };
        last_day.and_time(self.to)
    }

    fn holds_since(&self, day: NaiveDate, at: NaiveDateTime) -> bool {
        let begins = self.days.is_empty() || self.days.contains(&day.weekday());
        begins && day.and_time(self.from) <= at && at < self.ends(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(days: &[Weekday], from: &str, to: &str) -> QuietWindow {
        let time = |text: &str| text.parse().unwrap();
        QuietWindow { days: days.to_vec(), from: time(from), to: time(to) }
    }

    fn holding(window: &QuietWindow, times: &[&str]) -> Vec<bool> {
        times.iter().map(|time| window.holds(time.parse().unwrap())).collect()
    }

    #[test]
    fn a_window_may_end_on_the_next_day() {
        // 5 June 2026 is a Friday.
        let nights = window(&[], "19:00:00", "07:00:00");
        let times = [
            "2026-06-05T18:59:59",
            "2026-06-05T19:00:00",
            "2026-06-06T06:59:59",
            "2026-06-06T07:00:00",
        ];
        assert_eq!(holding(&nights, &times), [false, true, true, false]);
        let friday_night = window(&[Weekday::Fri], "19:00:00", "07:00:00");
        let times = [
            "2026-06-05T06:00:00",
            "2026-06-05T20:00:00",
            "2026-06-06T06:00:00",
            "2026-06-06T20:00:00",
        ];
        assert_eq!(holding(&friday_night, &times), [false, true, true, false]);
    }

    #[test]
    fn a_window_without_times_is_the_whole_day() {
        let weekend = window(&[Weekday::Sat, Weekday::Sun], "00:00:00", "00:00:00");
        let times = [
            "2026-06-05T23:59:59",
            "2026-06-06T00:00:00",
            "2026-06-07T23:59:59",
            "2026-06-08T00:00:00",
        ];
        assert_eq!(holding(&weekend, &times), [false, true, true, false]);
    }
}
