//! What a configuration opens, put together: everything that can fail fails here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::{
    app::{
        listener::{self, Listener},
        tasks::Tasks,
    },
    engine::{families::Families, known_periods::KnownPeriods},
    instance::Instance,
    outbox::{ended_alerts, routes},
    telemetry::metrics::Metrics,
    web::board::Board,
};
use kpid_clock::Clock;
use kpid_config::setup::Setup;
use kpid_delivery::channels::Channels;
use kpid_message::acknowledge_link::Signer;
use kpid_sources::{circuit_guard::CircuitWatcher, connections::Connections};
use kpid_store::Store;

/// A configuration with all that it opens: what can fail has not.
pub(crate) struct Opened {
    pub(crate) setup: Setup,
    pub(crate) channels: Channels,
    pub(crate) connections: Connections,
    pub(crate) listener: Option<Arc<Listener>>,
}

impl Opened {
    /// With the socket that is held, if it is at the same address: who looks does not notice.
    pub(crate) fn of(setup: Setup, held: Option<&Arc<Listener>>) -> anyhow::Result<Self> {
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

pub(crate) struct Daemon {
    pub(crate) instance: Arc<Instance>,
    /// Scorecards that are judged together.
    pub(crate) families: Arc<Families>,
    pub(crate) periods: Arc<KnownPeriods>,
    pub(crate) channels: Arc<Channels>,
    /// Where the owner puts up how everything stands.
    pub(crate) board: Board,
    pub(crate) clock: Clock,
    pub(crate) deliveries_ready: Arc<Notify>,
    pub(crate) tasks: Tasks,
    /// Where it shows itself, if anywhere.
    pub(crate) listener: Option<Arc<Listener>>,
    /// What signs the links in mails, where there are any.
    pub(crate) signer: Option<Arc<Signer>>,
}

impl Daemon {
    pub(crate) async fn new(
        opened: Opened,
        store: Store,
        clock: Clock,
        metrics: Arc<Metrics>,
        tasks: Tasks,
    ) -> anyhow::Result<Self> {
        let Opened { setup, channels, connections, listener } = opened;
        store.rename(&setup.portfolio.renames()).await?;
        ended_alerts::end(&setup, &store, clock.now()).await?;
        routes::follow(&setup, &store, clock.now()).await?;
        metrics.forget_connections();
        metrics.store.forget_families();
        let gauges = Arc::clone(&metrics);
        let watcher = CircuitWatcher::new(move |id, is_left_alone| {
            gauges.leaves_alone(id.as_str(), is_left_alone);
        });
        let connections = connections.guarded(clock, &watcher);
        let families = Arc::new(Families::of(&setup.portfolio));
        let kpis: Vec<String> =
            setup.portfolio.kpis().map(|(named, ..)| named.to_string()).collect();
        store.uses(&setup.config_hash, &kpis, clock.now()).await?;
        let signer = signer(&setup, &store, clock.now()).await?;
        metrics.reloaded(true, clock.now());
        Ok(Self {
            instance: Arc::new(Instance::on(setup, store, connections, metrics)),
            families,
            periods: Arc::default(),
            channels: Arc::new(channels),
            board: Board::default(),
            clock,
            deliveries_ready: Arc::default(),
            tasks,
            listener,
            signer,
        })
    }
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
