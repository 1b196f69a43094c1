//! The owner of all families: holds them in memory, and alone judges them. What happens to a family
//! comes here in order. The owner takes all that has come, files it, judges each family once for all
//! of it, and commits that together: more than it can judge makes verdicts coarser in time, never
//! a judgement of each reading by itself.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tracing::error;

use crate::{
    engine::{families::Families, http_changes, known_periods::KnownPeriods, timetable::Timetable},
    instance::Instance,
    telemetry::store_health::StorePart,
    web::{
        board::Board,
        change::{Change, WAITING_MAX},
    },
};
use kpid_clock::Clock;
use kpid_rules::{
    evaluation::{Changes, Family},
    model::KpiRef,
};
use kpid_store::{Collected, Memory};

/// Arrivals that wait for the owner. Whoever finds it full waits, and so its KPIs are not asked for
/// their next slots yet.
pub(crate) const ARRIVALS_MAX: usize = 1024;

/// How long what is no news waits for others, so that it is one commit with them: figures of a round
/// that goes on, and a whole round that brought only figures that are held already.
const COMMITTED_WITHIN: Duration = Duration::from_millis(500);

/// Families of one commit. It holds the store's connection; whoever delivers waits for its end.
const FAMILIES_MAX: usize = 128;

/// How long a store that refused is left alone.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// How often it is put up how everything stands, though nobody wants to know.
pub(super) const POSTED_EVERY: Duration = Duration::from_secs(10);

/// How often is looked whether a command changed something beside the daemon.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A slot of a KPI's schedule that is served.
pub(crate) type Served = (KpiRef, DateTime<Utc>);

/// Something that happens to a family.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// What was collected of some of its KPIs.
    Collected(usize, Vec<Collected>),
    /// Some of its KPIs are being asked: what only time changes waits for them a while.
    Asked(usize),
    /// All is in that was asked for together, or has been waited for long enough: it is judged.
    Due {
        /// Which family.
        family: usize,
        /// Who is told when that is committed; dropped if it could not be. None where more is still
        /// asked for.
        committed: Option<oneshot::Sender<()>>,
    },
    /// Something else may have changed: it is judged at once.
    Look(usize),
}

/// What has come to a family and is not committed yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) collected: Vec<Collected>,
    /// What is filed, or was done by others, and waits for a judgement.
    pub(super) changes: Changes,
    pub(super) is_due: bool,
    /// When the first of it came.
    since: Option<Instant>,
    /// Something came that may change a verdict.
    pub(super) is_news: bool,
    waiting: Vec<oneshot::Sender<()>>,
    /// A commit of it failed: it is tried again by itself, so that it keeps no other from being judged.
    has_failed: bool,
}

impl Pending {
    /// Whether somebody may have to hear of it.
    fn is_urgent(&self) -> bool {
        self.is_due && self.is_news && !self.has_failed
    }

    /// Whether there is something to commit, and nothing says to wait with it.
    pub(super) fn is_ready(&self) -> bool {
        !self.has_failed && (self.is_due || !self.collected.is_empty())
    }
}

/// Whom the owner tells what is committed.
pub(crate) struct Told {
    /// The periods that have figures, for the next rounds.
    pub(crate) periods: Arc<KnownPeriods>,
    /// Woken when there may be deliveries.
    pub(crate) deliveries_ready: Arc<Notify>,
    /// Told of every slot that is served: its KPI is free for the next.
    pub(crate) served: mpsc::UnboundedSender<Vec<Served>>,
    /// Where it is shown how everything stands.
    pub(crate) board: Board,
}

/// The owner of all families.
pub(crate) struct Owner {
    pub(super) instance: Arc<Instance>,
    pub(super) families: Arc<Families>,
    pub(super) memory: Memory,
    /// How each family stands.
    pub(super) judged: Vec<Family>,
    /// The families of which a step was taken that is not committed.
    pub(super) guessed: Vec<usize>,
    /// Whether it is kept what this configuration makes of the figures that alerts counted last.
    pub(super) is_rejudged: bool,
    /// Whether the next step looks at connections and at what is not followed any more, and the day on
    /// which one did.
    pub(super) looks_at_others: bool,
    pub(super) others_looked_on: Option<NaiveDate>,
    /// When time alone may change something.
    timetable: Timetable,
    pub(super) clock: Clock,
    /// By family.
    pub(super) pending: BTreeMap<usize, Pending>,
    pub(super) told: Told,
    /// When what is on the board is made anew, though nobody wants it.
    pub(super) post_at: Instant,
    /// When what came first is committed at the latest.
    commit_at: Option<Instant>,
    retry_at: Option<Instant>,
    look_at: Instant,
    /// The family that is tried first, in turn.
    first: usize,
}

impl Owner {
    pub(crate) fn new(
        instance: Arc<Instance>,
        families: Arc<Families>,
        memory: Memory,
        clock: Clock,
        told: Told,
    ) -> Self {
        Self {
            judged: Family::all(&instance.setup.portfolio, families.members()),
            guessed: Vec::new(),
            is_rejudged: false,
            looks_at_others: true,
            others_looked_on: None,
            timetable: Timetable::default(),
            instance,
            families,
            memory,
            clock,
            pending: BTreeMap::new(),
            told,
            // Whoever looks earlier has it made. Until all have been judged, the others are judged for
            // the board alone.
            post_at: Instant::now() + POSTED_EVERY,
            commit_at: None,
            retry_at: None,
            look_at: Instant::now() + LOOK_EVERY,
            first: 0,
        }
    }

    /// Works until nobody can bring anything any more, and commits what came until then.
    pub(crate) async fn run(
        mut self,
        mut arrivals: mpsc::Receiver<Arrival>,
        mut changes: mpsc::Receiver<Change>,
    ) {
        let (mut are_arriving, mut are_changing) = (true, true);
        let mut asked = Vec::new();
        while are_arriving || are_changing {
            tokio::select! {
                arrival = arrivals.recv(), if are_arriving => match arrival {
                    Some(arrival) => self.take(arrival),
                    None => are_arriving = false,
                },
                change = changes.recv(), if are_changing => match change {
                    Some(change) => asked.push(change),
                    None => are_changing = false,
                },
                // Whoever looks sees also what a command has just done.
                () = self.told.board.is_asked() => self.look_at = Instant::now(),
                () = sleep_until(self.wakes_at()) => {}
            }
            while let Ok(arrival) = arrivals.try_recv() {
                self.take(arrival);
            }
            while asked.len() < WAITING_MAX
                && let Ok(change) = changes.try_recv()
            {
                asked.push(change);
            }
            self.work(std::mem::take(&mut asked)).await;
            if self.told.board.is_wanted() {
                self.post();
            }
            let held = self.memory.is_as_stored().then(|| &self.memory.held().history);
            self.told.board.answer(held);
        }
        // What cannot be committed now is collected again by whoever starts next.
        self.commit_at = None;
        self.commit_all(Vec::new(), Pending::is_ready).await;
        for family in self.failed() {
            self.commit(&[family], Vec::new()).await;
        }
        if let Err(error) = self.settle().await {
            error!("cannot write when figures were seen last: {error:#}");
        }
    }

    /// Writes what waited to be written.
    async fn settle(&mut self) -> anyhow::Result<()> {
        let (mut batch, _) = self.instance.store.batch(&mut self.memory, self.clock.now()).await?;
        batch.settle().await?;
        batch.commit().await
    }

    fn take(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Collected(family, collected) => {
                let is_news = collected.iter().any(|collected| self.memory.is_news(collected));
                let pending = self.pending.entry(family).or_default();
                pending.since.get_or_insert_with(Instant::now);
                pending.is_news |= is_news;
                pending.collected.extend(collected);
            }
            Arrival::Asked(family) => return self.timetable.hold(family, Instant::now()),
            Arrival::Due { family, committed } => {
                if committed.is_some() {
                    self.timetable.release(family);
                }
                let pending = self.pending.entry(family).or_default();
                pending.is_due = true;
                pending.is_news |=
                    self.judged.get(family).is_some_and(|it| it.standing().is_none());
                pending.waiting.extend(committed);
            }
            Arrival::Look(family) => {
                let pending = self.pending.entry(family).or_default();
                (pending.is_due, pending.is_news) = (true, true);
            }
        }
        self.commit_at.get_or_insert_with(|| Instant::now() + COMMITTED_WITHIN);
    }

    fn wakes_at(&self) -> Instant {
        let turn = self.timetable.next(self.clock.now(), Instant::now());
        let others = self.commit_at.into_iter().chain(self.retry_at).chain(turn);
        others.fold(self.look_at, Instant::min)
    }

    async fn work(&mut self, asked: Vec<Change>) {
        let now = Instant::now();
        for family in self.timetable.take_due(self.clock.now(), now) {
            self.take(Arrival::Look(family));
        }
        if self.commit_at.is_some_and(|at| at <= now) {
            self.commit_at = None;
            self.commit_all(asked, Pending::is_ready).await;
        } else {
            // What somebody may have to hear of does not wait for a larger transaction.
            self.commit_all(asked, Pending::is_urgent).await;
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry().await;
        }
        if self.look_at <= now {
            self.look().await;
        }
    }

    /// Commits what has come to families that are chosen, so many at a time.
    async fn commit_all(&mut self, asked: Vec<Change>, is_chosen: fn(&Pending) -> bool) {
        let mut asked = Some(asked).filter(|asked| !asked.is_empty());
        loop {
            let ready = self.pending.iter().filter(|(_, pending)| is_chosen(pending));
            let mut ready: Vec<(bool, usize)> =
                ready.map(|(family, pending)| (!pending.is_urgent(), *family)).collect();
            // What somebody may have to hear of goes first.
            ready.sort_unstable();
            let ready: Vec<usize> =
                ready.into_iter().map(|(_, family)| family).take(FAMILIES_MAX).collect();
            if ready.is_empty() && asked.is_none() {
                return;
            }
            self.commit(&ready, asked.take().unwrap_or_default()).await;
        }
    }

    /// Tries families whose commit failed, each by itself, until one fails again.
    async fn retry(&mut self) {
        self.retry_at = None;
        let (before, after): (Vec<usize>, Vec<usize>) =
            self.failed().into_iter().partition(|family| *family < self.first);
        for family in after.into_iter().chain(before) {
            self.commit(&[family], Vec::new()).await;
            if self.retry_at.is_some() {
                // Another one is the first to be tried then.
                self.first = family + 1;
                return;
            }
        }
    }

    fn failed(&self) -> Vec<usize> {
        let failed = self.pending.iter().filter(|(_, pending)| pending.has_failed);
        failed.map(|(family, _)| *family).collect()
    }

    /// Has what a command changed beside the daemon judged.
    async fn look(&mut self) {
        self.look_at = Instant::now() + LOOK_EVERY;
        match self.memory.is_behind(&self.instance.store).await {
            Ok(false) if !self.memory.is_owing(self.clock.now()) => {}
            Ok(_) => {
                self.commit(&[], Vec::new()).await;
                self.commit_all(Vec::new(), Pending::is_ready).await;
            }
            Err(error) => error!("cannot see whether a command changed anything: {error:#}"),
        }
    }

    fn tell_failure(&self, families: &[usize], asked: &[Change], error: &anyhow::Error) {
        let (health, now) = (&self.instance.metrics.store, self.clock.now());
        let parts = families.iter().map(|family| StorePart::Family(*family));
        let alone = families.is_empty().then_some(StorePart::Others);
        parts.chain(alone).for_each(|part| health.fails(part, &format!("{error:#}"), now));
        let of = |family: &usize| self.families.names(*family);
        let scorecards = match families {
            [] if asked.is_empty() => {
                return error!("cannot read what a command changed: {error:#}");
            }
            [] => return error!("cannot keep what came over HTTP: {error:#}"),
            [family] => of(family),
            [first, others @ ..] => format!("{} and {} more", of(first), others.len()).into(),
        };
        error!(
            scorecards = &*scorecards,
            "cannot keep or judge what came for {scorecards}; it waits, and is tried again: {error:#}"
        );
    }

    /// Commits what has come to these families, and what somebody asked for.
    async fn commit(&mut self, families: &[usize], asked: Vec<Change>) {
        let parts = families.iter().map(|family| StorePart::Family(*family));
        // What belongs to no family is committed with any.
        match self.try_commit(families, &asked).await {
            Ok(committed) => {
                parts
                    .chain([StorePart::Others])
                    .for_each(|part| self.instance.metrics.store.works(part));
                let mut served = Vec::new();
                let mut lag = Duration::ZERO;
                for family in families {
                    let Some(mut pending) = self.pending.remove(family) else { continue };
                    lag = lag.max(pending.since.take().map_or(lag, |since| since.elapsed()));
                    for collected in std::mem::take(&mut pending.collected) {
                        let slot = collected.attempt.as_ref().and_then(|attempt| attempt.slot);
                        served.extend(slot.map(|slot| (collected.kpi.clone(), slot)));
                        if !pending.is_due {
                            let change = collected.change();
                            pending.changes.kpis.push((collected.kpi, change));
                        }
                    }
                    // Nobody waits any more only when the daemon stops.
                    for waiting in pending.waiting.drain(..) {
                        let _ = waiting.send(());
                    }
                    if !pending.is_due && !pending.changes.kpis.is_empty() {
                        pending.has_failed = false;
                        self.pending.insert(*family, pending);
                    }
                }
                if !families.is_empty() {
                    self.instance.metrics.intake_lag.set(lag.as_secs_f64());
                }
                for (family, deadline) in &committed.judged {
                    self.timetable.set(*family, *deadline);
                }
                // Whoever has answered for an alert sees it.
                let is_deed =
                    |change: &Change| matches!(change, Change::Acknowledge(..) | Change::Act(..));
                let is_wanted = asked.iter().any(is_deed) || self.told.board.is_wanted();
                if is_wanted || self.post_at <= Instant::now() {
                    self.post();
                } else {
                    self.told.board.outdate();
                }
                let is_news = committed.tell(self, asked);
                let _ = self.told.served.send(served);
                if is_news {
                    // Whoever delivers is next at the store, and not behind the rest of the round.
                    tokio::task::yield_now().await;
                }
            }
            Err(error) => {
                self.looks_at_others = true;
                self.told.board.outdate();
                for family in families {
                    if let Some(pending) = self.pending.get_mut(family) {
                        pending.has_failed = true;
                        pending.waiting.clear();
                    }
                }
                if !families.is_empty() {
                    self.retry_at = Some(Instant::now() + RETRY_PAUSE);
                }
                self.tell_failure(families, &asked, &error);
                http_changes::refuse(asked);
            }
        }
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
