//! A running kpid: the set-up, and the store, connections and counters that belong to it.

use std::{collections::HashMap, sync::Arc};

use crate::telemetry::metrics::Metrics;
use kpid_config::setup::Setup;
use kpid_rules::model::{Id, KpiRef};
use kpid_sources::connections::Connections;
use kpid_store::Store;

/// A set-up with its open store and connections: what rounds, commands and the outbox work with.
#[derive(Debug)]
pub struct Instance {
    /// What is configured.
    pub setup: Setup,
    /// Where everything is kept.
    pub store: Store,
    /// Which collections there are of what.
    pub collected: CollectedKpis,
    /// Where actuals come from.
    pub connections: Connections,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// Which KPIs of a set-up are collected, found without a look through all of them.
#[derive(Debug, Default)]
pub struct CollectedKpis {
    /// The place of each KPI's collection.
    places: HashMap<KpiRef, usize>,
    /// How many KPIs a connection feeds.
    fed: HashMap<Id, usize>,
}

impl CollectedKpis {
    fn of(setup: &Setup) -> Self {
        let mut collected = Self::default();
        for (place, collection) in setup.collections.iter().enumerate() {
            collected.places.insert(collection.kpi.clone(), place);
            *collected.fed.entry(collection.source.from.clone()).or_default() += 1;
        }
        collected
    }

    /// Whether a KPI is collected.
    pub fn has(&self, kpi: &KpiRef) -> bool {
        self.places.contains_key(kpi)
    }

    /// The place of a KPI's collection in the set-up.
    pub fn place(&self, kpi: &KpiRef) -> Option<usize> {
        self.places.get(kpi).copied()
    }

    /// How many KPIs a connection feeds.
    pub fn fed_by(&self, connection: &Id) -> usize {
        self.fed.get(connection).copied().unwrap_or_default()
    }
}

impl Instance {
    /// An instance on an open store, with connections that are open.
    pub fn on(setup: Setup, store: Store, connections: Connections, metrics: Arc<Metrics>) -> Self {
        Self { collected: CollectedKpis::of(&setup), setup, store, connections, metrics }
    }

    /// An instance on an open store.
    pub fn new(setup: Setup, store: Store) -> anyhow::Result<Self> {
        let connections = Connections::open(&setup.connections)?;
        Ok(Self::on(setup, store, connections, Arc::default()))
    }

    /// An instance on a store that is written to: what was held under an earlier id is moved first.
    pub async fn start(setup: Setup, store: Store) -> anyhow::Result<Self> {
        store.rename(&setup.portfolio.renames()).await?;
        Self::new(setup, store)
    }
}

/// The set-up of a `kpid.yaml` and one scorecard, written into a folder.
#[cfg(test)]
pub(crate) fn set_up(folder: &std::path::Path, daemon: &str, scorecard: &str) -> Setup {
    use kpid_config::{load, secret::Secrets};

    std::fs::create_dir(folder.join("scorecards")).unwrap();
    std::fs::write(folder.join("kpid.yaml"), daemon).unwrap();
    std::fs::write(folder.join("scorecards/care.yaml"), scorecard).unwrap();
    let loaded = load::load(&folder.join("kpid.yaml"), Secrets::Needed);
    loaded.unwrap_or_else(|error| panic!("{error:?}")).0
}
