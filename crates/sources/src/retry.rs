//! Asking once more, while there is time, what only failed because of the moment.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// How long a system that is busy, or was not reached, is left before it is asked again, a quarter
/// more or less by chance: a system that restarts or is overrun needs a moment, a round has no more.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];

/// How far chance moves a wait, so that many who failed at once do not come back at once.
pub(crate) const CHANCE: std::ops::Range<f64> = 0.75..1.25;

/// The attempts of one question.
#[derive(Debug)]
pub(crate) struct Attempts {
    waits: &'static [Duration],
    deadline: Instant,
    made: usize,
}

impl Attempts {
    /// Attempts that end when the question's time does.
    pub(crate) fn within(limit: Duration) -> Self {
        Self { waits: &WAITS, deadline: Instant::now() + limit, made: 0 }
    }

    /// What comes of a further attempt; none where the time is over before.
    pub(crate) async fn before_the_end<T>(&self, attempt: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.deadline, attempt).await.ok()
    }

    /// Waits before the next attempt, for as long as was `asked` for, or as usual; false where
    /// there is none.
    pub(crate) async fn pause(&mut self, asked: Option<Duration>) -> bool {
        let Some(usual) = self.waits.get(self.made) else { return false };
        let wait = asked.unwrap_or_else(|| usual.mul_f64(rand::random_range(CHANCE)));
        // Who asks for more than there is does not mean this question.
        if wait >= self.deadline.saturating_duration_since(Instant::now()) {
            return false;
        }
        sleep(wait).await;
        self.made += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough to be a wait, and no longer.
    const SHORT: [Duration; 2] = [Duration::from_millis(1); 2];

    #[tokio::test]
    async fn a_question_is_asked_twice_more_while_there_is_time() {
        let (long, short) = (Duration::from_secs(30), Duration::from_secs(1));
        let hour = Some(Duration::from_secs(3600));
        let ever = Some(Duration::MAX);
        for (limit, asked, pauses) in [
            (long, None, [true, true, false]),
            (short, None, [true, true, false]),
            (Duration::ZERO, None, [false, false, false]),
            (long, Some(Duration::ZERO), [true, true, false]),
            (long, hour, [false, false, false]),
            (long, ever, [false, false, false]),
        ] {
            let mut attempts = Attempts { waits: &SHORT, ..Attempts::within(limit) };
            let mut found = Vec::new();
            for _ in pauses {
                found.push(attempts.pause(asked).await);
            }
            assert_eq!(found, pauses, "{limit:?} {asked:?}");
        }
    }
}
