//! The only place that asks the time. Everything else takes an instant as an argument; what runs
//! on its own, the daemon, is given a clock.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Where a running daemon gets the present instant from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's wall clock.
    System,
    /// A clock set by hand that runs on at the usual speed: what the demo lives by.
    Set {
        /// What it showed when it was set.
        at: DateTime<Utc>,
        /// When it was set.
        since: Instant,
    },
}

impl Clock {
    /// A clock that shows `at` now.
    pub fn set(at: DateTime<Utc>) -> Self {
        Self::Set { at, since: Instant::now() }
    }

    /// The present instant, cut to the microseconds that the store keeps, so that an instant read
    /// back equals the one written.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the time")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Set { at, since } => {
                *at + TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::MAX)
            }
        };
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    /// How long it is until an instant, if nobody sets the clock; nothing once it is over.
    pub fn until(&self, instant: DateTime<Utc>) -> Duration {
        (instant - self.now()).to_std().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_by_hand_runs_on_from_there() {
        let june = DateTime::parse_from_rfc3339("2026-06-09T04:00:00Z").unwrap().to_utc();
        let clock = Clock::set(june);
        let (first, second) = (clock.now(), clock.now());
        assert!(june <= first && first <= second);
        assert!(second - june < TimeDelta::hours(1));
    }
}
