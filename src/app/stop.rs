//! The order to stop, and the end that follows in any case: also where a part of the daemon hangs that
//! waits for nothing else, such as a file that is read and never comes.

use std::{sync::mpsc, thread, time::Duration};

use anyhow::Context;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long after the order to stop an operator may count on the end. The unit's `TimeoutStopSec` is
/// longer, so that systemd has nothing to kill.
pub(crate) const END_WITHIN: Duration = Duration::from_secs(20);

/// How long threads that are left over when everything else has ended may take to end.
pub(crate) const THREADS_END_WITHIN: Duration = Duration::from_secs(1);

/// SIGTERM and SIGINT, heard on a thread that does nothing else: the others may be busy or hang.
struct StopSignals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
}

/// From now on the first signal that asks for it orders to stop, and ends the process if it has not ended
/// by itself in time.
pub(crate) fn obey_stop_signals(stop: CancellationToken) -> anyhow::Result<()> {
    let (tell, told) = mpsc::sync_channel(1);
    let obey = move || {
        // Whoever waits for this word is there until it comes.
        match StopSignals::listen() {
            Ok(signals) => {
                let _ = tell.send(Ok(()));
                signals.obey(&stop);
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        }
    };
    let failure = "cannot start the thread that listens to signals";
    thread::Builder::new().name("stop".to_owned()).spawn(obey).context(failure)?;
    told.recv().context(failure)?
}

impl StopSignals {
    fn listen() -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot listen to signals")?;
        let within = runtime.enter();
        let listen = |kind, name| signal(kind).with_context(|| format!("cannot listen to {name}"));
        let terminate = listen(SignalKind::terminate(), "SIGTERM")?;
        let interrupt = listen(SignalKind::interrupt(), "SIGINT")?;
        drop(within);
        Ok(Self { runtime, terminate, interrupt })
    }

    fn obey(mut self, stop: &CancellationToken) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            stop.cancel();
            overdue(stop).await;
        });
        warn!("not everything came to its end in time; what was under way is done again");
        // As it was told to: what is committed is kept, as after any end.
        std::process::exit(0);
    }
}

/// Waits until whoever was ordered to stop should have ended.
async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    sleep(END_WITHIN).await;
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::app::lifecycle::{CLOSE_WITHIN, STOP_WITHIN};

    #[tokio::test(start_paused = true)]
    async fn the_end_is_overdue_20_s_after_the_order_and_never_without_one() {
        let stop = CancellationToken::new();
        let running = timeout(Duration::from_secs(24 * 3600), overdue(&stop)).await;
        assert!(running.is_err(), "nobody ordered it to stop");
        stop.cancel();
        let ordered = Instant::now();
        overdue(&stop).await;
        assert_eq!(ordered.elapsed(), Duration::from_secs(20));
    }

    #[test]
    fn an_end_in_good_order_comes_before_it_and_systemd_kills_after_it() {
        let good_order = STOP_WITHIN + CLOSE_WITHIN + THREADS_END_WITHIN;
        assert!(good_order < END_WITHIN);
        let unit = include_str!("../../deploy/kpid.service");
        let line = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
        let seconds = line.strip_suffix('s').unwrap().parse().unwrap();
        assert!(END_WITHIN < Duration::from_secs(seconds), "{line}");
    }
}
