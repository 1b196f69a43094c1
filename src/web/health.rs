//! Whether it lives, and whether it does its work: for supervisors, who need no token.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{SecondsFormat, TimeDelta};

use crate::{telemetry::store_health::StoreTrouble, web::site::Site};

/// A scheduler that has not come round for so long stands still; idle, it does so every 15 s.
pub(super) const STANDS_STILL: TimeDelta = TimeDelta::seconds(90);

/// 200 while the scheduler comes round; 503 when it stands still.
pub(super) async fn alive(State(site): State<Site>) -> Response {
    match site.metrics.turned_at() {
        Some(turned) if site.clock.now() - turned > STANDS_STILL => {
            let seconds = (site.clock.now() - turned).num_seconds();
            let words = format!("the scheduler has stood still for {seconds} s\n");
            (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
        }
        _ => "ok\n".into_response(),
    }
}

/// 200 when a configuration runs and the store can be read and written; 503 with the reason otherwise.
pub(super) async fn ready(State(site): State<Site>) -> Response {
    if !site.metrics.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the scheduler has not begun\n").into_response();
    }
    if let Some(StoreTrouble { since, reason, .. }) = site.metrics.store.trouble(site.clock.now()) {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let words = format!("nothing can be kept since {since}: {reason}\n");
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    match site.store.episodes().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::error!("not ready: {error:#}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response()
        }
    }
}
