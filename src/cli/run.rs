//! `kpid run`: the daemon.

use std::path::Path;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        lifecycle::{self, Orders},
        reload::{hang_up_signal, reload_on_signal},
        stop::obey_stop_signals,
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

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    // Before anything else: until then each of these signals ends a process at once, and already what is
    // read next may never come.
    let stop = CancellationToken::new();
    obey_stop_signals(stop.clone())?;
    let hang_up = hang_up_signal()?;
    let setup = configuration::load_to_use(config)?;
    telemetry::use_zone(setup.calendar.zone);
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
