//! What keeps a connection that fails from being asked by everybody: its circuit, lived.

use std::sync::Arc;

use chrono_tz::Tz;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    clock::Clock,
    scorecard::Id,
    sources::{
        again::CHANCE,
        circuit::{Admission, Change, Circuit},
        fault::Fault,
    },
    telemetry::metrics::Metrics,
};

/// Guards one connection.
#[derive(Debug)]
pub(super) struct Guard {
    id: Id,
    clock: Clock,
    circuit: watch::Sender<Circuit>,
    metrics: Arc<Metrics>,
}

/// A question that may be asked. One that is dropped before it is settled was given up.
#[derive(Debug)]
pub(super) struct Entry<'g> {
    guard: &'g Guard,
    is_trial: bool,
    is_settled: bool,
}

impl Guard {
    /// Of a connection that nothing is known of.
    pub(super) fn new(id: Id, clock: Clock, metrics: Arc<Metrics>) -> Self {
        metrics.leaves_alone(&id.to_string(), false);
        Self { id, clock, circuit: watch::Sender::default(), metrics }
    }

    /// Whether the connection is left alone.
    pub(super) fn is_open(&self) -> bool {
        self.circuit.borrow().is_open()
    }

    /// Lets a question pass, at once or when the one that tries is back; else says why not, with
    /// times in this zone.
    pub(super) async fn enter(&self, zone: Tz) -> Result<Entry<'_>, Fault> {
        let mut seen = self.circuit.subscribe();
        loop {
            seen.mark_unchanged();
            let is_trial = match self.admit() {
                Admission::Ask => false,
                Admission::Try => true,
                Admission::LeftAlone { until, because } => {
                    let until = until.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z");
                    return Err(Fault::Question(format!(
                        "not asked: the connection `{}` is left alone until {until}, because {because}",
                        self.id
                    )));
                }
                Admission::Wait => {
                    // Refused only when the guard is gone, and so are we.
                    let _ = seen.changed().await;
                    continue;
                }
            };
            return Ok(Entry { guard: self, is_trial, is_settled: false });
        }
    }

    fn admit(&self) -> Admission {
        let now = self.clock.now();
        let mut admission = Admission::Ask;
        self.circuit.send_if_modified(|circuit| {
            admission = circuit.admit(now);
            // Who waits, waits for an answer, and not for one more who waits.
            false
        });
        admission
    }
}

impl Entry<'_> {
    /// Notes what came of the question.
    pub(super) fn settle<T>(mut self, answer: &Result<T, Fault>) {
        self.is_settled = true;
        let Guard { id, clock, circuit, metrics } = self.guard;
        let trouble = answer.as_ref().err().filter(|fault| fault.is_of_system());
        let now = clock.now();
        let mut change = None;
        circuit.send_modify(|circuit| {
            change = match trouble {
                None => circuit.answered(),
                Some(fault) => {
                    circuit.failed(self.is_trial, fault, now, rand::random_range(CHANCE))
                }
            };
        });
        let connection = id.to_string();
        match change {
            Some(Change::Opened(until)) => {
                metrics.leaves_alone(&connection, true);
                let because = trouble.map_or("", Fault::words);
                warn!(connection, %until, "the connection `{connection}` is left alone for a while: {because}");
            }
            Some(Change::Closed) => {
                metrics.leaves_alone(&connection, false);
                info!(connection, "the connection `{connection}` answers again");
            }
            None => {}
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if self.is_trial && !self.is_settled {
            self.guard.circuit.send_modify(Circuit::given_up);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn guard() -> Guard {
        let clock = Clock::set("2026-06-03T04:00:00Z".parse().unwrap());
        Guard::new(Id::parse("erp").unwrap(), clock, Arc::default())
    }

    async fn fail(guard: &Guard, times: usize) {
        for _ in 0..times {
            let entry = guard.enter(chrono_tz::Europe::Amsterdam).await.unwrap();
            entry.settle::<()>(&Err(Fault::System("answered 500".to_owned())));
        }
    }

    #[tokio::test]
    async fn a_connection_that_fails_is_left_alone_in_words() {
        let guard = guard();
        fail(&guard, 5).await;
        assert!(guard.is_open());
        let refused = guard.enter(chrono_tz::Europe::Amsterdam).await.err().unwrap();
        let words = refused.words();
        let begins = "not asked: the connection `erp` is left alone until 2026-06-03 06:00:";
        assert!(words.starts_with(begins), "{words}");
        assert!(words.ends_with(" CEST, because answered 500"), "{words}");
    }

    #[tokio::test]
    async fn a_question_that_does_not_fit_is_not_the_connections_fault() {
        let guard = guard();
        fail(&guard, 4).await;
        let misfit = Fault::Question("answered 404 Not Found".to_owned());
        guard.enter(chrono_tz::UTC).await.unwrap().settle::<()>(&Err(misfit));
        fail(&guard, 4).await;
        assert!(!guard.is_open());
    }

    #[tokio::test]
    async fn those_who_wait_for_one_that_tries_go_when_it_is_back_or_given_up() {
        let guard = guard();
        fail(&guard, 5).await;
        let later = Clock::set("2026-06-03T05:00:00Z".parse().unwrap());
        let guard = Guard { clock: later, ..guard };
        let trial = guard.enter(chrono_tz::UTC).await.unwrap();
        assert!(trial.is_trial);
        let mut waiting = Box::pin(guard.enter(chrono_tz::UTC));
        assert!((&mut waiting).now_or_never().is_none());
        drop(trial);
        let trial = waiting.await.unwrap();
        assert!(trial.is_trial, "another tries");
        let mut waiting = Box::pin(guard.enter(chrono_tz::UTC));
        assert!((&mut waiting).now_or_never().is_none());
        trial.settle(&Ok(()));
        assert!(!waiting.await.unwrap().is_trial);
        assert!(!guard.is_open());
    }
}
