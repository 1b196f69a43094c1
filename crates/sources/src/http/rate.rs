//! No more requests a minute than an API bears: each takes the next free instant.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Spaces requests evenly.
#[derive(Debug)]
pub(crate) struct RequestRate {
    between: Duration,
    next: Mutex<Option<Instant>>,
}

impl RequestRate {
    /// So many a minute at most.
    pub(crate) fn per_minute(most: u32) -> Self {
        Self { between: Duration::from_secs(60) / most.max(1), next: Mutex::new(None) }
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let at = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(at + self.between);
            at
        };
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_no_closer_than_the_rate() {
        let rate = RequestRate::per_minute(6_000);
        let begun = Instant::now();
        for _ in 0..4 {
            rate.turn().await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(30), "{:?}", begun.elapsed());
    }
}
