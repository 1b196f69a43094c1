//! The daemon from its start to its end: it works until something ends it, and finishes what is in
//! flight.

use std::time::Duration;

use chrono::{DateTime, Utc};
use indexmap::IndexSet;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use std::sync::Arc;

use crate::{
    app::{
        compose::{Daemon, Opened},
        reload::Reload,
        systemd,
        tasks::Tasks,
    },
    engine::{
        agenda::Agenda,
        owner::{Arrival, Served},
        ticker::Ticker,
    },
    outbox::store_notice::StoreNotices,
    web::change::WAITING_MAX,
};
use kpid_clock::Clock;
use kpid_config::setup::Setup;
use kpid_message::wording::plural;
use kpid_rules::model::Schedule;
use kpid_store::{self, InstanceLock, Store};

/// How long what is in flight may take to end after the order to stop: with the store and the threads,
/// less than what an operator may count on.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(15);

/// How long the store may take to be closed. What it has committed is kept in any case.
pub(crate) const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// A daemon that cannot go on after a reload, since the store cannot be read or written, tries again so often.
const BEGIN_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// An idle scheduler comes round so often, so that one which stands still is told from it.
const TURN_EVERY: Duration = Duration::from_secs(15);

/// What a running daemon is told from outside.
#[derive(Debug)]
pub struct Orders {
    /// To finish what is in flight and end.
    pub stop: CancellationToken,
    /// To go on with another configuration.
    pub reload: mpsc::Receiver<Reload>,
}

impl Orders {
    /// Orders of somebody who will only ever order to stop.
    pub fn only_stop(stop: CancellationToken) -> Self {
        let (_, reload) = mpsc::channel(1);
        Self { stop, reload }
    }
}

/// Why a daemon on one configuration ended.
enum Ending {
    Stopped,
    Reloaded(Box<Opened>),
    /// It could not begin to work.
    NotBegun(anyhow::Error),
}

/// Runs the daemon until it is told to stop: collects, judges, delivers.
pub async fn run(setup: Setup, clock: Clock, mut orders: Orders) -> anyhow::Result<()> {
    let lock = InstanceLock::take(&setup.store).await?;
    kpid_store::check_pages(&setup.store).await?;
    anyhow::ensure!(
        setup.store.exists() || !lock.had_store,
        "the store {0} is gone, although kpid has written it; bring it back, or restore a backup with `kpid \
         restore FILE`; to begin with an empty one, remove {0}.lock",
        setup.store.display()
    );
    let store = Store::open(&setup.store).await?.guarded(&setup.store, rand::random()).await?;
    if let Some(identity) = store.identity() {
        lock.note_store(identity)?;
    }
    let freed = store.free_claims(&lock).await?;
    if freed > 0 {
        info!("{freed} deliveries that were under way when kpid last ended are due again");
    }
    let opened = Opened::of(setup, None)?;
    let mut daemon =
        Daemon::new(opened, store.clone(), clock, Arc::default(), Tasks::default()).await?;
    let mut ticker = Ticker::start(clock).await?;
    let mut has_worked = false;
    let result = loop {
        let ended = daemon.work(&mut orders, &mut ticker, &lock).await;
        has_worked |= matches!(ended, Ok(Ending::Reloaded(_)));
        match ended {
            Ok(Ending::Stopped) => break Ok(()),
            // What has worked goes on once it can: nothing that is in memory alone is lost by an end.
            Ok(Ending::NotBegun(error)) if has_worked && !orders.stop.is_cancelled() => {
                error!("kpid cannot go on yet, and tries again in 5 s: {error:#}");
                let _ = timeout(BEGIN_AGAIN_AFTER, orders.stop.cancelled()).await;
                let tasks = daemon.tasks.next();
                daemon = Daemon { tasks, ..daemon };
            }
            Ok(Ending::NotBegun(error)) => break Err(error),
            // There is no time to begin anew and to end that again.
            Ok(Ending::Reloaded(_)) if orders.stop.is_cancelled() => break Ok(()),
            Ok(Ending::Reloaded(opened)) => daemon = daemon.reloaded(*opened, &lock).await,
            Err(error) => break Err(error),
        }
    };
    if timeout(CLOSE_WITHIN, store.close()).await.is_err() {
        warn!("the store was not closed in time; the next start tidies it");
    }
    let stopped = ticker.stop().await;
    drop(lock);
    result.and(stopped)
}

impl Daemon {
    /// Works until something ends it, and then finishes what is in flight.
    async fn work(
        &self,
        orders: &mut Orders,
        ticker: &mut Ticker,
        lock: &InstanceLock,
    ) -> anyhow::Result<Ending> {
        let workers = orders.stop.child_token();
        let ended = self.go_on(orders, ticker, lock, &workers).await;
        self.finish(&ended, &workers).await;
        ended
    }

    async fn go_on(
        &self,
        orders: &mut Orders,
        ticker: &mut Ticker,
        lock: &InstanceLock,
        workers: &CancellationToken,
    ) -> anyhow::Result<Ending> {
        let (mut agenda, arrivals, mut finished) = match self.begin(ticker, workers).await {
            Ok(begun) => begun,
            Err(error) => return Ok(Ending::NotBegun(error)),
        };
        self.tell_ready();
        let alive_every = systemd::alive_every();
        let mut has_trouble = false;
        let mut has_begun = false;
        loop {
            let now = self.clock.now();
            let under_way = self.start_round(agenda.take_due(now), &arrivals);
            if !std::mem::replace(&mut has_begun, true) {
                self.judge_all_but(&under_way, &arrivals);
            }
            self.instance.metrics.turned(now);
            if let Err(displaced) = self.instance.store.check_file() {
                self.store_notices().tell_end(&displaced.to_string()).await;
                return Err(displaced.into());
            }
            self.tell_trouble(&mut has_trouble, now);
            if alive_every.is_some() {
                systemd::alive();
            }
            tokio::select! {
                () = orders.stop.cancelled() => return Ok(Ending::Stopped),
                Some(reload) = orders.reload.recv() => match self.takes(reload).await {
                    Ok(opened) => return Ok(Ending::Reloaded(opened)),
                    Err(why) => {
                        systemd::refused(&self.status());
                        self.refuse(why, lock, now);
                    }
                },
                woken = ticker.wake_up() => anyhow::ensure!(woken.is_some(), "the wake-up clock has stopped"),
                () = self.tasks.broken() => anyhow::bail!(
                    "a background task panicked (see above); restarting kpid resumes the work"
                ),
                Some(served) = finished.recv() => for (kpi, slot) in served {
                    agenda.served(&kpi, slot);
                },
                () = sleep(alive_every.unwrap_or(TURN_EVERY).min(TURN_EVERY)) => {}
            }
        }
    }

    /// Starts everything that works, and says when what is due first.
    async fn begin(
        &self,
        ticker: &mut Ticker,
        workers: &CancellationToken,
    ) -> anyhow::Result<(Agenda, mpsc::Sender<Arrival>, mpsc::UnboundedReceiver<Vec<Served>>)> {
        let setup = &self.instance.setup;
        let zone = setup.calendar.zone;
        crate::telemetry::use_zone(zone);
        let served = self.instance.store.last_slots().await?;
        let served = served.into_iter().map(|(kpi, last)| (kpi, last.slot)).collect();
        let agenda = Agenda::new(zone, &setup.collections, &served);
        ticker.follow(schedules(setup), zone).await?;
        let (done, finished) = mpsc::unbounded_channel();
        let (changes, asked) = mpsc::channel(WAITING_MAX);
        let arrivals = self.start_owner(asked, done).await?;
        self.start_workers(workers, &arrivals);
        self.start_site(workers, changes).await?;
        Ok((agenda, arrivals, finished))
    }

    /// Waits for what is in flight, whatever it was that ended the work.
    async fn finish(&self, ended: &anyhow::Result<Ending>, workers: &CancellationToken) {
        match ended {
            Ok(Ending::Stopped) => {
                systemd::stopping();
                info!("stopping; what is in flight is finished first");
            }
            Ok(Ending::Reloaded(opened)) => {
                systemd::reloading();
                info!(
                    "going on with configuration {}; what is in flight is finished first",
                    short(&opened.setup.config_hash)
                );
            }
            // Why is told at the very end, or by whoever tries again.
            Ok(Ending::NotBegun(_)) | Err(_) => {
                systemd::stopping();
                warn!("stopping because of an error; what is in flight is finished first");
            }
        }
        workers.cancel();
        if matches!(ended, Ok(Ending::Reloaded(_))) {
            if timeout(STOP_WITHIN, self.tasks.handed_over()).await.is_err() {
                warn!(
                    "not everything was finished in time; it goes on beside the new configuration"
                );
            }
        } else if timeout(STOP_WITHIN, self.tasks.ended()).await.is_err() {
            let left = self.tasks.left();
            warn!("{left} tasks were not finished in time; what they were about is done again");
        }
    }

    fn tell_ready(&self) {
        systemd::ready(&self.status());
        let setup = &self.instance.setup;
        let (scorecards, kpis) = (setup.portfolio.scorecards().len(), setup.collections.len());
        info!(
            kpis, store = %setup.store.display(),
            "kpid runs: {}, {} collected", plural(scorecards, "scorecard"), plural(kpis, "KPI")
        );
    }

    fn store_notices(&self) -> StoreNotices<'_> {
        let (instance, channels) = (&self.instance, &self.channels);
        StoreNotices { instance, channels, clock: self.clock }
    }

    /// Tells systemd when nothing can be kept any more, and when that is over.
    fn tell_trouble(&self, has_trouble: &mut bool, now: DateTime<Utc>) {
        let trouble = self.instance.metrics.store.trouble(now);
        if std::mem::replace(has_trouble, trouble.is_some()) == trouble.is_some() {
            return;
        }
        match trouble {
            Some(trouble) => systemd::status(&format!("nothing can be kept: {}", trouble.reason)),
            None => systemd::status(&self.status()),
        }
    }

    /// What it works on, for systemd.
    pub(crate) fn status(&self) -> String {
        let setup = &self.instance.setup;
        let kpis = plural(setup.collections.len(), "KPI");
        format!("{kpis} collected, configuration {}", short(&setup.config_hash))
    }
}

/// The schedules of all collections.
fn schedules(setup: &Setup) -> Vec<Schedule> {
    let collected = setup.collections.iter().map(|collection| collection.schedule.clone());
    collected.collect::<IndexSet<Schedule>>().into_iter().collect()
}

/// Enough of a hash to tell configurations apart.
pub(crate) fn short(config_hash: &str) -> &str {
    config_hash.get(..19).unwrap_or(config_hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::set_up;

    const DAEMON: &str = "
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { you: { email: you@example.com } }
";

    const SCORECARD: &str = "
scorecard: care
perspectives:
  customer:
    alert: { to: [you] }
    objectives:
      answer:
        kpis:
          calls: { nature: level, target: 95 }
";

    #[tokio::test]
    async fn what_cannot_begin_says_so_and_leaves_nothing_running() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Opened::of(set_up(folder.path(), DAEMON, SCORECARD), None).unwrap();
        let lock = InstanceLock::take(&opened.setup.store).await.unwrap();
        let store = Store::open(&opened.setup.store).await.unwrap();
        let (clock, tasks) = (Clock::System, Tasks::default());
        let daemon =
            Daemon::new(opened, store.clone(), clock, Arc::default(), tasks).await.unwrap();
        store.close().await;
        let mut ticker = Ticker::start(clock).await.unwrap();
        let mut orders = Orders::only_stop(CancellationToken::new());
        let ended = daemon.work(&mut orders, &mut ticker, &lock).await;
        assert!(matches!(ended, Ok(Ending::NotBegun(_))));
        assert_eq!(daemon.tasks.left(), 0, "tasks");
        ticker.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_daemon_that_breaks_off_finishes_what_is_in_flight_and_counts_what_it_judged() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Opened::of(set_up(folder.path(), DAEMON, SCORECARD), None).unwrap();
        let lock = InstanceLock::take(&opened.setup.store).await.unwrap();
        let store = Store::open(&opened.setup.store).await.unwrap();
        let clock = Clock::System;
        let daemon =
            Daemon::new(opened, store, clock, Arc::default(), Tasks::default()).await.unwrap();
        let mut ticker = Ticker::start(clock).await.unwrap();
        daemon.tasks.spawn(async { panic!("a part of it") });
        let mut orders = Orders::only_stop(CancellationToken::new());
        let ended = daemon.work(&mut orders, &mut ticker, &lock).await;
        let error = ended.err().unwrap().to_string();
        assert!(error.contains("a background task panicked"), "{error}");
        assert_eq!(daemon.tasks.left(), 0, "tasks");
        assert_eq!(daemon.instance.metrics.judgements.get(), 1, "at its start");
        ticker.stop().await.unwrap();
    }
}
