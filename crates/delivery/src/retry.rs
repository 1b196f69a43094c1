//! When a delivery is tried again: data, and one pure function over it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::send_error::SendError;

/// How long to wait after each failed attempt; the last wait repeats. A hiccup is over in
/// seconds, a mail server's greylisting in minutes, a weekend's outage on Monday.
const WAITS: [TimeDelta; 8] = [
    TimeDelta::seconds(10),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(5),
    TimeDelta::minutes(15),
    TimeDelta::minutes(30),
    TimeDelta::hours(1),
    TimeDelta::hours(2),
];

/// A server that is away over the longest weekend takes it after that, as RFC 5321 wants; older, it is
/// given up, and operators are notified.
const AGE_MAX: TimeDelta = TimeDelta::days(5);

/// The share of a wait that jitter takes off at most, so that deliveries which failed together do
/// not come back together.
const JITTER: f64 = 0.25;

/// What becomes of a delivery after a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is due again then.
    Due(DateTime<Utc>),
    /// It is given up: why, for operators.
    GaveUp(String),
}

/// One failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// When the delivery was written.
    pub written_at: DateTime<Utc>,
    /// How many attempts were made, this one included.
    pub attempts: u32,
    /// Why it failed.
    pub error: &'a SendError,
}

/// What becomes of a delivery after a failed attempt at `now`; `jitter` is a random fraction, 0 to
/// 1. A receiver that asks for more patience than the schedule gets it, within the age limit.
pub fn next(attempt: Attempt<'_>, jitter: f64, now: DateTime<Utc>) -> Next {
    let (after, message) = match attempt.error {
        SendError::GiveUp { message } => return Next::GaveUp(message.clone()),
        SendError::Retry { after, message } => (*after, message.clone()),
        SendError::Unreachable { message } => (None, message.clone()),
        blocked @ SendError::Blocked(_) => (None, blocked.to_string()),
    };
    let wait = jittered(wait_of(attempt.attempts), jitter).max(asked(after));
    // What waits for operators waits as long as they take; they hear of it every day.
    let is_blocked = matches!(attempt.error, SendError::Blocked(_));
    let is_young = |due: &DateTime<Utc>| is_blocked || *due - attempt.written_at <= AGE_MAX;
    match now.checked_add_signed(wait).filter(is_young) {
        Some(due) => Next::Due(due),
        None => Next::GaveUp(format!(
            "not delivered within {} days and {} attempts; the last one: {message}",
            AGE_MAX.num_days(),
            attempt.attempts,
        )),
    }
}

fn wait_of(attempts: u32) -> TimeDelta {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    WAITS[at.min(WAITS.len() - 1)]
}

fn jittered(wait: TimeDelta, jitter: f64) -> TimeDelta {
    let kept = 1.0 - JITTER * jitter.clamp(0.0, 1.0);
    let millis = Duration::from_millis(wait.num_milliseconds().unsigned_abs()).mul_f64(kept);
    TimeDelta::from_std(millis).unwrap_or(wait)
}

fn asked(after: Option<Duration>) -> TimeDelta {
    after.map_or(TimeDelta::zero(), |after| TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_trouble::ConfigTrouble;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn refused(after: Option<u64>) -> SendError {
        SendError::Retry {
            after: after.map(Duration::from_secs),
            message: "mail.internal said 451".to_owned(),
        }
    }

    fn wait_secs(attempts: u32, after: Option<u64>, jitter: f64) -> i64 {
        let now = at("2026-06-03T06:00:00Z");
        let attempt = Attempt { written_at: now, attempts, error: &refused(after) };
        match next(attempt, jitter, now) {
            Next::Due(due) => (due - now).num_seconds(),
            Next::GaveUp(why) => panic!("{why}"),
        }
    }

    #[test]
    fn waits_grow_and_then_stay() {
        let waits: Vec<i64> = (1..=10).map(|attempts| wait_secs(attempts, None, 0.0)).collect();
        assert_eq!(waits, [10, 30, 120, 300, 900, 1800, 3600, 7200, 7200, 7200]);
    }

    #[test]
    fn jitter_shortens_by_a_quarter_at_most() {
        assert_eq!(wait_secs(3, None, 1.0), 90);
        assert_eq!(wait_secs(3, None, 0.5), 105);
        assert_eq!(wait_secs(3, None, f64::NAN.max(7.0)), 90);
    }

    #[test]
    fn a_receiver_may_ask_for_more_patience_not_for_less() {
        assert_eq!(wait_secs(1, Some(600), 1.0), 600);
        assert_eq!(wait_secs(8, Some(1), 0.0), 7200);
    }

    #[test]
    fn old_news_and_refusals_are_given_up_with_the_reason() {
        let written_at = at("2026-06-03T06:00:00Z");
        let late = at("2026-06-08T05:30:00Z");
        let error = refused(None);
        let gave_up = next(Attempt { written_at, attempts: 40, error: &error }, 0.0, late);
        assert_eq!(
            gave_up,
            Next::GaveUp(
                "not delivered within 5 days and 40 attempts; the last one: mail.internal said 451"
                    .to_owned()
            )
        );
        // The longest weekend is waited for, and what operators have to fix as long as they take.
        let monday = at("2026-06-07T20:00:00Z");
        let next_of = |error| next(Attempt { written_at, attempts: 40, error }, 0.0, monday);
        assert!(matches!(next_of(&error), Next::Due(_)));
        let trouble = ConfigTrouble { key: "k".into(), summary: "s".into(), lines: Vec::new() };
        let blocked = SendError::Blocked(Box::new(trouble));
        let attempt = Attempt { written_at, attempts: 400, error: &blocked };
        assert!(matches!(next(attempt, 0.0, at("2026-07-20T06:00:00Z")), Next::Due(_)));
        let error = SendError::GiveUp { message: "550 no such user".to_owned() };
        let gave_up = next(Attempt { written_at, attempts: 1, error: &error }, 0.0, written_at);
        assert_eq!(gave_up, Next::GaveUp("550 no such user".to_owned()));
    }
}
