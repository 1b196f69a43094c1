//! `kpid run`: the daemon.

use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Answer, configuration, failure::Failure},
    clock::Clock,
    daemon, telemetry,
};

/// Run the daemon: collect, judge and tell until SIGTERM
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What is logged to standard error: error, warn, info, debug, or a filter such as kpid=debug
    #[arg(long, default_value = "info", env = "KPID_LOG", value_name = "FILTER")]
    log: String,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_use(config)?;
    telemetry::start(&arguments.log)?;
    let stop = CancellationToken::new();
    let result = tokio::select! {
        result = daemon::run::run(setup, Clock::System, stop.clone()) => result,
        never = stop_on_signal(&stop) => never,
    };
    result?;
    Ok(Answer::Done)
}

/// Orders to stop at the first SIGTERM or SIGINT; ends only if signals cannot be listened to.
pub(crate) async fn stop_on_signal(stop: &CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
    std::future::pending().await
}
