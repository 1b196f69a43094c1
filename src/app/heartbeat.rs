//! A sign of life to somebody outside, who misses it when kpid cannot tell of its own death.

use std::time::Duration;

use anyhow::Context;
use reqwest::redirect::Policy;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use crate::telemetry::metrics::Metrics;
use kpid_clock::Clock;
use kpid_config::setup::Heartbeat;

/// Whoever watches answers at once, or not in time.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// A scheduler that has not come round for so long gives no sign of life, nor does one that could keep
/// nothing for so long.
const STANDS_STILL: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Gives signs of life until it is told to stop, as long as the scheduler comes round and what it
/// decides can be kept.
pub(crate) async fn beat(
    heartbeat: &Heartbeat,
    metrics: &Metrics,
    clock: Clock,
    stop: &CancellationToken,
) {
    let client = reqwest::Client::builder()
        .user_agent(concat!("kpid/", env!("CARGO_PKG_VERSION")))
        .timeout(ANSWER_TIME_MAX)
        .redirect(Policy::none())
        .build();
    let client = match client.context("cannot prepare the heartbeat") {
        Ok(client) => client,
        Err(error) => {
            warn!("{error:#}");
            return;
        }
    };
    let mut ticks = interval(heartbeat.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_heard = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = clock.now();
        let turns = metrics.turned_at().is_some_and(|at| now - at <= STANDS_STILL);
        let keeps =
            metrics.store.trouble(now).is_none_or(|trouble| now - trouble.since <= STANDS_STILL);
        if !turns || !keeps {
            continue;
        }
        let sent = client.get(Url::clone(&heartbeat.url)).send().await;
        let trouble = match sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("answered {}", response.status())),
            // Its address may be a secret.
            Err(error) => Some(error.without_url().to_string()),
        };
        match (&trouble, is_heard) {
            (Some(trouble), true) => warn!("the heartbeat could not be sent: {trouble}"),
            (None, false) => info!("the heartbeat is sent again"),
            _ => {}
        }
        is_heard = trouble.is_none();
    }
}
