//! When everything is looked at: `?at=2026-05`, a day, or an instant.

use chrono::{DateTime, Utc};

use kpid_board::Moment;
use kpid_rules::{
    model::{Calendar, Period, Portfolio},
    series::History,
};

/// What is written in an address; nothing is the present. None if it is no moment.
pub(super) fn parse(text: Option<&str>, calendar: &Calendar) -> Option<Moment> {
    let Some(text) = text else { return Some(Moment::Present) };
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(Moment::Instant(instant.to_utc()));
    }
    Some(match Period::parse(text).ok()? {
        // As with `kpid show --as-of`: what was known at the end of that day.
        day @ Period::Day(_) => Moment::Instant(calendar.bounds(day).1),
        period => Moment::PeriodEnd(period),
    })
}

/// The instant of a moment.
pub(super) fn instant(moment: Moment, calendar: &Calendar, now: DateTime<Utc>) -> DateTime<Utc> {
    match moment {
        Moment::Present => now,
        // What is to come has not been: nothing is judged for later than now.
        Moment::PeriodEnd(period) => calendar.bounds(period).1.min(now),
        Moment::Instant(at) => at.min(now),
    }
}

/// What is known at a moment of what is held.
pub(super) fn known(history: History, moment: Moment, portfolio: &Portfolio) -> History {
    match moment {
        Moment::Present => history,
        Moment::Instant(at) => history.as_of(at),
        Moment::PeriodEnd(named) => history.of_periods(|kpi, period| {
            portfolio.scorecard(&kpi.scorecard).is_some_and(|scorecard| {
                let calendar = &scorecard.calendar;
                calendar.last_day(period) <= calendar.last_day(named)
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_a_day_and_an_instant_are_moments_and_nothing_else_is() {
        let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (text, moment) in [
            (None, Some(Moment::Present)),
            (Some("2026-05"), Some(Moment::PeriodEnd(Period::Month(2026, 5)))),
            (Some("FY2027-Q1"), Some(Moment::PeriodEnd(Period::Quarter(2027, 1)))),
            (Some("2026-05-31"), Some(Moment::Instant(at("2026-05-31T22:00:00Z")))),
            (Some("2026-05-31T18:00:00+02:00"), Some(Moment::Instant(at("2026-05-31T16:00:00Z")))),
            (Some("May"), None),
            (Some("2026-13"), None),
            (Some("99999999-01"), None),
        ] {
            assert_eq!(parse(text, &calendar), moment, "{text:?}");
        }
        let now = at("2026-06-03T00:00:00Z");
        let end = |moment| instant(moment, &calendar, now);
        assert_eq!(end(Moment::PeriodEnd(Period::Month(2026, 5))), at("2026-05-31T22:00:00Z"));
        assert_eq!(end(Moment::PeriodEnd(Period::Month(2026, 9))), now, "the future has not been");
    }
}
