//! The tasks of the daemon: its workers, its site and its rounds.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    app::{compose::Daemon, heartbeat, listener},
    engine::{
        agenda::Due,
        hours_watcher::Watch,
        owner::{ARRIVALS_MAX, Arrival, Owner, Served, Told},
        pull, retention,
        round::Round,
    },
    outbox::{deliver::Worker, digest::Digester, store_notice::StoreNotices},
    web::{
        self, Site,
        change::{Change, Changes},
        fragments::Fragments,
        kpi_metrics::KpiMetrics,
        login::provider::Provider,
        minute::RequestsByAddress,
        past::PastStandings,
        push_endpoints::PushEndpoints,
        source_questions::SourceQuestions,
    },
};
use kpid_board::kpi::SourceFacts;
use kpid_rules::model::KpiRef;
use kpid_store::{Memory, Store};

impl Daemon {
    /// Starts the owner of all families. It ends when nobody can bring anything any more, so that
    /// what came is also committed.
    pub(crate) async fn start_owner(
        &self,
        changes: mpsc::Receiver<Change>,
        served: mpsc::UnboundedSender<Vec<Served>>,
    ) -> anyhow::Result<mpsc::Sender<Arrival>> {
        let (instance, now) = (self.instance.clone(), self.clock.now());
        let kpis: HashSet<KpiRef> =
            instance.setup.portfolio.kpis().map(|(named, ..)| named).collect();
        let memory = Memory::load(&instance.store, self.families.members(), &kpis, now).await?;
        let (families, deliveries_ready) = (self.families.clone(), self.deliveries_ready.clone());
        self.periods.update(&kpis, &memory.held().history);
        let told = Told {
            periods: self.periods.clone(),
            deliveries_ready,
            served,
            board: self.board.clone(),
        };
        let owner = Owner::new(instance, families, memory, self.clock, told);
        let (arrivals, arriving) = mpsc::channel(ARRIVALS_MAX);
        self.tasks.spawn(owner.run(arriving, changes));
        Ok(arrivals)
    }

    /// Shows what runs, to whoever may look.
    pub(crate) async fn start_site(
        &self,
        stop: &CancellationToken,
        changes: Changes,
    ) -> anyhow::Result<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        let setup = &self.instance.setup;
        let endpoints =
            setup.connections.iter().filter_map(|(id, held)| Some((id, held.push_endpoint()?)));
        let people = Arc::new(setup.people.clone());
        let login = setup.web.oidc.clone().map(Provider::new).transpose()?.map(Arc::new);
        let store = Store::open_read_only(&setup.store).await?;
        let sessions = match &login {
            Some(_) => Store::open_read_only(&setup.store).await?,
            None => store.clone(),
        };
        let site = Site {
            store,
            sessions,
            portfolio: Arc::clone(&setup.portfolio),
            calendar: Arc::clone(&setup.calendar),
            config_hash: setup.config_hash.clone(),
            access: listener::access(setup)?,
            identity: listener::identity(setup, &people)?,
            login,
            digests: setup.digests.as_ref().map(|digests| digests.schedule.clone()),
            people,
            signer: self.signer.clone(),
            push_endpoints: Arc::new(PushEndpoints::new(endpoints)),
            sources: self.source_questions(),
            changes,
            changes_by_actor: Arc::default(),
            logins_by_address: Arc::new(RequestsByAddress::of_logins()),
            links_by_address: Arc::new(RequestsByAddress::of_links()),
            board: self.board.clone(),
            past: PastStandings::default(),
            json_fragments: Fragments::default(),
            kpi_metrics: setup.web.kpi_metrics.then(KpiMetrics::default),
            metrics: Arc::clone(&self.instance.metrics),
            clock: self.clock,
        };
        let (socket, stop) = (listener.socket()?, stop.clone());
        info!("kpid shows itself at http://{}/", listener.reached_at()?);
        self.tasks.spawn(web::serve(socket, site, stop));
        Ok(())
    }

    fn source_questions(&self) -> SourceQuestions {
        let instance = Arc::clone(&self.instance);
        SourceQuestions::new(move |kpi| {
            let setup = &instance.setup;
            let place = instance.collected.place(kpi);
            if let Some(collection) = place.and_then(|place| setup.collections.get(place)) {
                let source = &collection.source;
                let question = Some(source.question());
                return Some(SourceFacts { connection: source.from.to_string(), question });
            }
            let pushed = setup.pushed.iter().find(|pushed| pushed.kpi == *kpi)?;
            Some(SourceFacts { connection: pushed.from.to_string(), question: None })
        })
    }

    pub(crate) fn start_workers(&self, stop: &CancellationToken, arrivals: &mpsc::Sender<Arrival>) {
        let (instance, deliveries_ready, clock) =
            (self.instance.clone(), self.deliveries_ready.clone(), self.clock);
        let (watched, families, arrivals) = (stop.clone(), self.families.clone(), arrivals.clone());
        self.tasks.spawn(async move {
            let watch = Watch {
                instance: &instance,
                clock,
                deliveries_ready: &deliveries_ready,
                families: &families,
                arrivals: &arrivals,
            };
            watch.run(&watched).await;
        });
        let (instance, deliveries_ready, stop_digests) =
            (self.instance.clone(), self.deliveries_ready.clone(), stop.clone());
        self.tasks.spawn(async move {
            Digester { instance: &instance, clock, deliveries_ready: &deliveries_ready }
                .run(&stop_digests)
                .await;
        });
        let (instance, swept) = (self.instance.clone(), stop.clone());
        self.tasks.spawn(async move { retention::run(&instance, clock, &swept).await });
        let (instance, channels, stop_notices) =
            (self.instance.clone(), self.channels.clone(), stop.clone());
        self.tasks.spawn_delivery(async move {
            let notices = StoreNotices { instance: &instance, channels: &channels, clock };
            notices.run(&stop_notices).await;
        });
        if let Some(heartbeat) = self.instance.setup.heartbeat.clone() {
            let (instance, stop) = (self.instance.clone(), stop.clone());
            self.tasks.spawn(async move {
                heartbeat::beat(&heartbeat, &instance.metrics, clock, &stop).await;
            });
        }
        for channel in self.instance.setup.channels.keys() {
            let channel = channel.clone();
            let (instance, channels) = (self.instance.clone(), self.channels.clone());
            let (deliveries_ready, clock, stop) =
                (self.deliveries_ready.clone(), self.clock, stop.clone());
            let signer = self.signer.clone();
            self.tasks.spawn_delivery(async move {
                let (news, signer) = (&*deliveries_ready, signer.as_deref());
                Worker::new(&instance, &channels, &channel, clock, news, signer).run(&stop).await;
            });
        }
    }

    /// A round: the KPIs due now are asked at once, and each family of scorecards is judged when its
    /// own are in. Says which families that are.
    pub(crate) fn start_round(
        &self,
        due: Vec<Due>,
        arrivals: &mpsc::Sender<Arrival>,
    ) -> Vec<usize> {
        // What several families ask is asked once for all of them.
        let shared = Arc::new(pull::shared_by(&self.instance, &due));
        let mut by_family: BTreeMap<usize, Vec<Due>> = BTreeMap::new();
        for due in due {
            let Some(collection) = self.instance.setup.collections.get(due.at) else { continue };
            let family = self.families.of_scorecard(&collection.kpi.scorecard);
            by_family.entry(family.unwrap_or_default()).or_default().push(due);
        }
        let started = by_family.keys().copied().collect();
        for (family, due) in by_family {
            let (instance, clock, arrivals) = (self.instance.clone(), self.clock, arrivals.clone());
            let (shared, periods) = (Arc::clone(&shared), self.periods.clone());
            let names = self.families.names(family);
            self.tasks.spawn(async move {
                let round = Round {
                    instance: &instance,
                    shared: &shared,
                    family,
                    scorecards: &names,
                    clock,
                    periods: &periods,
                    arrivals: &arrivals,
                };
                if let Err(error) = round.run(&due).await {
                    error!(scorecards = &*names, "a round of {names} was not kept: {error:#}");
                }
            });
        }
        started
    }

    /// At the start a verdict may be old. Whoever is about to be judged with new figures is not judged
    /// without them first.
    pub(crate) fn judge_all_but(&self, under_way: &[usize], arrivals: &mpsc::Sender<Arrival>) {
        let all = 0..self.families.members().len();
        let resting: Vec<usize> = all.filter(|family| !under_way.contains(family)).collect();
        let arrivals = arrivals.clone();
        self.tasks.spawn(async move {
            for family in resting {
                // Nobody takes it only when the daemon stops.
                let _ = arrivals.send(Arrival::Look(family)).await;
            }
        });
    }
}
