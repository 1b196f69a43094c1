//! How often something may be asked: by the minute.

use std::{collections::HashMap, sync::Mutex};

use chrono::{DateTime, Utc};

/// What one person or token changes in a minute: more than anybody does by hand, and few enough that the
/// engine does not notice.
pub(super) const CHANGES_PER_MINUTE_MAX: u32 = 30;

/// A minute, and the requests in it.
#[derive(Debug, Default)]
pub(super) struct Minute {
    number: i64,
    requests: u32,
}

/// What each person and each token has changed this minute. There are as many as the configuration names.
#[derive(Debug, Default)]
pub struct ChangesByActor(Mutex<HashMap<String, Minute>>);

impl Minute {
    /// Counts a request; says how many seconds to wait where there were too many.
    pub(super) fn count(&mut self, requests_max: u32, now: DateTime<Utc>) -> Result<(), u64> {
        let number = now.timestamp().div_euclid(60);
        if number != self.number {
            *self = Self { number, requests: 0 };
        }
        if self.requests >= requests_max {
            return Err(60 - now.timestamp().rem_euclid(60).unsigned_abs());
        }
        self.requests += 1;
        Ok(())
    }
}

impl ChangesByActor {
    /// Counts a change of somebody's; says how many seconds to wait where there were too many.
    pub(super) fn count(&self, actor: &str, now: DateTime<Utc>) -> Result<(), u64> {
        // Whoever panicked with it left no count that is wrong.
        let mut minutes = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let minute = minutes.entry(actor.to_owned()).or_default();
        minute.count(CHANGES_PER_MINUTE_MAX, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_requests_and_the_next_one_begins_anew() {
        let mut minute = Minute::default();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (early, late) = (at("2026-06-03T06:00:05Z"), at("2026-06-03T06:00:58Z"));
        assert_eq!(minute.count(2, early), Ok(()));
        assert_eq!(minute.count(2, early), Ok(()));
        assert_eq!(minute.count(2, early), Err(55));
        assert_eq!(minute.count(2, late), Err(2));
        assert_eq!(minute.count(2, at("2026-06-03T06:01:00Z")), Ok(()));
    }

    #[test]
    fn nobody_takes_what_others_may_change() {
        let changes = ChangesByActor::default();
        let now = "2026-06-03T06:00:05Z".parse().unwrap();
        for _ in 0..CHANGES_PER_MINUTE_MAX {
            assert_eq!(changes.count("ines", now), Ok(()));
        }
        assert_eq!(changes.count("ines", now), Err(55));
        assert_eq!(changes.count("tom", now), Ok(()));
    }
}
