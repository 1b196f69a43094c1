//! The composition root: opens everything, runs rounds and deliveries until it is told to stop, and
//! finishes what is in flight.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use tokio::{
    sync::{Notify, mpsc},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    app::{
        heartbeat,
        listener::{self, Listener},
        systemd,
    },
    engine::{
        agenda::{Agenda, Due},
        http_changes::Desk,
        judgement, pull, retention,
        round::{Over, Round},
        silence_watcher::Watch,
        ticker::Ticker,
    },
    outbox::{deliver::Worker, digest::Digester, ended_alerts},
    runtime::Engine,
    telemetry::metrics::Metrics,
    web::{self, Site, change::WAITING_MAX, push::Doors},
};
use kpid_clock::Clock;
use kpid_config::setup::Setup;
use kpid_delivery::channels::Channels;
use kpid_message::{acknowledge_link::Signer, wording::plural};
use kpid_rules::model::{Cron, Id, Schedule};
use kpid_sources::{circuit_guard::CircuitWatcher, connections::Connections};
use kpid_store::{self, InstanceLock, Reloaded, Store};

/// How long what is in flight may take to end after the order to stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// An idle scheduler comes round so often, so that one which stands still is told from it.
const TURN_EVERY: Duration = Duration::from_secs(15);

/// Why a reload was refused when the files themselves are wrong.
const PROBLEMS: &str = "its files have problems, which the log names";

/// Local midnight, when due dates pass.
const MIDNIGHT: &str = "0 0 * * *";

/// What a running daemon is told from outside.
#[derive(Debug)]
pub struct Orders {
    /// To finish what is in flight and end.
    pub stop: CancellationToken,
    /// To go on with another configuration.
    pub reload: mpsc::Receiver<Reload>,
}

/// What came of reading the configuration again.
#[derive(Debug)]
pub enum Reload {
    /// It is good.
    Good(Box<Setup>),
    /// It is not, and whoever read it has told why.
    Bad,
}

/// Why a daemon on one configuration ended.
enum Ending {
    Stopped,
    Reloaded(Box<Opened>),
}

/// A configuration with all that it opens: what can fail has not.
struct Opened {
    setup: Setup,
    channels: Channels,
    connections: Connections,
    listener: Option<Arc<Listener>>,
}

impl Opened {
    /// With the socket that is held, if it is at the same address: who looks does not notice.
    fn of(setup: Setup, held: Option<&Arc<Listener>>) -> anyhow::Result<Self> {
        let channels = Channels::open(&setup.channels)?;
        let connections = Connections::open(&setup.connections)?;
        listener::access(&setup)?;
        let listener = match held.filter(|held| Some(held.address) == setup.web.listen) {
            Some(held) => Some(Arc::clone(held)),
            None => Listener::bind(setup.web.listen)?,
        };
        Ok(Self { setup, channels, connections, listener })
    }
}

impl Orders {
    /// Orders of somebody who will only ever order to stop.
    pub fn only_stop(stop: CancellationToken) -> Self {
        let (_, reload) = mpsc::channel(1);
        Self { stop, reload }
    }
}

/// Runs the daemon until it is told to stop: collects, judges, delivers.
pub async fn run(setup: Setup, clock: Clock, mut orders: Orders) -> anyhow::Result<()> {
    let lock = InstanceLock::take(&setup.store).await?;
    kpid_store::check_pages(&setup.store).await?;
    let store = Store::open(&setup.store).await?;
    let freed = store.free_claims(&lock).await?;
    if freed > 0 {
        info!("{freed} deliveries that were under way when kpid last ended are due again");
    }
    let opened = Opened::of(setup, None)?;
    let mut daemon = Daemon::new(opened, store.clone(), clock, Arc::default()).await?;
    let mut ticker = Ticker::start(clock).await?;
    let result = loop {
        match daemon.work(&mut orders, &mut ticker, &lock).await {
            Ok(Ending::Stopped) => break Ok(()),
            Ok(Ending::Reloaded(opened)) => daemon = daemon.reloaded(*opened, &lock).await,
            Err(error) => break Err(error),
        }
    };
    store.close().await;
    let stopped = ticker.stop().await;
    drop(lock);
    result.and(stopped)
}

/// Why the daemon would refuse a configuration that can be read: each channel and connection is
/// opened by itself, so that one mistake hides no other. Call it inside the runtime.
pub fn refusals(setup: &Setup) -> Vec<String> {
    let channels = setup
        .channels
        .iter()
        .filter_map(|(id, channel)| Channels::open(&[(id.clone(), channel.clone())].into()).err());
    let connections = setup.connections.iter().filter_map(|(id, connection)| {
        Connections::open(&[(id.clone(), connection.clone())].into()).err()
    });
    let errors = channels.chain(connections).chain(listener::access(setup).err());
    errors.map(|error| format!("{error:#}")).collect()
}

struct Daemon {
    engine: Arc<Engine>,
    /// Scorecards that are judged together.
    families: Vec<Vec<Id>>,
    channels: Arc<Channels>,
    clock: Clock,
    news: Arc<Notify>,
    tasks: TaskTracker,
    /// Where it shows itself, if anywhere.
    listener: Option<Arc<Listener>>,
    /// What signs the links in mails, where there are any.
    signer: Option<Arc<Signer>>,
    /// Cancelled when a task panics.
    broken: CancellationToken,
}

impl Daemon {
    async fn new(
        opened: Opened,
        store: Store,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let Opened { setup, channels, connections, listener } = opened;
        store.rename(&setup.portfolio.renames()).await?;
        ended_alerts::end(&setup, &store, clock.now()).await?;
        metrics.forget_connections();
        let gauges = Arc::clone(&metrics);
        let watcher = CircuitWatcher::new(move |id, is_left_alone| {
            gauges.leaves_alone(id.as_str(), is_left_alone);
        });
        let connections = connections.guarded(clock, &watcher);
        let families = setup.portfolio.families();
        let kpis: Vec<String> =
            setup.portfolio.kpis().map(|(named, ..)| named.to_string()).collect();
        store.uses(&setup.digest, &kpis, clock.now()).await?;
        let signer = signer(&setup, &store, clock.now()).await?;
        metrics.reloaded(true, clock.now());
        Ok(Self {
            engine: Arc::new(Engine { setup, store, connections, metrics }),
            families,
            channels: Arc::new(channels),
            clock,
            news: Arc::default(),
            tasks: TaskTracker::new(),
            listener,
            signer,
            broken: CancellationToken::new(),
        })
    }

    /// The daemon on another configuration, or on the same one if the other cannot be used.
    async fn reloaded(self, opened: Opened, lock: &InstanceLock) -> Self {
        let (store, clock) = (self.engine.store.clone(), self.clock);
        match Self::new(opened, store, clock, Arc::clone(&self.engine.metrics)).await {
            Ok(other) => {
                note(lock, Ok(other.engine.setup.digest.clone()), clock.now());
                other
            }
            Err(error) => {
                self.refuse(Some(error), lock, clock.now());
                Self { tasks: TaskTracker::new(), ..self }
            }
        }
    }

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
        let setup = &self.engine.setup;
        let zone = setup.calendar.zone;
        let served = self.engine.store.last_slots().await?;
        let served = served.into_iter().map(|(kpi, last)| (kpi, last.slot)).collect();
        let mut agenda = Agenda::new(zone, served);
        ticker.follow(schedules(setup)?, zone).await?;
        let (done, mut finished) = mpsc::unbounded_channel();
        self.start_workers(workers);
        self.start_site(workers).await?;
        self.tell_ready();
        let alive_every = systemd::alive_every();
        let mut today = None;
        loop {
            let now = self.clock.now();
            let day = setup.calendar.local_day(now);
            let is_new_day = today.replace(day) != Some(day);
            let owed = if is_new_day { self.families.as_slice() } else { &[] };
            let due = agenda.take_due(&setup.collections, now);
            let under_way = self.start_round(due, owed, workers, &done);
            if is_new_day {
                self.judge_all_but(&under_way, now);
            }
            self.engine.metrics.turned(now);
            if alive_every.is_some() {
                systemd::alive();
            }
            tokio::select! {
                () = orders.stop.cancelled() => return Ok(Ending::Stopped),
                Some(reload) = orders.reload.recv() => match self.takes(reload) {
                    Ok(opened) => return Ok(Ending::Reloaded(opened)),
                    Err(why) => {
                        systemd::refused(&self.status());
                        self.refuse(why, lock, now);
                    }
                },
                woken = ticker.wake_up() => anyhow::ensure!(woken.is_some(), "the wake-up clock has stopped"),
                () = self.broken.cancelled() => anyhow::bail!(
                    "a part of the daemon broke off, as told above; a restart goes on where it was"
                ),
                Some(over) = finished.recv() => for over in over {
                    match over {
                        Over::Served(kpi, slot) => agenda.served(&kpi, slot),
                        Over::Lost(kpi, slot) => agenda.lost(&kpi, slot),
                    }
                },
                () = sleep(alive_every.unwrap_or(TURN_EVERY).min(TURN_EVERY)) => {}
            }
        }
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
                    short(&opened.setup.digest)
                );
            }
            // Why is told at the very end.
            Err(_) => {
                systemd::stopping();
                warn!("breaking off; what is in flight is finished first");
            }
        }
        workers.cancel();
        self.tasks.close();
        if timeout(STOP_WITHIN, self.tasks.wait()).await.is_err() {
            let left = self.tasks.len();
            warn!("{left} tasks were not finished in time; what they were about is done again");
        }
    }

    fn tell_ready(&self) {
        systemd::ready(&self.status());
        let setup = &self.engine.setup;
        let (scorecards, kpis) = (setup.portfolio.scorecards().len(), setup.collections.len());
        info!(
            kpis, store = %setup.store.display(),
            "kpid runs: {}, {} collected", plural(scorecards, "scorecard"), plural(kpis, "KPI")
        );
    }

    /// What it works on, for systemd.
    fn status(&self) -> String {
        let setup = &self.engine.setup;
        let kpis = plural(setup.collections.len(), "KPI");
        format!("{kpis} collected, configuration {}", short(&setup.digest))
    }

    /// A configuration that can take over from this one while it runs; else why not, unless that
    /// has been told.
    fn takes(&self, reload: Reload) -> Result<Box<Opened>, Option<anyhow::Error>> {
        match reload {
            Reload::Bad => Err(None),
            Reload::Good(setup) => self.open(*setup).map(Box::new).map_err(Some),
        }
    }

    /// What can fail is tried here, so that a bad configuration changes nothing.
    fn open(&self, setup: Setup) -> anyhow::Result<Opened> {
        let held = &self.engine.setup.store;
        anyhow::ensure!(
            setup.store == *held,
            "`store` is {} now and was {}; that takes a restart",
            setup.store.display(),
            held.display()
        );
        Opened::of(setup, self.listener.as_ref())
    }

    /// Tells that another configuration is not taken, and why unless that has been told.
    fn refuse(&self, why: Option<anyhow::Error>, lock: &InstanceLock, now: DateTime<Utc>) {
        self.engine.metrics.reloaded(false, now);
        if let Some(error) = &why {
            error!("the new configuration cannot be used, the old one goes on: {error:#}");
        }
        let why = why.map_or(PROBLEMS.to_owned(), |error| format!("{error:#}"));
        note(lock, Err(why), now);
    }

    /// Shows what runs, to whoever may look.
    async fn start_site(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        let setup = &self.engine.setup;
        let (changes, received) = mpsc::channel(WAITING_MAX);
        let (engine, clock, news) = (self.engine.clone(), self.clock, self.news.clone());
        // Ends when the site does, so that what was taken in is also kept.
        self.spawn(async move { Desk { engine, clock, news }.serve(received).await });
        let doors = setup.connections.iter().filter_map(|(id, held)| Some((id, held.door()?)));
        let site = Site {
            store: Store::open_read_only(&setup.store).await?,
            portfolio: Arc::new(setup.portfolio.clone()),
            digest: setup.digest.clone(),
            access: listener::access(setup)?,
            people: Arc::new(setup.people.clone()),
            signer: self.signer.clone(),
            doors: Arc::new(Doors::new(doors)),
            changes,
            metrics: Arc::clone(&self.engine.metrics),
            clock: self.clock,
        };
        let (socket, stop) = (listener.socket()?, stop.clone());
        info!("kpid shows itself at http://{}/", listener.reached_at()?);
        self.spawn(web::serve(socket, site, stop));
        Ok(())
    }

    fn start_workers(&self, stop: &CancellationToken) {
        let (engine, news, clock) = (self.engine.clone(), self.news.clone(), self.clock);
        let watched = stop.clone();
        self.spawn(async move {
            Watch { engine: &engine, clock, news: &news }.run(&watched).await;
        });
        let (engine, news, stop_digests) = (self.engine.clone(), self.news.clone(), stop.clone());
        self.spawn(async move {
            Digester { engine: &engine, clock, news: &news }.run(&stop_digests).await;
        });
        let (engine, swept) = (self.engine.clone(), stop.clone());
        self.spawn(async move { retention::run(&engine, clock, &swept).await });
        if let Some(heartbeat) = self.engine.setup.heartbeat.clone() {
            let (engine, stop) = (self.engine.clone(), stop.clone());
            self.spawn(async move {
                heartbeat::beat(&heartbeat, &engine.metrics, clock, &stop).await;
            });
        }
        for channel in self.engine.setup.channels.keys().cloned() {
            let (engine, channels) = (self.engine.clone(), self.channels.clone());
            let (news, clock, stop) = (self.news.clone(), self.clock, stop.clone());
            let signer = self.signer.clone();
            self.spawn(async move {
                let worker = Worker {
                    engine: &engine,
                    channels: &channels,
                    channel,
                    clock,
                    news: &news,
                    signer: signer.as_deref(),
                };
                worker.run(&stop).await;
            });
        }
    }

    /// A round: the KPIs due now are asked at once, each family of scorecards is judged when its
    /// own are in, and those `owed` a judgement as a whole. Says which families that are.
    fn start_round(
        &self,
        due: Vec<Due>,
        owed: &[Vec<Id>],
        stop: &CancellationToken,
        done: &mpsc::UnboundedSender<Vec<Over>>,
    ) -> Vec<usize> {
        // What several families ask is asked once for all of them.
        let shared = Arc::new(pull::shared_by(&self.engine, &due));
        let mut by_family: BTreeMap<usize, Vec<Due>> = BTreeMap::new();
        for due in due {
            let Some(collection) = self.engine.setup.collections.get(due.at) else { continue };
            let scorecard = &collection.kpi.scorecard;
            let family = self.families.iter().position(|family| family.contains(scorecard));
            by_family.entry(family.unwrap_or_default()).or_default().push(due);
        }
        let started = by_family.keys().copied().collect();
        for (family, due) in by_family {
            let (engine, clock, news, done) =
                (self.engine.clone(), self.clock, self.news.clone(), done.clone());
            let (stop, shared) = (stop.clone(), Arc::clone(&shared));
            let owed = owed.get(family).cloned().unwrap_or_default();
            let family = self.families.get(family).cloned().unwrap_or_default();
            let names = names(&family);
            self.spawn(async move {
                let round = Round {
                    engine: &engine,
                    shared: &shared,
                    scorecards: &names,
                    owed: &owed,
                    clock,
                    news: &news,
                    done: &done,
                };
                if let Err(error) = round.run(&due).await {
                    error!(scorecards = names, "a round of {names} was not kept: {error:#}");
                    round.make_up(&family, &stop).await;
                    let lost = due.iter().filter_map(|due| {
                        let collection = engine.setup.collections.get(due.at)?;
                        Some(Over::Lost(collection.kpi.clone(), due.slot))
                    });
                    let _ = done.send(lost.collect());
                }
            });
        }
        started
    }

    /// Due dates pass at midnight, and at the start a verdict may be old. Whoever is about to be
    /// judged with new figures is not judged without them first.
    fn judge_all_but(&self, under_way: &[usize], now: DateTime<Utc>) {
        let resting = self.families.iter().enumerate();
        let resting = resting.filter(|(at, _)| !under_way.contains(at));
        let families: Vec<Vec<Id>> = resting.map(|(_, family)| family.clone()).collect();
        let (engine, news) = (self.engine.clone(), self.news.clone());
        self.spawn(async move {
            for family in families {
                if let Err(error) = judgement::live(&engine, &family, &news, now).await {
                    let scorecards = names(&family);
                    error!(scorecards, "cannot judge {scorecards}: {error:#}");
                }
            }
        });
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "every task of the daemon is spawned and awaited here"
    )]
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let broken = self.broken.clone();
        let guarded = async move {
            // A daemon that lives on with a part of it dead would be trusted and wrong.
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                broken.cancel();
            }
        };
        tokio::spawn(self.tasks.track_future(guarded));
    }
}

/// The instants that it wakes up at: of each collection, and midnight.
fn schedules(setup: &Setup) -> anyhow::Result<Vec<Schedule>> {
    let mut schedules = Vec::new();
    let collected = setup.collections.iter().map(|collection| collection.schedule.clone());
    for schedule in collected.chain([Schedule::Cron(Cron::parse(MIDNIGHT)?)]) {
        if !schedules.contains(&schedule) {
            schedules.push(schedule);
        }
    }
    Ok(schedules)
}

/// What signs links in mails: by a key of its own, that nobody has to make or keep, and that a backup
/// brings along. None where a link would lead nowhere.
async fn signer(
    setup: &Setup,
    store: &Store,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Arc<Signer>>> {
    let Some((url, _)) = setup.web.public_url.clone().zip(setup.web.listen) else {
        return Ok(None);
    };
    let key = store.link_key(rand::random(), now).await?;
    Ok(Some(Arc::new(Signer::new(key, url))))
}

/// Tells whoever asked for a reload what came of it.
fn note(lock: &InstanceLock, came: Result<String, String>, now: DateTime<Utc>) {
    if let Err(error) = lock.note(&Reloaded { at: now, came }) {
        warn!("{error:#}");
    }
}

/// Enough of a digest to tell configurations apart.
fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}

/// `a` and `b`, for the log.
fn names(family: &[Id]) -> String {
    let quoted: Vec<String> = family.iter().map(|id| format!("`{id}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::set_up;

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
    async fn a_daemon_that_breaks_off_finishes_what_is_in_flight_and_counts_what_it_judged() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Opened::of(set_up(folder.path(), DAEMON, SCORECARD), None).unwrap();
        let lock = InstanceLock::take(&opened.setup.store).await.unwrap();
        let store = Store::open(&opened.setup.store).await.unwrap();
        let clock = Clock::System;
        let daemon = Daemon::new(opened, store, clock, Arc::default()).await.unwrap();
        let mut ticker = Ticker::start(clock).await.unwrap();
        daemon.spawn(async { panic!("a part of it") });
        let mut orders = Orders::only_stop(CancellationToken::new());
        let ended = daemon.work(&mut orders, &mut ticker, &lock).await;
        let error = ended.err().unwrap().to_string();
        assert!(error.contains("broke off"), "{error}");
        assert!(daemon.tasks.is_empty(), "{} tasks are left", daemon.tasks.len());
        assert_eq!(daemon.engine.metrics.judgements.get(), 1, "at its start");
        ticker.stop().await.unwrap();
    }
}
