//! A running kpid: the set-up, and the store, connections and counters that belong to it.

use std::sync::Arc;

use crate::telemetry::metrics::Metrics;
use kpid_config::setup::Setup;
use kpid_sources::connections::Connections;
use kpid_store::Store;

/// A set-up with its open store and connections: what rounds, commands and the outbox work with.
#[derive(Debug)]
pub struct Instance {
    /// What is configured.
    pub setup: Setup,
    /// Where everything is kept.
    pub store: Store,
    /// Where actuals come from.
    pub connections: Connections,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Instance {
    /// An instance on an open store.
    pub fn new(setup: Setup, store: Store) -> anyhow::Result<Self> {
        let connections = Connections::open(&setup.connections)?;
        Ok(Self { setup, store, connections, metrics: Arc::default() })
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
