//! How somebody is turned away: a page for people, a problem for programs that ask the API, words for others.

use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use crate::web::policy;
use kpid_board::notice::{self, Notice};
use kpid_language::{Language, english, negotiated};

/// What programs are told by, as in RFC 9457.
const PROBLEM: &str = "application/problem+json";

/// Where programs ask.
pub(super) const API: &str = "/api/";

/// Where supervisors and scrapers read a line.
const FOR_SUPERVISORS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

pub(super) fn answer(why: Notice<'_>, uri: &Uri, headers: &HeaderMap) -> Response {
    match uri.path().starts_with(API) {
        true => problem(why),
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

/// What programs are told.
pub(super) fn problem(why: Notice<'_>) -> Response {
    problem_of(status(why), why)
}

fn problem_of(status: StatusCode, why: Notice<'_>) -> Response {
    let detail = notice::words(english(), why);
    let title = status.canonical_reason().unwrap_or_default();
    let problem = json!({ "title": title, "status": status.as_u16(), "detail": detail });
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
    accepts_pages && !path.starts_with(API) && !FOR_SUPERVISORS.contains(&path)
}

/// What a layer refuses without looking at who asks becomes a page or a problem, too.
pub(super) async fn worded(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with(API);
    let is_for_people = is_for_people(request.uri(), request.headers());
    let language = language(request.headers());
    let answer = next.run(request).await;
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_plain = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    let is_refused = status.is_client_error() || status.is_server_error();
    if !is_refused || !is_plain || !(is_api || is_for_people) {
        return answer;
    }
    let why = reason(status);
    let mut worded = match is_api {
        true => problem_of(status, why),
        false => page_of(status, why, language),
    };
    let told = [header::RETRY_AFTER, header::ALLOW, header::WWW_AUTHENTICATE];
    let kept = |name: &HeaderName| Some((name.clone(), answer.headers().get(name)?.clone()));
    worded.headers_mut().extend(told.iter().filter_map(kept));
    worded
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
