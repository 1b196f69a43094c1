//! What shows it: health, metrics, a page and its JSON. Read-only; nothing here changes anything.

pub mod access;
mod health;
mod page;
mod scrape;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    error_handling::HandleErrorLayer,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::{BoxError, ServiceBuilder};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};
use tracing::error;

use crate::{
    clock::Clock,
    scorecard::{Portfolio, Standing, judge},
    store::{Held, Store},
    telemetry::metrics::Metrics,
    web::access::Access,
};

/// Nobody sends us anything long.
const BODY_BYTES_MAX: usize = 64 << 10;

/// A reader who waits longer has gone.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

/// Requests at once; more are told to come back.
const REQUESTS_MAX: usize = 32;

/// No script, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// What is shown, as the daemon runs it now.
#[derive(Clone, Debug)]
pub struct Site {
    /// A store of its own to read from, so that readers keep no writer waiting.
    pub store: Store,
    /// The definitions.
    pub portfolio: Arc<Portfolio>,
    /// The configuration's name.
    pub digest: String,
    /// Who may look.
    pub access: Access,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What asks the time.
    pub clock: Clock,
}

/// Serves until told to stop; what is being answered then is finished.
pub async fn serve(listener: TcpListener, site: Site, stop: CancellationToken) {
    let app = router(site);
    let served = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        error!("the listener broke off: {error}");
    }
}

fn router(site: Site) -> Router {
    let header =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    let shown = Router::new()
        .route("/", get(page::page))
        // Where links in mails lead.
        .route("/s/{*path}", get(page::page))
        .route("/metrics", get(scrape::metrics))
        .route("/api/v1/standing", get(standing))
        .route_layer(middleware::from_fn_with_state(site.access.clone(), access::guard));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(shown)
        .with_state(site)
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_TIME_MAX))
        .layer(CatchPanicLayer::new())
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(busy))
                .load_shed()
                .concurrency_limit(REQUESTS_MAX),
        )
}

async fn busy(_shed: BoxError) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "too many requests at once; come back\n").into_response()
}

/// What `kpid show --format json` prints.
async fn standing(State(site): State<Site>) -> Response {
    match site.standing().await {
        Ok((standing, _)) => Json(standing).into_response(),
        Err(error) => unreadable(&error),
    }
}

/// What went wrong is for the log; whoever looks learns that it did.
fn unreadable(error: &anyhow::Error) -> Response {
    error!("cannot show the standing: {error:#}");
    (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read; the log says why\n")
        .into_response()
}

impl Site {
    /// The standing now without private scorecards, and what it was judged from.
    async fn standing(&self) -> anyhow::Result<(Standing, Held)> {
        let kpis = self.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
        let held = self.store.held(&kpis).await?;
        let now = self.clock.now();
        let standing = judge(&self.portfolio, &held.history, &held.episodes, &self.digest, now);
        Ok((standing.public(&self.portfolio), held))
    }
}
