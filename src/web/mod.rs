//! What shows it: health, metrics, a page and its JSON; and where others hand something in. Nothing
//! here changes anything: what is to change goes to the daemon.

pub mod access;
mod acknowledge;
mod alert_history;
mod api;
pub mod board;
pub mod change;
mod connection;
mod cookies;
mod denial;
pub mod fragments;
mod guard;
mod health;
pub mod kpi_metrics;
pub mod login;
pub mod minute;
mod pages;
pub mod past;
mod peer;
mod policy;
mod push;
pub mod push_endpoints;
mod refusal;
mod scrape;
pub mod session;
mod site;
pub mod source_questions;
pub mod viewer;

use std::any::Any;

use axum::{
    Router,
    error_handling::HandleErrorLayer,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::{BoxError, ServiceBuilder, limit::GlobalConcurrencyLimitLayer};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

use crate::web::{connection::LIMITS, site::ANSWER_TIME_MAX};

pub use site::Site;

/// Nobody sends us anything long.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Requests at once, of all that look: most are answered from memory in milliseconds. More are told to
/// come back.
const REQUESTS_MAX: usize = 128;

/// Serves until told to stop; what is being answered then is finished.
pub async fn serve(listener: TcpListener, site: Site, stop: CancellationToken) {
    connection::serve(listener, router(site), LIMITS, stop).await;
}

fn router(site: Site) -> Router {
    let header =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    let shown = Router::new()
        .route("/metrics", get(scrape::metrics))
        .merge(api::router().layer(pages::own_forms_only(&site.access, denial::elsewhere)))
        .merge(
            pages::router()
                .layer(pages::own_forms_only(&site.access, pages::elsewhere))
                .layer(header(header::CONTENT_SECURITY_POLICY, policy::PAGES))
                .layer(header(header::REFERRER_POLICY, pages::REFERRER)),
        )
        .layer(middleware::from_fn_with_state(site.clone(), guard::guard));
    let shown = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/assets/{name}", get(pages::asset))
        .merge(few_at_once(shown))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_TIME_MAX));
    // Whoever has the link may, with or without a token.
    let asked = Router::new()
        .route("/a/{token}", get(acknowledge::show).post(acknowledge::act))
        .layer(header(header::CONTENT_SECURITY_POLICY, policy::PAGES))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        // Keeping an acknowledgement may take as long as an answer.
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            2 * ANSWER_TIME_MAX,
        ));
    // Whoever is not known yet.
    let logins = login::pages::router(&site)
        .layer(pages::own_forms_only(&site.access, pages::elsewhere))
        .layer(header(header::CONTENT_SECURITY_POLICY, policy::PAGES))
        .layer(header(header::REFERRER_POLICY, pages::REFERRER))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        // The provider is asked three times at most, and the store once.
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            2 * ANSWER_TIME_MAX,
        ));
    // With a token and limits of its own.
    let pushed = Router::new()
        .route("/api/v1/readings", post(push::readings).fallback(push::only_post))
        .layer(DefaultBodyLimit::max(push::BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, push::TIME_MAX));
    shown
        .merge(pushed)
        .merge(few_at_once(asked))
        // A provider that hangs keeps nobody from anything else.
        .merge(few_at_once(logins))
        .with_state(site)
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy::OTHERS),
        ))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ))
        // Pages and assets say themselves how long they are kept.
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(denial::worded))
}

/// Sheds what is too much, and not those who ask whether we live.
fn few_at_once<S: Clone + Send + Sync + 'static>(shown: Router<S>) -> Router<S> {
    shown.layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(busy))
            .load_shed()
            // One count for all routes: a layer of its own would be one for each.
            .layer(GlobalConcurrencyLimitLayer::new(REQUESTS_MAX)),
    )
}

fn panicked(_what: Box<dyn Any + Send>) -> Response {
    let words = "something went wrong here; the log says what\n";
    (StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
}

async fn busy(_shed: BoxError) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "too many requests at once; come back\n").into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{body::Body, extract::Request};
    use tokio::sync::Barrier;
    use tower::ServiceExt;

    use super::*;
    use kpid_config::{load::load, secret::Secrets};
    use kpid_rules::model::Portfolio;

    /// Scorecards of one KPI, `k`, each.
    pub(super) fn portfolio(scorecards: &[&str]) -> Arc<Portfolio> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("scorecards")).unwrap();
        for id in scorecards {
            let card = format!(
                "scorecard: {id}\nperspectives: {{ p: {{ objectives: {{ o: {{ kpis: {{ \
                 k: {{ nature: level, target: 1 }} }} }} }} }} }}\n"
            );
            std::fs::write(folder.path().join(format!("scorecards/{id}.yaml")), card).unwrap();
        }
        let path = folder.path().join("kpid.yaml");
        std::fs::write(&path, "store: kpid.db\ncalendar: { timezone: UTC }\n").unwrap();
        let (setup, _) = load(&path, Secrets::Needed).unwrap_or_else(|error| panic!("{error:?}"));
        setup.portfolio
    }

    #[tokio::test]
    async fn more_requests_at_once_than_can_be_answered_are_told_to_come_back() {
        let gate = Arc::new(Barrier::new(REQUESTS_MAX + 1));
        let held = || {
            let gate = Arc::clone(&gate);
            get(async move || {
                gate.wait().await;
            })
        };
        let app = few_at_once(Router::new().route("/", held()).route("/metrics", held()));
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap().status()
        };
        let paths = ["/", "/metrics"].into_iter().cycle().take(REQUESTS_MAX);
        let answered = futures_util::future::join_all(paths.map(&ask));
        let one_more = async {
            let status = ask("/").await;
            gate.wait().await;
            status
        };
        let (answered, refused) = tokio::join!(biased; answered, one_more);
        assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answered.iter().all(|status| *status == StatusCode::OK), "{answered:?}");
        assert_eq!(tokio::join!(ask("/"), gate_opens(&gate)).0, StatusCode::OK, "room again");
    }

    async fn gate_opens(gate: &Barrier) {
        futures_util::future::join_all((0..REQUESTS_MAX).map(|_| gate.wait())).await;
    }
}
