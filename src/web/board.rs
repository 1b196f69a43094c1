//! The board: how everything stands, as the engine last committed it. Whoever shows it reads no store:
//! the engine puts up a newer one when somebody wants it, and a reader who waits too long for that has
//! the last one.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot, watch},
    time::timeout,
};

use kpid_rules::{
    alerting::Episode,
    judgement::Standing,
    model::{KpiRef, Scope},
    series::History,
};
use kpid_store::Attempts;

/// How long a reader waits for a newer one: longer than a commit usually takes.
const NEWER_WITHIN: Duration = Duration::from_millis(200);

/// How long a reader waits for what the engine holds, before it reads the store.
const HELD_WITHIN: Duration = Duration::from_millis(500);

/// How everything stands. Scorecards are shared with the engine until they change.
#[derive(Clone, Debug)]
pub struct Posted {
    /// All scorecards, with private ones, at the instant at which they were put up.
    pub standing: Standing,
    /// Where alerts stand.
    pub episodes: HashMap<Scope, Episode>,
    /// How the newest attempts to collect went.
    pub attempts: Attempts,
    /// How many troubles with data are not over.
    pub troubles: usize,
    /// The version of the store that this is of.
    pub version: i64,
}

/// Where the engine puts up how everything stands. Copies are the same board.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    posted: watch::Sender<Option<Arc<Posted>>>,
    /// Nothing was committed since.
    is_current: AtomicBool,
    is_wanted: AtomicBool,
    wanted: Notify,
    /// Who wants to know what is held of some KPIs.
    questions: Mutex<Vec<Question>>,
}

/// What is held of some KPIs is wanted.
#[derive(Debug)]
struct Question {
    kpis: HashSet<KpiRef>,
    answer: oneshot::Sender<History>,
}

impl Board {
    /// What is up now, after a short wait for a newer one if something was committed since; none
    /// before the engine put up the first. Says whether it is as of now.
    pub async fn look(&self) -> (Option<Arc<Posted>>, bool) {
        let mut newer = self.0.posted.subscribe();
        newer.mark_unchanged();
        if !self.is_current() {
            self.0.is_wanted.store(true, Ordering::Release);
            self.0.wanted.notify_one();
            // What comes too late, or never because the engine has ended, is done without.
            let _ = timeout(NEWER_WITHIN, newer.changed()).await;
        }
        let is_current = self.is_current();
        (self.0.posted.borrow().clone(), is_current)
    }

    /// What the engine holds of some KPIs, shared and not copied; none if it is too busy to say, or what it
    /// holds is not what is stored.
    pub(super) async fn held(&self, kpis: HashSet<KpiRef>) -> Option<History> {
        let (answer, answered) = oneshot::channel();
        self.questions().push(Question { kpis, answer });
        self.0.wanted.notify_one();
        timeout(HELD_WITHIN, answered).await.ok()?.ok()
    }

    /// Answers whoever wants to know what is held; with nothing, they read the store.
    pub(crate) fn answer(&self, held: Option<&History>) {
        for Question { kpis, answer } in self.questions().drain(..) {
            if let Some(held) = held {
                // Whoever asked may have gone.
                let _ = answer.send(held.only(&kpis));
            }
        }
    }

    fn questions(&self) -> MutexGuard<'_, Vec<Question>> {
        self.0.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody wants a newer one.
    pub(crate) async fn is_asked(&self) {
        self.0.wanted.notified().await;
    }

    /// Whether somebody waits for a newer one.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.is_wanted.load(Ordering::Acquire)
    }

    /// What is up.
    pub(crate) fn posted(&self) -> Option<Arc<Posted>> {
        self.0.posted.borrow().clone()
    }

    /// Puts up how everything stands now.
    pub(crate) fn post(&self, posted: Posted) {
        self.0.is_wanted.store(false, Ordering::Release);
        self.0.is_current.store(true, Ordering::Release);
        self.0.posted.send_replace(Some(Arc::new(posted)));
    }

    /// What is up is of before.
    pub fn outdate(&self) {
        self.0.is_current.store(false, Ordering::Release);
    }

    fn is_current(&self) -> bool {
        self.0.is_current.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpid_rules::model::Period;
    use kpid_rules::series::{Actual, Figure};

    fn posted(config: &str) -> Posted {
        let as_of = chrono::DateTime::UNIX_EPOCH.with_timezone(&chrono_tz::UTC);
        let standing = Standing { as_of, config: config.to_owned(), scorecards: Vec::new() };
        Posted {
            standing,
            episodes: HashMap::new(),
            attempts: Attempts::default(),
            troubles: 0,
            version: 0,
        }
    }

    async fn seen(board: &Board) -> (Option<String>, bool) {
        let (posted, is_current) = board.look().await;
        (posted.map(|posted| posted.standing.config.clone()), is_current)
    }

    #[tokio::test]
    async fn a_reader_gets_what_is_up_and_a_newer_one_if_the_engine_puts_it_up_in_time() {
        let board = Board::default();
        assert_eq!(seen(&board).await, (None, false));
        board.post(posted("one"));
        assert_eq!(seen(&board).await, (Some("one".to_owned()), true));
        assert!(!board.is_wanted(), "nobody has to make another");
        board.outdate();
        let engine = async {
            board.is_asked().await;
            board.post(posted("two"));
        };
        let (seen_now, ()) = tokio::join!(seen(&board), engine);
        assert_eq!(seen_now, (Some("two".to_owned()), true));
        board.outdate();
        assert_eq!(seen(&board).await, (Some("two".to_owned()), false), "the engine is busy");
        assert!(board.is_wanted(), "and knows of it");
    }

    #[tokio::test]
    async fn a_reader_gets_what_the_engine_holds_of_some_kpis_or_nothing_at_once() {
        let board = Board::default();
        let kpi = KpiRef::parse("calder/nps").unwrap();
        let mut history = History::default();
        let at = chrono::DateTime::UNIX_EPOCH;
        let actual =
            Actual { figure: Figure::Value(1.0), target: None, observed_at: at, collected_at: at };
        history.kpi_mut(&kpi).record(Period::Month(2026, 5), actual);
        history.kpi_mut(&KpiRef::parse("calder/other").unwrap());
        let wanted = || HashSet::from([kpi.clone()]);
        let engine = async |held: Option<&History>| {
            board.is_asked().await;
            board.answer(held);
        };
        let (held, ()) = tokio::join!(board.held(wanted()), engine(Some(&history)));
        assert_eq!(held, Some(history.only([&kpi])));
        let (held, ()) = tokio::join!(board.held(wanted()), engine(None));
        assert_eq!(held, None, "the store says what is stored");
    }
}
