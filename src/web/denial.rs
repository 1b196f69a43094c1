//! How somebody is turned away: a page for people, a problem for programs that ask the API, words for others.

use axum::{
    Json,
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use serde_json::json;
use tower_http::csrf::ProtectionError;

use crate::web::policy;
use kpid_board::notice::{self, Notice};
use kpid_language::{Language, english, negotiated};

/// What programs are told by, as in RFC 9457.
const PROBLEM: &str = "application/problem+json";

/// A sentence is shorter.
const WORDS_BYTES_MAX: usize = 2_000;

/// When whoever was told to come back may do so.
const PAUSE_SECONDS: u64 = 2;

/// Where programs ask.
const PROGRAMS: [&str; 3] = ["/api/", "/badge/", "/calendar/"];

/// Whether a program asks, and no person.
pub(super) fn is_for_programs(path: &str) -> bool {
    PROGRAMS.iter().any(|place| path.starts_with(place))
}

/// Where supervisors and scrapers read a line.
const FOR_SUPERVISORS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What whoever asks is told.
pub(super) fn answer(why: Notice<'_>, uri: &Uri, headers: &HeaderMap) -> Response {
    match is_for_programs(uri.path()) {
        true => problem_of(why),
        false => page(why, language(headers)),
    }
}

/// That there is nothing at an address.
pub(super) fn nothing(headers: &HeaderMap) -> Response {
    page(Notice::NotFound, language(headers))
}

/// What people are told.
pub(super) fn page(why: Notice<'_>, language: &'static Language) -> Response {
    page_of(status(why), why, language)
}

/// The status that says so.
fn status(why: Notice<'_>) -> StatusCode {
    match why {
        Notice::LoggedOut(_) => StatusCode::OK,
        Notice::NoMoment(_) | Notice::NotUnderstood | Notice::LoginStale => StatusCode::BAD_REQUEST,
        Notice::Unknown | Notice::LogIn(_) => StatusCode::UNAUTHORIZED,
        Notice::NotAllowed
        | Notice::NotForToken
        | Notice::Elsewhere
        | Notice::LoginRefused(_)
        | Notice::LoginNotAdmitted(_)
        | Notice::LoginUnverified(_)
        | Notice::LoginUnnamed(_) => StatusCode::FORBIDDEN,
        Notice::NotFound => StatusCode::NOT_FOUND,
        Notice::NotThisWay => StatusCode::METHOD_NOT_ALLOWED,
        Notice::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        Notice::OtherName => StatusCode::MISDIRECTED_REQUEST,
        Notice::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Notice::TooMany | Notice::TooManyLinks | Notice::LoginTooMany => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Notice::Unreadable => StatusCode::INTERNAL_SERVER_ERROR,
        Notice::LoginClock(_) | Notice::LoginUnavailable(_) => StatusCode::BAD_GATEWAY,
        Notice::NotYet | Notice::Busy | Notice::LoginNotKept => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn page_of(status: StatusCode, why: Notice<'_>, language: &'static Language) -> Response {
    let page = notice::page(language, why);
    // Whoever turns away may stand before what gives pages their policy.
    (status, [(header::CONTENT_SECURITY_POLICY, policy::PAGES)], Html(page)).into_response()
}

/// A browser is made to ask by a page of somebody else's.
pub(super) fn elsewhere(_why: ProtectionError) -> Response {
    problem_of(Notice::Elsewhere)
}

/// What programs are told.
pub(super) fn problem_of(why: Notice<'_>) -> Response {
    problem(status(why), &notice::words(english(), why))
}

/// What programs are told, in words of its own.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let problem = json!({ "type": "about:blank", "title": title, "status": status.as_u16(),
        "detail": detail });
    (status, [(header::CONTENT_TYPE, PROBLEM)], Json(problem)).into_response()
}

/// The language of whoever asks.
pub(super) fn language(headers: &HeaderMap) -> &'static Language {
    negotiated(None, headers.get(header::ACCEPT_LANGUAGE).and_then(|held| held.to_str().ok()))
}

/// Whether a person reads the answer.
pub(super) fn is_for_people(uri: &Uri, headers: &HeaderMap) -> bool {
    let path = uri.path();
    let accepted = headers.get(header::ACCEPT).and_then(|held| held.to_str().ok());
    let accepts_pages = accepted.is_some_and(|held| held.contains("text/html"));
    accepts_pages && !is_for_programs(path) && !FOR_SUPERVISORS.contains(&path)
}

/// What is refused without looking at who asks becomes a page or a problem, too: what stands before and
/// around both words its own refusals as text, or not at all.
pub(super) async fn worded(request: Request, next: Next) -> Response {
    let is_program = is_for_programs(request.uri().path());
    let is_person = is_for_people(request.uri(), request.headers());
    let language = language(request.headers());
    let answer = next.run(request).await;
    let status = answer.status();
    let media = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_text = media.is_some_and(|media| media.starts_with("text/plain"));
    let is_refused = status.is_client_error() || status.is_server_error();
    if !is_refused || media == Some(PROBLEM) {
        return answer;
    }
    if is_program {
        return as_problem(answer, is_text).await;
    }
    if !is_person || !(is_text || media.is_none()) {
        return answer;
    }
    let mut worded = page_of(status, reason(status), language);
    let told = [header::RETRY_AFTER, header::ALLOW, header::WWW_AUTHENTICATE];
    let kept = |name: &HeaderName| Some((name.clone(), answer.headers().get(name)?.clone()));
    worded.headers_mut().extend(told.iter().filter_map(kept));
    worded
}

/// A refusal as a problem, in its own words if it has any.
async fn as_problem(answer: Response, is_text: bool) -> Response {
    let status = answer.status();
    let (parts, body) = answer.into_parts();
    let text = match is_text {
        true => to_bytes(body, WORDS_BYTES_MAX).await.ok(),
        false => None,
    };
    let text = text.as_ref().and_then(|text| str::from_utf8(text).ok()).unwrap_or_default().trim();
    let detail = match (status, text) {
        (StatusCode::PAYLOAD_TOO_LARGE, _) => "the body is too large; send less",
        (_, "") if status == StatusCode::SERVICE_UNAVAILABLE => "this takes too long; come back",
        (_, "") => status.canonical_reason().unwrap_or("it cannot be answered"),
        (_, text) => text,
    };
    let mut problem = problem(status, detail);
    // What was said beside the words stays: who may ask, in which way, and when again.
    for (name, value) in &parts.headers {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let pause = HeaderValue::from(PAUSE_SECONDS);
        problem.headers_mut().entry(header::RETRY_AFTER).or_insert(pause);
    }
    problem
}

/// Why, as far as the status says.
fn reason(status: StatusCode) -> Notice<'static> {
    match status {
        StatusCode::NOT_FOUND => Notice::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Notice::NotThisWay,
        StatusCode::PAYLOAD_TOO_LARGE => Notice::TooLong,
        StatusCode::MISDIRECTED_REQUEST => Notice::OtherName,
        StatusCode::SERVICE_UNAVAILABLE => Notice::Busy,
        status if status.is_server_error() => Notice::Unreadable,
        _ => Notice::NotUnderstood,
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn told(answer: Response) -> (HeaderMap, String) {
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 10_000).await.unwrap();
        (parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_refuses_a_program_is_a_problem_whoever_words_it() {
        let fails = || {
            let words = ([(header::ALLOW, "GET")], "too many at once; come back\n");
            async move { (StatusCode::SERVICE_UNAVAILABLE, words) }
        };
        let silent = || async { StatusCode::SERVICE_UNAVAILABLE };
        let page = || async { (StatusCode::INTERNAL_SERVER_ERROR, Html("<h1>secret</h1>")) };
        let long = || async { (StatusCode::BAD_REQUEST, "x".repeat(WORDS_BYTES_MAX + 1)) };
        let app = Router::new()
            .route("/api/fails", get(fails))
            .route("/fails", get(fails))
            .route("/api/silent", get(silent))
            .route("/badge/page", get(page))
            .route("/api/long", get(long))
            .layer(middleware::from_fn(worded));
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            told(app.clone().oneshot(request).await.unwrap()).await
        };
        for (path, detail) in [
            ("/api/fails", "too many at once; come back"),
            ("/api/silent", "this takes too long; come back"),
            ("/badge/page", "Internal Server Error"),
            ("/api/long", "Bad Request"),
        ] {
            let (headers, body) = ask(path).await;
            assert_eq!(headers[header::CONTENT_TYPE], PROBLEM, "{path}");
            let said: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(said["detail"], detail, "{path}");
        }
        let (headers, _) = ask("/api/fails").await;
        assert_eq!(
            (&headers[header::ALLOW], &headers[header::RETRY_AFTER]),
            (&HeaderValue::from_static("GET"), &HeaderValue::from(PAUSE_SECONDS))
        );
        let (headers, body) = ask("/fails").await;
        assert!(headers.get(header::RETRY_AFTER).is_none() && body.starts_with("too many"));
    }

    #[tokio::test]
    async fn what_a_layer_refuses_is_worded_for_whoever_asks() {
        let shed = async || {
            let after = [(header::RETRY_AFTER, "7")];
            (StatusCode::SERVICE_UNAVAILABLE, after, "too many requests at once; come back\n")
        };
        let app = Router::new().route("/{*any}", get(shed)).layer(middleware::from_fn(worded));
        let ask = async |path: &str, accept: &str| {
            let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers()[header::RETRY_AFTER], "7");
            let text = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            String::from_utf8(text.into()).unwrap()
        };
        const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
        assert!(ask("/c/calder", BROWSER).await.contains("<h1>Not now</h1>"));
        assert!(ask("/api/v1/standing", BROWSER).await.contains("\"status\":503"));
        for (path, accept) in [("/c/calder", "*/*"), ("/readyz", BROWSER), ("/metrics", BROWSER)] {
            assert!(ask(path, accept).await.starts_with("too many"), "{path}");
        }
    }
}
