//! The composition root: opens everything, runs rounds and deliveries until it is told to stop, and
//! finishes what is in flight.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    clock::Clock,
    config::setup::Setup,
    daemon::{
        Engine,
        agenda::{Agenda, Due},
        collect::Occasion,
        deliver::Worker,
        judge, pull,
        ticker::Ticker,
    },
    notify::Channels,
    scorecard::{Circumstances, Cron, Id, KpiRef, Schedule},
    store::{InstanceLock, Store},
};

/// How long what is in flight may take to end after the order to stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// Local midnight, when due dates pass.
const MIDNIGHT: &str = "0 0 * * *";

/// What live evaluations do: a scope seen for the first time is not told of.
const LIVE: Circumstances = Circumstances { historical: false, first_look_is_historical: true };

/// A KPI whose slot has been served.
type Served = (KpiRef, DateTime<Utc>);

/// Runs the daemon until `stop`: collects, judges, delivers.
pub async fn run(setup: Setup, clock: Clock, stop: CancellationToken) -> anyhow::Result<()> {
    let lock = InstanceLock::take(&setup.store)?;
    let store = Store::open(&setup.store).await?;
    let freed = store.free_claims(&lock).await?;
    if freed > 0 {
        info!("{freed} deliveries that were under way when kpid last ended are due again");
    }
    store.uses(&setup.digest, clock.now()).await?;
    let channels = Arc::new(Channels::open(&setup.channels)?);
    let engine = Arc::new(Engine::new(setup, store.clone())?);
    let daemon =
        Daemon { engine, channels, clock, news: Arc::default(), tasks: TaskTracker::new() };
    let result = daemon.work(stop).await;
    store.close().await;
    drop(lock);
    result
}

struct Daemon {
    engine: Arc<Engine>,
    channels: Arc<Channels>,
    clock: Clock,
    news: Arc<Notify>,
    tasks: TaskTracker,
}

impl Daemon {
    async fn work(&self, stop: CancellationToken) -> anyhow::Result<()> {
        let setup = &self.engine.setup;
        let zone = setup.calendar.zone;
        let mut schedules: Vec<Schedule> = Vec::new();
        let collected = setup.collections.iter().map(|collection| collection.schedule.clone());
        for schedule in collected.chain([Schedule::Cron(Cron::parse(MIDNIGHT)?)]) {
            if !schedules.contains(&schedule) {
                schedules.push(schedule);
            }
        }
        let served = self.engine.store.last_slots().await?;
        let served: HashMap<_, _> =
            served.into_iter().map(|(kpi, last)| (kpi, last.slot)).collect();
        let mut agenda = Agenda::new(zone, served);
        let mut ticker = Ticker::start(schedules, zone, self.clock).await?;
        let (done, mut finished) = mpsc::unbounded_channel();
        self.start_workers(&stop);
        info!(
            kpis = setup.collections.len(), store = %setup.store.display(),
            "kpid runs: {} scorecards, {} KPIs collected", setup.portfolio.scorecards().len(), setup.collections.len()
        );
        let mut today = None;
        loop {
            let now = self.clock.now();
            let day = setup.calendar.local_day(now);
            if today.replace(day) != Some(day) {
                self.judge_all(now);
            }
            self.start_round(agenda.take_due(&setup.collections, now), &done);
            tokio::select! {
                () = stop.cancelled() => break,
                woken = ticker.wake_up() => anyhow::ensure!(woken.is_some(), "the wake-up clock has stopped"),
                Some(served) = finished.recv() => {
                    for (kpi, slot) in served {
                        agenda.served(&kpi, slot);
                    }
                }
            }
        }
        info!("stopping; what is in flight is finished first");
        ticker.stop().await?;
        self.tasks.close();
        if timeout(STOP_WITHIN, self.tasks.wait()).await.is_err() {
            let left = self.tasks.len();
            warn!(
                "stopped with {left} tasks unfinished; what they were about is done at the next start"
            );
        }
        Ok(())
    }

    fn start_workers(&self, stop: &CancellationToken) {
        for channel in self.engine.setup.channels.keys().cloned() {
            let (engine, channels) = (self.engine.clone(), self.channels.clone());
            let (news, clock, stop) = (self.news.clone(), self.clock, stop.clone());
            self.spawn(async move {
                let worker = Worker {
                    store: &engine.store,
                    channels: &channels,
                    channel,
                    clock,
                    news: &news,
                };
                worker.run(&stop).await;
            });
        }
    }

    /// A round: the KPIs due now are asked at once, each scorecard is judged when its own are in.
    fn start_round(&self, due: Vec<Due>, done: &mpsc::UnboundedSender<Vec<Served>>) {
        let mut by_scorecard: HashMap<Id, Vec<Due>> = HashMap::new();
        for due in due {
            let Some(collection) = self.engine.setup.collections.get(due.at) else { continue };
            by_scorecard.entry(collection.kpi.scorecard.clone()).or_default().push(due);
        }
        for (scorecard, due) in by_scorecard {
            let (engine, clock, news, done) =
                (self.engine.clone(), self.clock, self.news.clone(), done.clone());
            self.spawn(async move {
                if let Err(error) = round(&engine, &scorecard, &due, clock, &news).await {
                    error!(%scorecard, "a round of `{scorecard}` was not kept: {error:#}");
                }
                let collections = due.iter().filter_map(|due| {
                    Some((engine.setup.collections.get(due.at)?.kpi.clone(), due.slot))
                });
                // Nobody listens any more only when the daemon stops.
                let _ = done.send(collections.collect());
            });
        }
    }

    /// Due dates pass at midnight, and at the start a verdict may be old.
    fn judge_all(&self, now: DateTime<Utc>) {
        let (engine, news) = (self.engine.clone(), self.news.clone());
        self.spawn(async move {
            for scorecard in engine.setup.portfolio.scorecards() {
                match judge::judge(&engine, std::slice::from_ref(&scorecard.id), LIVE, now).await {
                    Ok(_) => news.notify_waiters(),
                    Err(error) => error!(scorecard = %scorecard.id, "cannot judge `{}`: {error:#}", scorecard.id),
                }
            }
        });
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "every task of the daemon is spawned and awaited here"
    )]
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.tasks.track_future(task));
    }
}

/// Collects the KPIs of one scorecard that are due, keeps what came, and judges.
async fn round(
    engine: &Engine,
    scorecard: &Id,
    due: &[Due],
    clock: Clock,
    news: &Notify,
) -> anyhow::Result<()> {
    let collections: Vec<_> = due
        .iter()
        .filter_map(|due| {
            let occasion = Occasion { slot: Some(due.slot), missed: due.missed };
            Some((engine.setup.collections.get(due.at)?, occasion))
        })
        .collect();
    let pulled = pull::ask(engine, &collections, None, clock).await?;
    let judgement = pull::keep(engine, &pulled, LIVE, clock.now()).await?;
    news.notify_waiters();
    let attempts = pulled.iter().filter_map(|pulled| pulled.collected.attempt.as_ref());
    let failed = attempts.filter(|attempt| attempt.outcome != "samples").count();
    for pulled in &pulled {
        if let Some(attempt) = pulled.collected.attempt.as_ref()
            && let Some(message) = &attempt.message
        {
            warn!(kpi = %pulled.kpi, outcome = attempt.outcome, "no figure for `{}`: {message}", pulled.kpi);
        }
    }
    info!(
        %scorecard, kpis = pulled.len(), failed, told = judgement.deliveries.len(),
        "round of `{scorecard}`: {} KPIs, {failed} without a figure", pulled.len()
    );
    Ok(())
}
