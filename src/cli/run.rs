//! `kpid run`: the daemon.

use std::path::Path;

use anyhow::Context;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    app::{
        lifecycle::{self, Orders},
        reload::Reload,
    },
    cli::{Answer, configuration, failure::Failure},
    telemetry::{self, Lines},
};
use kpid_clock::Clock;
use kpid_config::{
    load::{LoadError, load},
    problem::Severity,
    secret::Secrets,
};

/// Run the daemon: collect, judge and notify until SIGTERM; SIGHUP reads the configuration again
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What is logged to standard error: error, warn, info, debug, or a filter such as kpid=debug
    #[arg(long, default_value = "info", env = "KPID_LOG", value_name = "FILTER")]
    log: String,
    /// What a line of the log looks like
    #[arg(long, value_enum, default_value_t, env = "KPID_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Lines,
}

/// The signals that a daemon obeys. They are listened to before anything else is done: until then
/// each of them ends a process at once.
pub(crate) struct Signals {
    pub(crate) stop: StopSignals,
    /// SIGHUP: read the configuration again.
    pub(crate) hang_up: Signal,
}

/// SIGTERM and SIGINT.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let listen = |kind, name| signal(kind).with_context(|| format!("cannot listen to {name}"));
        let stop = StopSignals {
            terminate: listen(SignalKind::terminate(), "SIGTERM")?,
            interrupt: listen(SignalKind::interrupt(), "SIGINT")?,
        };
        Ok(Self { stop, hang_up: listen(SignalKind::hangup(), "SIGHUP")? })
    }
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let Signals { stop: stops, hang_up } = Signals::listen()?;
    let setup = configuration::load_to_use(config)?;
    telemetry::start(&arguments.log, arguments.log_format)?;
    let stop = CancellationToken::new();
    // One reload waits at most; a second SIGHUP before it is taken reads the same files.
    let (reload, reloads) = mpsc::channel(1);
    let orders = Orders { stop: stop.clone(), reload: reloads };
    let result = tokio::select! {
        result = lifecycle::run(setup, Clock::System, orders) => result,
        never = stop_on_signal(stops, &stop) => never,
        never = reload_on_signal(hang_up, config, &reload) => never,
    };
    result?;
    Ok(Answer::Done)
}

/// Reads the configuration again at every SIGHUP: a good one is handed over, a bad one changes
/// nothing and is told. Ends only when nobody takes it any more.
pub(crate) async fn reload_on_signal(
    mut hang_up: Signal,
    config: &Path,
    reload: &mpsc::Sender<Reload>,
) -> anyhow::Result<()> {
    loop {
        hang_up.recv().await;
        match load(config, Secrets::Needed) {
            Ok((setup, _)) => reload.send(Reload::Good(Box::new(setup))).await?,
            Err(LoadError::Problems(mut problems)) => {
                problems.found.retain(|problem| problem.severity == Severity::Error);
                error!("the new configuration cannot be used, kpid keeps the old one:\n{problems}");
                reload.send(Reload::Bad).await?;
            }
            Err(unreadable) => {
                error!(
                    "the new configuration cannot be used, kpid keeps the old one: {unreadable}"
                );
                reload.send(Reload::Bad).await?;
            }
        }
    }
}

/// Orders to stop at the first signal that asks for it.
pub(crate) async fn stop_on_signal(
    mut signals: StopSignals,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    tokio::select! {
        _ = signals.terminate.recv() => {}
        _ = signals.interrupt.recv() => {}
    }
    stop.cancel();
    std::future::pending().await
}
