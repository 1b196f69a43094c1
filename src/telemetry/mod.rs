//! What the daemon says of itself: lines to standard error, which journald keeps.

pub mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

/// The wake-up clock's own crate tells of its inner life; only its trouble is ours.
const QUIET: &str = "tokio_cron_scheduler=warn";

/// Sends the log to standard error, from the level or filter given, e.g. `info` or `kpid=debug`.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))
        .map_err(|error| anyhow::anyhow!("`{filter}` is no log filter: {error}"))?;
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    lines.try_init().map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}
