//! The places of a connection: how many ask it at once, and how those that hang leave places to
//! those that do not.
//!
//! A question in good standing takes any place. One that takes much longer than usual is slow, and so
//! is one that was not answered in time when it was last asked: the slow have three places of four
//! at most, and all of them only where there is one. If the slow have all of theirs, a question that
//! becomes slow while others wait gives up its place, and is asked again among the slow.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{AcquireError, Semaphore, SemaphorePermit, watch},
    time::{Instant, sleep},
};

use crate::fault::Fault;

/// Of four places one is kept for those that do not hang.
const KEPT_OF: usize = 4;

/// So many times as long as usual is slow.
const USUAL_TIMES: u32 = 4;

/// Nothing is slow sooner than this, however fast it is usually: a machine may be busy.
const PATIENCE_MIN: Duration = Duration::from_millis(500);

/// What was never answered yet is slow after a quarter of its time, and no later than this.
const PATIENCE_FIRST: Duration = Duration::from_secs(2);

/// The places of one connection.
#[derive(Debug)]
pub(crate) struct Places {
    all: Semaphore,
    slow: Semaphore,
    /// Questions in good standing that wait for a place.
    waiting: watch::Sender<usize>,
}

/// How a request fares.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Known>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// How long an answer takes.
    usual: Option<Duration>,
    /// Whether it was not answered in time when it was last asked.
    is_slow: bool,
}

/// A place that is held.
#[derive(Debug)]
pub(crate) struct HeldPlace<'p> {
    places: &'p Places,
    _one: SemaphorePermit<'p>,
    slow: Option<SemaphorePermit<'p>>,
}

/// One that waits, for as long as it does.
struct WaitingForPlace<'p>(&'p watch::Sender<usize>);

impl<'p> WaitingForPlace<'p> {
    fn new(count: &'p watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for WaitingForPlace<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Places {
    /// So many, one at least.
    pub(crate) fn new(count: usize) -> Self {
        let count = count.max(1);
        let slow = (count - count.div_ceil(KEPT_OF)).max(1);
        let (all, slow) = (Semaphore::new(count), Semaphore::new(slow));
        Self { all, slow, waiting: watch::Sender::new(0) }
    }

    /// Waits for a place, as long as it takes.
    pub(crate) async fn place(&self, pace: &Pace) -> Result<HeldPlace<'_>, AcquireError> {
        let (slow, one) = if pace.known().is_slow {
            let slow = self.slow.acquire().await?;
            (Some(slow), self.all.acquire().await?)
        } else if let Ok(free) = self.all.try_acquire() {
            (None, free)
        } else {
            let _waiting = WaitingForPlace::new(&self.waiting);
            (None, self.all.acquire().await?)
        };
        Ok(HeldPlace { places: self, _one: one, slow })
    }

    /// How many are free.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.all.available_permits()
    }
}

impl HeldPlace<'_> {
    /// The answer; none where the place is wanted by others, and the question is to be asked again.
    /// That happens only to what `may_be_repeated`. `timeout` is how long it may take.
    pub(crate) async fn ask<T>(
        &mut self,
        pace: &Pace,
        timeout: Duration,
        may_be_repeated: bool,
        becomes_slow: impl FnOnce(),
        asking: impl Future<Output = Result<T, Fault>>,
    ) -> Option<Result<T, Fault>> {
        let (begun, mut asking) = (Instant::now(), pin!(asking));
        let patience = pace.patience(timeout);
        let soon = tokio::select! {
            biased;
            answer = &mut asking => Some(answer),
            () = sleep(patience) => None,
        };
        let answer = match soon {
            Some(answer) => answer,
            None => {
                becomes_slow();
                self.slowly(may_be_repeated, asking).await?
            }
        };
        pace.note(&answer, begun.elapsed());
        Some(answer)
    }

    async fn slowly<A>(
        &mut self,
        may_be_repeated: bool,
        asking: impl Future<Output = A>,
    ) -> Option<A> {
        let mut asking = pin!(asking);
        if self.slow.is_none() {
            let mut waiting = self.places.waiting.subscribe();
            tokio::select! {
                biased;
                answer = &mut asking => return Some(answer),
                slow = self.places.slow.acquire() => self.slow = slow.ok(),
                _ = waiting.wait_for(|count| *count > 0), if may_be_repeated => return None,
            }
        }
        Some(asking.await)
    }
}

impl Pace {
    fn known(&self) -> Known {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It gave up its place, and is asked among the slow from now on.
    pub(crate) fn is_slow(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_slow = true;
    }

    fn patience(&self, timeout: Duration) -> Duration {
        match self.known().usual {
            Some(usual) => (usual * USUAL_TIMES).max(PATIENCE_MIN),
            None => (timeout / 4).min(PATIENCE_FIRST),
        }
    }

    fn note<T>(&self, answer: &Result<T, Fault>, took: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.is_slow = matches!(answer, Err(Fault::Hung(_)));
        if answer.is_ok() {
            // Longer at once, shorter by and by.
            let halfway = |usual: Duration| (usual + took) / 2;
            known.usual = Some(known.usual.map_or(took, halfway).max(took));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::future::join_all;

    use super::*;

    /// What was never answered is slow after a quarter of it.
    const TIMEOUT: Duration = Duration::from_millis(40);

    /// Asks until there is an answer, as a connection does. What hangs is never answered.
    async fn ask(places: &Places, pace: &Pace, hangs: bool, may_be_repeated: bool) {
        loop {
            let mut place = places.place(pace).await.unwrap();
            let asking = async {
                if hangs {
                    pending::<()>().await;
                }
                Ok(())
            };
            if place.ask(pace, TIMEOUT, may_be_repeated, || (), asking).await.is_some() {
                return;
            }
            pace.is_slow();
        }
    }

    #[tokio::test]
    async fn what_hangs_leaves_a_place_to_others_as_soon_as_it_is_slow() {
        for (count, may_be_repeated) in [(2, true), (4, true), (6, true), (16, false)] {
            let places = Places::new(count);
            let paces: Vec<Pace> = (0..12).map(|_| Pace::default()).collect();
            let (hanging, well) = paces.split_at(6);
            let ask = |hangs: bool| {
                let places = &places;
                move |pace| ask(places, pace, hangs, may_be_repeated)
            };
            tokio::select! {
                biased;
                _ = join_all(hanging.iter().map(ask(true))) => panic!("none hangs"),
                _ = join_all(well.iter().map(ask(false))) => {}
            }
        }
    }

    #[tokio::test]
    async fn what_is_known_to_hang_never_takes_all_places() {
        for count in [2, 4, 5, 20, 64] {
            let places = Places::new(count);
            let paces: Vec<Pace> = (0..100).map(|_| Pace::default()).collect();
            paces.iter().for_each(Pace::is_slow);
            let well = Pace::default();
            let hanging = join_all(paces.iter().map(|pace| ask(&places, pace, true, false)));
            tokio::select! {
                biased;
                _ = hanging => panic!("none hangs"),
                () = ask(&places, &well, false, false) => {}
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_as_long_as_usual_keeps_its_place() {
        let (places, pace) = (Places::new(4), Pace::default());
        let _others: Vec<_> = (0..3).map(|_| places.slow.try_acquire().unwrap()).collect();
        let _waiting = WaitingForPlace::new(&places.waiting);
        let asked = async |pace: &Pace, times: usize| {
            let mut place = places.place(pace).await.unwrap();
            let asking = async {
                for _ in 0..times {
                    sleep(TIMEOUT / 2).await;
                }
                Ok(())
            };
            place.ask(pace, TIMEOUT, true, || (), asking).await.is_some()
        };
        assert!(!asked(&pace, 1).await, "nobody knows how long it takes");
        pace.note(&Ok(()), TIMEOUT / 2);
        assert!(asked(&pace, 1).await);
    }

    #[test]
    fn patience_follows_what_is_usual_and_what_recovers_is_slow_no_more() {
        let (pace, long) = (Pace::default(), Duration::from_secs(30));
        assert_eq!(pace.patience(long), PATIENCE_FIRST);
        assert_eq!(pace.patience(TIMEOUT), TIMEOUT / 4);
        for (took, patience) in [(1, 4), (8, 32), (2, 20), (2, 14)] {
            pace.note(&Ok(()), Duration::from_secs(took));
            assert_eq!(pace.patience(long), Duration::from_secs(patience), "{took}");
        }
        pace.note::<()>(&Err(Fault::Hung("gave no answer".to_owned())), long);
        assert!(pace.known().is_slow);
        pace.note(&Ok(()), Duration::from_secs(1));
        assert!(!pace.known().is_slow);
    }

    #[tokio::test]
    async fn one_that_is_given_up_waits_no_longer() {
        let (places, pace, second) = (Places::new(1), Pace::default(), Pace::default());
        let held = places.place(&pace).await.unwrap();
        assert!(tokio::time::timeout(TIMEOUT, places.place(&second)).await.is_err());
        assert_eq!(*places.waiting.borrow(), 0);
        drop(held);
        assert_eq!(places.free(), 1);
    }
}
