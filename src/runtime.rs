//! What everything that runs works with: the set-up, the store, the connections and the counters.

use std::sync::Arc;

use crate::telemetry::metrics::Metrics;
use kpid_config::setup::Setup;
use kpid_sources::connections::Connections;
use kpid_store::Store;

/// What every round works with.
#[derive(Debug)]
pub struct Engine {
    /// What is configured.
    pub setup: Setup,
    /// Where everything is kept.
    pub store: Store,
    /// Where actuals come from.
    pub connections: Connections,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Engine {
    /// An engine on an open store.
    pub fn new(setup: Setup, store: Store) -> anyhow::Result<Self> {
        let connections = Connections::open(&setup.connections)?;
        Ok(Self { setup, store, connections, metrics: Arc::default() })
    }

    /// An engine on a store that is written to: what was held under an earlier id is moved first.
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
