//! What keeps a connection that fails from being asked by everybody: its circuit, lived.

use std::sync::Arc;

use chrono_tz::Tz;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    circuit_breaker::{Admission, Change, Circuit},
    fault::Fault,
    retry::CHANCE,
};
use kpid_clock::Clock;
use kpid_rules::model::Id;

type Listener = dyn Fn(&Id, bool) + Send + Sync;

/// Hears of each connection that is left alone from now on, or asked again.
#[derive(Clone)]
pub struct CircuitWatcher(Arc<Listener>);

impl CircuitWatcher {
    /// Calls this with the connection, and whether it is left alone.
    pub fn new(hear: impl Fn(&Id, bool) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    fn tell(&self, id: &Id, is_left_alone: bool) {
        (self.0)(id, is_left_alone);
    }
}

impl std::fmt::Debug for CircuitWatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CircuitWatcher")
    }
}

/// Guards one connection.
#[derive(Debug)]
pub(crate) struct Guard {
    id: Id,
    clock: Clock,
    circuit: watch::Sender<Circuit>,
    watcher: CircuitWatcher,
}

/// A question that may be asked. One that is dropped before it is settled was given up.
#[derive(Debug)]
pub(crate) struct Entry<'g> {
    guard: &'g Guard,
    is_trial: bool,
    is_settled: bool,
}

impl Guard {
    /// Of a connection that nothing is known of.
    pub(crate) fn new(id: Id, clock: Clock, watcher: CircuitWatcher) -> Self {
        watcher.tell(&id, false);
        Self { id, clock, circuit: watch::Sender::default(), watcher }
    }

    /// Whether the connection is left alone.
    pub(crate) fn is_open(&self) -> bool {
        self.circuit.borrow().is_open()
    }

    /// Lets a question pass, at once or when the one that tries is back; else says why not, with
    /// times in this zone.
    pub(crate) async fn enter(&self, zone: Tz) -> Result<Entry<'_>, Fault> {
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
    pub(crate) fn settle<T>(mut self, answer: &Result<T, Fault>) {
        self.is_settled = true;
        let Guard { id, clock, circuit, watcher } = self.guard;
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
                watcher.tell(id, true);
                let because = trouble.map_or("", Fault::words);
                warn!(connection, %until, "the connection `{connection}` is left alone for a while: {because}");
            }
            Some(Change::Closed) => {
                watcher.tell(id, false);
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
        Guard::new(Id::parse("erp").unwrap(), clock, CircuitWatcher::new(|_, _| ()))
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
