//! What keeps a connection that fails from being asked by everybody, and a request that fails from
//! being sent again and again: their circuits, lived.

use std::sync::{Arc, OnceLock};

use chrono_tz::Tz;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    circuit_breaker::{Admission, Asker, Change, Circuit},
    fault::{Blame, Fault},
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

/// Guards one connection, or one request to it.
#[derive(Debug)]
pub(crate) struct Guard {
    id: Id,
    clock: Clock,
    /// None before the first failure: thousands of requests never fail.
    circuit: OnceLock<watch::Sender<Circuit>>,
    guarded: Guarded,
}

/// What a guard stands before.
#[derive(Debug)]
enum Guarded {
    Connection(CircuitWatcher),
    Request,
}

/// A question that may be asked. One that is dropped before it is settled was given up.
#[derive(Debug)]
pub(crate) struct Entry<'g> {
    guard: &'g Guard,
    /// By which request, if it tries.
    trial: Option<usize>,
}

impl Guard {
    /// Of a connection that nothing is known of.
    pub(crate) fn of_connection(id: Id, clock: Clock, watcher: CircuitWatcher) -> Self {
        watcher.tell(&id, false);
        Self { id, clock, circuit: OnceLock::new(), guarded: Guarded::Connection(watcher) }
    }

    /// Of a request to the same connection, of which nothing is known either.
    pub(crate) fn of_request(&self) -> Self {
        let (id, clock) = (self.id.clone(), self.clock);
        Self { id, clock, circuit: OnceLock::new(), guarded: Guarded::Request }
    }

    /// Whether what it guards is left alone.
    pub(crate) fn is_open(&self) -> bool {
        self.circuit.get().is_some_and(|circuit| circuit.borrow().is_open())
    }

    /// Lets a question pass, at once or when the one that tries is back; else says why not, with
    /// times in this zone.
    pub(crate) async fn enter(&self, asker: Asker, zone: Tz) -> Result<Entry<'_>, Fault> {
        let Some(circuit) = self.circuit.get() else {
            return Ok(Entry { guard: self, trial: None });
        };
        let mut seen = circuit.subscribe();
        loop {
            seen.mark_unchanged();
            let trial = match self.admit(circuit, asker) {
                Admission::Ask => None,
                Admission::Try => Some(asker.request),
                Admission::LeftAlone { until, because } => {
                    let until = until.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z");
                    let what = match self.guarded {
                        Guarded::Connection(_) => format!("the connection `{}`", self.id),
                        Guarded::Request => format!("this request to `{}`", self.id),
                    };
                    return Err(Fault::Question(format!(
                        "not asked: {what} is left alone until {until}, because {because}"
                    )));
                }
                Admission::Wait => {
                    // Refused only when the guard is gone, and so are we.
                    let _ = seen.changed().await;
                    continue;
                }
            };
            return Ok(Entry { guard: self, trial });
        }
    }

    fn admit(&self, circuit: &watch::Sender<Circuit>, asker: Asker) -> Admission {
        let now = self.clock.now();
        let mut admission = Admission::Ask;
        circuit.send_if_modified(|circuit| {
            admission = circuit.admit(now, asker);
            // Who waits, waits for an answer, and not for one more who waits.
            false
        });
        admission
    }

    /// What an answer says of what is guarded; none if it says nothing.
    fn verdict<'a, T>(&self, answer: &'a Result<T, Fault>) -> Option<Result<(), &'a Fault>> {
        let Err(fault) = answer else { return Some(Ok(())) };
        match (&self.guarded, fault.blame()) {
            (Guarded::Connection(_), Blame::System) | (Guarded::Request, Blame::Request) => {
                Some(Err(fault))
            }
            // A server that takes a request and never answers may have taken none.
            (Guarded::Connection(_), Blame::Request) if matches!(fault, Fault::Hung(_)) => None,
            (Guarded::Request, Blame::System) => None,
            (Guarded::Connection(_), Blame::Request | Blame::Nobody)
            | (Guarded::Request, Blame::Nobody) => Some(Ok(())),
        }
    }

    fn tell(&self, change: Change, trouble: &str) {
        let Guarded::Connection(watcher) = &self.guarded else { return };
        let connection = self.id.to_string();
        match change {
            Change::Opened(until) => {
                watcher.tell(&self.id, true);
                warn!(connection, %until, "the connection `{connection}` is left alone for a while: {trouble}");
            }
            Change::Closed => {
                watcher.tell(&self.id, false);
                info!(connection, "the connection `{connection}` answers again");
            }
        }
    }
}

impl Entry<'_> {
    /// Notes what came of the question.
    pub(crate) fn settle<T>(mut self, answer: &Result<T, Fault>) {
        let Some(verdict) = self.guard.verdict(answer) else { return };
        let trial = self.trial.take();
        let (held, now) = (&self.guard.circuit, self.guard.clock.now());
        let circuit = match verdict {
            // What never failed is well.
            Ok(()) => held.get(),
            Err(_) => Some(held.get_or_init(watch::Sender::default)),
        };
        let Some(circuit) = circuit else { return };
        let mut change = None;
        circuit.send_modify(|circuit| {
            change = match verdict {
                Ok(()) => circuit.answered(),
                Err(fault) => circuit.failed(trial, fault, now, rand::random_range(CHANCE)),
            };
        });
        if let Some(change) = change {
            self.guard.tell(change, verdict.err().map_or("", Fault::words));
        }
    }

    /// Keeps those who wait for it no longer: it may never be back.
    pub(crate) fn lets_others_try(&mut self) {
        if self.trial.take().is_some()
            && let Some(circuit) = self.guard.circuit.get()
        {
            circuit.send_modify(Circuit::given_up);
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.lets_others_try();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn guard() -> Guard {
        let clock = Clock::set("2026-06-03T04:00:00Z".parse().unwrap());
        Guard::of_connection(Id::parse("erp").unwrap(), clock, CircuitWatcher::new(|_, _| ()))
    }

    const ONE: Asker = Asker { request: 0, requests: 1 };

    async fn fail(guard: &Guard, times: usize) {
        for _ in 0..times {
            let entry = guard.enter(ONE, chrono_tz::Europe::Amsterdam).await.unwrap();
            entry.settle::<()>(&Err(Fault::System("answered 401".to_owned())));
        }
    }

    #[tokio::test]
    async fn a_connection_that_fails_is_left_alone_in_words() {
        let guard = guard();
        fail(&guard, 5).await;
        assert!(guard.is_open());
        let refused = guard.enter(ONE, chrono_tz::Europe::Amsterdam).await.err().unwrap();
        let words = refused.words();
        let begins = "not asked: the connection `erp` is left alone until 2026-06-03 06:00:";
        assert!(words.starts_with(begins), "{words}");
        assert!(words.ends_with(" CEST, because answered 401"), "{words}");
    }

    #[tokio::test]
    async fn a_question_that_does_not_fit_is_not_the_connections_fault() {
        let guard = guard();
        fail(&guard, 4).await;
        let misfit = Fault::Question("answered 404 Not Found".to_owned());
        guard.enter(ONE, chrono_tz::UTC).await.unwrap().settle::<()>(&Err(misfit));
        fail(&guard, 4).await;
        assert!(!guard.is_open());
    }

    #[tokio::test]
    async fn those_who_wait_for_one_that_tries_go_when_it_is_back_or_given_up() {
        let guard = guard();
        fail(&guard, 5).await;
        let later = Clock::set("2026-06-03T05:00:00Z".parse().unwrap());
        let guard = Guard { clock: later, ..guard };
        let trial = guard.enter(ONE, chrono_tz::UTC).await.unwrap();
        assert!(trial.trial.is_some());
        let mut waiting = Box::pin(guard.enter(ONE, chrono_tz::UTC));
        assert!((&mut waiting).now_or_never().is_none());
        drop(trial);
        let trial = waiting.await.unwrap();
        assert!(trial.trial.is_some(), "another tries");
        let mut waiting = Box::pin(guard.enter(ONE, chrono_tz::UTC));
        assert!((&mut waiting).now_or_never().is_none());
        trial.settle(&Ok(()));
        assert!(waiting.await.unwrap().trial.is_none());
        assert!(!guard.is_open());
    }

    /// What is left alone after five times this: the connection, or the request.
    async fn left_alone_after(fault: &Fault) -> [bool; 2] {
        let connection = guard();
        let request = connection.of_request();
        for _ in 0..5 {
            for guard in [&connection, &request] {
                let entry = guard.enter(ONE, chrono_tz::UTC).await.unwrap();
                entry.settle::<()>(&Err(fault.clone()));
            }
        }
        [connection.is_open(), request.is_open()]
    }

    #[tokio::test]
    async fn what_one_endpoint_does_is_said_of_its_request_and_what_any_would_meet_of_the_connection()
     {
        let words = || "words".to_owned();
        let busy = |blame| Fault::Busy { words: words(), asked: Default::default(), blame };
        for (fault, left_alone) in [
            (Fault::Unreached(words()), [true, false]),
            (Fault::System(words()), [true, false]),
            (busy(Blame::System), [true, false]),
            (busy(Blame::Request), [false, true]),
            (Fault::Endpoint(words()), [false, true]),
            (Fault::BrokeOff(words()), [false, true]),
            (Fault::Hung(words()), [false, true]),
            (Fault::Question(words()), [false, false]),
        ] {
            assert_eq!(left_alone_after(&fault).await, left_alone, "{fault:?}");
        }
    }

    #[tokio::test]
    async fn a_trial_that_is_not_answered_in_time_says_nothing_and_another_tries() {
        let guard = guard();
        fail(&guard, 5).await;
        let later = Clock::set("2026-06-03T05:00:00Z".parse().unwrap());
        let guard = Guard { clock: later, ..guard };
        let mut trial = guard.enter(ONE, chrono_tz::UTC).await.unwrap();
        trial.lets_others_try();
        let another = guard.enter(ONE, chrono_tz::UTC).await.unwrap();
        trial.settle::<()>(&Err(Fault::Hung("gave no answer".to_owned())));
        assert!(another.trial.is_some() && guard.is_open());
        another.settle(&Ok(()));
        assert!(!guard.is_open());
    }
}
