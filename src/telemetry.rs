//! What the daemon says of itself: lines to standard error, which journald keeps.

use tracing_subscriber::{EnvFilter, fmt};

/// Sends the log to standard error, from the level or filter given, e.g. `info` or `kpid=debug`.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("`{filter}` is no log filter: {error}"))?;
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    lines.try_init().map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}
