//! The tasks of the daemon: its workers, its site and its rounds. Each is spawned here, and awaited
//! before it ends.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    app::{compose::Daemon, heartbeat, listener},
    engine::{
        agenda::Due,
        http_changes::ChangeWorker,
        judgement, pull, retention,
        round::{Over, Round},
        silence_watcher::Watch,
    },
    outbox::{deliver::Worker, digest::Digester},
    web::{self, Site, change::WAITING_MAX, push::PushEndpoints},
};
use kpid_rules::model::Id;
use kpid_store::Store;

impl Daemon {
    /// Shows what runs, to whoever may look.
    pub(crate) async fn start_site(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        let setup = &self.instance.setup;
        let (changes, received) = mpsc::channel(WAITING_MAX);
        let (instance, clock, deliveries_ready) =
            (self.instance.clone(), self.clock, self.deliveries_ready.clone());
        // Ends when the site does, so that what was taken in is also kept.
        self.spawn(async move {
            ChangeWorker { instance, clock, deliveries_ready }.serve(received).await
        });
        let endpoints =
            setup.connections.iter().filter_map(|(id, held)| Some((id, held.push_endpoint()?)));
        let site = Site {
            store: Store::open_read_only(&setup.store).await?,
            portfolio: Arc::new(setup.portfolio.clone()),
            config_hash: setup.config_hash.clone(),
            access: listener::access(setup)?,
            people: Arc::new(setup.people.clone()),
            signer: self.signer.clone(),
            push_endpoints: Arc::new(PushEndpoints::new(endpoints)),
            changes,
            metrics: Arc::clone(&self.instance.metrics),
            clock: self.clock,
        };
        let (socket, stop) = (listener.socket()?, stop.clone());
        info!("kpid shows itself at http://{}/", listener.reached_at()?);
        self.spawn(web::serve(socket, site, stop));
        Ok(())
    }

    pub(crate) fn start_workers(&self, stop: &CancellationToken) {
        let (instance, deliveries_ready, clock) =
            (self.instance.clone(), self.deliveries_ready.clone(), self.clock);
        let watched = stop.clone();
        self.spawn(async move {
            Watch { instance: &instance, clock, deliveries_ready: &deliveries_ready }
                .run(&watched)
                .await;
        });
        let (instance, deliveries_ready, stop_digests) =
            (self.instance.clone(), self.deliveries_ready.clone(), stop.clone());
        self.spawn(async move {
            Digester { instance: &instance, clock, deliveries_ready: &deliveries_ready }
                .run(&stop_digests)
                .await;
        });
        let (instance, swept) = (self.instance.clone(), stop.clone());
        self.spawn(async move { retention::run(&instance, clock, &swept).await });
        if let Some(heartbeat) = self.instance.setup.heartbeat.clone() {
            let (instance, stop) = (self.instance.clone(), stop.clone());
            self.spawn(async move {
                heartbeat::beat(&heartbeat, &instance.metrics, clock, &stop).await;
            });
        }
        for channel in self.instance.setup.channels.keys().cloned() {
            let (instance, channels) = (self.instance.clone(), self.channels.clone());
            let (deliveries_ready, clock, stop) =
                (self.deliveries_ready.clone(), self.clock, stop.clone());
            let signer = self.signer.clone();
            self.spawn(async move {
                let worker = Worker {
                    instance: &instance,
                    channels: &channels,
                    channel,
                    clock,
                    deliveries_ready: &deliveries_ready,
                    signer: signer.as_deref(),
                };
                worker.run(&stop).await;
            });
        }
    }

    /// A round: the KPIs due now are asked at once, each family of scorecards is judged when its
    /// own are in, and those `owed` a judgement as a whole. Says which families that are.
    pub(crate) fn start_round(
        &self,
        due: Vec<Due>,
        owed: &[Vec<Id>],
        stop: &CancellationToken,
        done: &mpsc::UnboundedSender<Vec<Over>>,
    ) -> Vec<usize> {
        // What several families ask is asked once for all of them.
        let shared = Arc::new(pull::shared_by(&self.instance, &due));
        let mut by_family: BTreeMap<usize, Vec<Due>> = BTreeMap::new();
        for due in due {
            let Some(collection) = self.instance.setup.collections.get(due.at) else { continue };
            let scorecard = &collection.kpi.scorecard;
            let family = self.families.iter().position(|family| family.contains(scorecard));
            by_family.entry(family.unwrap_or_default()).or_default().push(due);
        }
        let started = by_family.keys().copied().collect();
        for (family, due) in by_family {
            let (instance, clock, deliveries_ready, done) =
                (self.instance.clone(), self.clock, self.deliveries_ready.clone(), done.clone());
            let (stop, shared) = (stop.clone(), Arc::clone(&shared));
            let owed = owed.get(family).cloned().unwrap_or_default();
            let family = self.families.get(family).cloned().unwrap_or_default();
            let names = names(&family);
            self.spawn(async move {
                let round = Round {
                    instance: &instance,
                    shared: &shared,
                    scorecards: &names,
                    owed: &owed,
                    clock,
                    deliveries_ready: &deliveries_ready,
                    done: &done,
                };
                if let Err(error) = round.run(&due).await {
                    error!(scorecards = names, "a round of {names} was not kept: {error:#}");
                    round.make_up(&family, &stop).await;
                    let lost = due.iter().filter_map(|due| {
                        let collection = instance.setup.collections.get(due.at)?;
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
    pub(crate) fn judge_all_but(&self, under_way: &[usize], now: DateTime<Utc>) {
        let resting = self.families.iter().enumerate();
        let resting = resting.filter(|(at, _)| !under_way.contains(at));
        let families: Vec<Vec<Id>> = resting.map(|(_, family)| family.clone()).collect();
        let (instance, deliveries_ready) = (self.instance.clone(), self.deliveries_ready.clone());
        self.spawn(async move {
            for family in families {
                if let Err(error) =
                    judgement::live(&instance, &family, &deliveries_ready, now).await
                {
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
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
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

/// `a` and `b`, for the log.
fn names(family: &[Id]) -> String {
    let quoted: Vec<String> = family.iter().map(|id| format!("`{id}`")).collect();
    quoted.join(", ")
}
