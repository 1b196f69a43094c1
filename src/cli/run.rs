//! `kpid run`: the daemon.

use std::path::Path;

use anyhow::Context;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        lifecycle::{self, Orders},
        reload::reload_on_signal,
        stop::StopSignals,
    },
    cli::{Answer, configuration, failure::Failure},
    telemetry::{self, Lines},
};
use kpid_clock::Clock;

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

impl Signals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let hang_up = signal(SignalKind::hangup()).context("cannot listen to SIGHUP")?;
        Ok(Self { stop: StopSignals::listen()?, hang_up })
    }
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let Signals { stop: stops, hang_up } = Signals::listen()?;
    let stop = CancellationToken::new();
    // From here on, since already what is read now may never come.
    stops.obey(stop.clone());
    let setup = configuration::load_to_use(config)?;
    telemetry::start(&arguments.log, arguments.log_format)?;
    // One reload waits at most; a second SIGHUP before it is taken reads the same files.
    let (reload, reloads) = mpsc::channel(1);
    let orders = Orders { stop, reload: reloads };
    let result = tokio::select! {
        result = lifecycle::run(setup, Clock::System, orders) => result,
        never = reload_on_signal(hang_up, config, &reload) => never,
    };
    result?;
    Ok(Answer::Done)
}
