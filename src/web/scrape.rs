//! `/metrics`: what is counted, and what the store and the standing say now.

use std::sync::atomic::AtomicU64;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::web::{
    board::Posted,
    site::{Site, not_yet, unreadable},
};
use kpid_rules::{
    judgement::{Standing, Verdict},
    model::Status,
};
use kpid_store::DeliveryState;

/// What OpenMetrics calls itself.
const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How OpenMetrics ends.
const END: &str = "# EOF";

type Number = Gauge<f64, AtomicU64>;

/// A node. There are as many as the configuration names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ScopeLabel {
    scope: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStatus {
    scope: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTable {
    table: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: String,
    config: String,
}

/// Everything, as Prometheus reads it.
pub(super) async fn metrics(State(site): State<Site>) -> Response {
    let Some((standing, posted)) = site.standing().await else { return not_yet() };
    match text(&site, &standing, &posted).await {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA)], text).into_response(),
        Err(error) => unreadable(&error),
    }
}

async fn text(site: &Site, standing: &Standing, posted: &Posted) -> anyhow::Result<String> {
    let mut registry = Registry::default();
    site.metrics.register(&mut registry);
    process(site, &mut registry);
    scores(standing, &mut registry);
    data(posted, &mut registry);
    missed(site, &mut registry).await?;
    outbox(site, &mut registry).await?;
    let mut text = String::new();
    encode(&mut text, &registry)?;
    // What ends the text is behind all of it.
    text.truncate(text.trim_end().trim_end_matches(END).len());
    if let Some(kpis) = &site.kpi_metrics {
        text.push_str(&kpis.text(&standing.scorecards));
    }
    text.push_str(END);
    text.push('\n');
    Ok(text)
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

fn number(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Number::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn process(site: &Site, registry: &mut Registry) {
    let build = Family::<Build, Gauge>::default();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    build.get_or_create(&Build { version, config: site.config_hash.clone() }).set(1);
    registry.register("kpid_build_info", "The release, and the configuration that judges", build);
    let metrics = &site.metrics;
    if let Some(at) = metrics.turned_at() {
        let help = "When the scheduler last came round";
        number(registry, "kpid_scheduler_turn_timestamp_seconds", help, seconds(at));
    }
    if let Some(at) = metrics.reloaded_at() {
        let help = "When a configuration was last taken";
        number(registry, "kpid_config_last_reload_success_timestamp_seconds", help, seconds(at));
    }
    let taken = f64::from(u8::from(!metrics.is_reload_refused()));
    let help = "Whether the newest configuration was taken";
    number(registry, "kpid_config_last_reload_successful", help, taken);
}

fn scores(standing: &Standing, registry: &mut Registry) {
    let scores = Family::<ScopeLabel, Number>::default();
    let statuses = Family::<OfStatus, Gauge>::default();
    let coverage = Family::<ScopeLabel, Number>::default();
    let open = Family::<ScopeLabel, Gauge>::default();
    let node = |scope: String, verdict: &Verdict| {
        let of = ScopeLabel { scope: scope.clone() };
        if let Some(score) = verdict.score {
            scores.get_or_create(&of).set(score);
        }
        coverage.get_or_create(&of).set(verdict.coverage);
        for status in Status::BEST_FIRST {
            let word = status.words().replace(' ', "_");
            let of = OfStatus { scope: scope.clone(), status: word };
            statuses.get_or_create(&of).set(i64::from(status == verdict.status));
        }
    };
    for scorecard in &standing.scorecards {
        node(scorecard.id.to_string(), &scorecard.verdict);
        for perspective in &scorecard.perspectives {
            let scope = format!("{}/{}", scorecard.id, perspective.id);
            node(scope.clone(), &perspective.verdict);
            let is_open = perspective.episode.as_ref().is_some_and(|episode| episode.is_open());
            open.get_or_create(&ScopeLabel { scope }).set(i64::from(is_open));
        }
    }
    let help = "Score of a scorecard or perspective, 0 to 100; absent without data";
    registry.register("kpid_score", help, scores);
    registry.register("kpid_status", "1 for the status that holds", statuses);
    registry.register("kpid_coverage_ratio", "Share of the weight that has data", coverage);
    registry.register("kpid_alert_open", "1 while a perspective's alert is open", open);
}

fn data(posted: &Posted, registry: &mut Registry) {
    let attempts = Family::<ScopeLabel, Number>::default();
    let failing = Family::<ScopeLabel, Gauge>::default();
    for (kpi, attempt) in posted.attempts.iter() {
        let of = ScopeLabel { scope: kpi.to_string() };
        attempts.get_or_create(&of).set(seconds(attempt.finished_at));
        failing.get_or_create(&of).set(i64::from(attempt.failure.is_some()));
    }
    let help = "When a KPI was last collected, whatever came";
    registry.register("kpid_kpi_last_collection_timestamp_seconds", help, attempts);
    registry.register("kpid_kpi_source_failing", "1 while a KPI's source fails", failing);
    let help = "Troubles with data that are not over";
    number(registry, "kpid_data_troubles", help, posted.troubles as f64);
}

/// Counted in the store, so that a restart, which is when runs are missed, does not begin anew.
async fn missed(site: &Site, registry: &mut Registry) -> anyhow::Result<()> {
    let missed = Family::<ScopeLabel, Counter>::default();
    for (kpi, last) in site.store.last_slots().await? {
        missed.get_or_create(&ScopeLabel { scope: kpi.to_string() }).inc_by(last.missed);
    }
    let help = "Instants of a KPI's schedule that nobody served";
    registry.register("kpid_kpi_missed_runs", help, missed);
    Ok(())
}

async fn outbox(site: &Site, registry: &mut Registry) -> anyhow::Result<()> {
    let deliveries = Family::<OfState, Gauge>::default();
    let held = site.store.deliveries(false).await?;
    for state in DeliveryState::UNSETTLED {
        let count = held.iter().filter(|delivery| delivery.state == state).count();
        deliveries
            .get_or_create(&OfState { state: state.to_string() })
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let blocked =
        held.iter().filter(|held| held.state == DeliveryState::Pending && held.reason.is_some());
    let blocked = f64::from(u32::try_from(blocked.count()).unwrap_or(u32::MAX));
    let help = "Messages that wait until operators fix why a receiver refuses kpid";
    number(registry, "kpid_deliveries_blocked", help, blocked);
    let removed = Family::<OfTable, Gauge>::default();
    for gone in site.store.removed().await? {
        let count = i64::try_from(gone.count).unwrap_or(i64::MAX);
        removed.get_or_create(&OfTable { table: gone.name }).inc_by(count);
    }
    registry.register("kpid_removed_rows", "Rows that were removed after their time", removed);
    registry.register("kpid_deliveries", "Messages that are not delivered", deliveries);
    let pending = held.iter().filter(|delivery| delivery.state == DeliveryState::Pending);
    let oldest = pending.map(|delivery| delivery.due_since).min();
    let age = oldest.map_or(0.0, |oldest| seconds(site.clock.now()) - seconds(oldest));
    let help = "Age of the oldest message that waits to be delivered; 0 without one";
    number(registry, "kpid_outbox_oldest_pending_seconds", help, age);
    Ok(())
}
