//! `POST /api/v1/readings`: where systems that cannot be asked push their figures.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::timeout};

use crate::web::{access, site::Site};
use crate::{
    telemetry::metrics::PushOutcome,
    web::change::{BadReading, Change, Media, Push, PushAnswer},
};
use kpid_rules::model::Id;

/// Ten thousand readings of a hundred bytes each.
pub(super) const BODY_BYTES_MAX: usize = 1 << 20;

/// A body that takes longer to come is not coming.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Longer than the store waits for another writer.
const KEPT_WITHIN: Duration = Duration::from_secs(15);

/// Everything that a push may take.
pub(super) const TIME_MAX: Duration = Duration::from_secs(30);

/// A UUID is 36 characters, a path with a date fewer than this.
const KEY_CHARS_MAX: usize = 128;

/// When whoever was told to come back may do so.
const PAUSE_SECONDS: u64 = 2;

/// Why a push is not taken, as RFC 9457 words problems.
struct Refusal {
    status: StatusCode,
    detail: String,
    errors: Vec<Value>,
    /// After how many seconds it may be tried again.
    after: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), after: None }
    }

    fn later(status: StatusCode, after: u64, detail: impl Into<String>) -> Self {
        Self { after: Some(after), ..Self::new(status, detail) }
    }

    /// Bad readings, each with its place.
    fn bad(media: Media, bad: Vec<BadReading>) -> Self {
        let place = match media {
            Media::Json => "index",
            Media::Csv => "line",
        };
        let count = bad.len();
        let errors = bad.into_iter().map(|bad| json!({ place: bad.at, "message": bad.message }));
        let detail = format!("nothing is kept: {count} readings are wrong, as `errors` says");
        let errors = errors.collect();
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, detail, errors, after } = self;
        let mut problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": detail,
        });
        if !errors.is_empty() {
            problem["errors"] = Value::Array(errors);
        }
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        let media = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media);
        if let Some(after) = after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        match status {
            StatusCode::UNAUTHORIZED => {
                let ask = HeaderValue::from_static("Bearer realm=\"kpid push\"");
                headers.insert(header::WWW_AUTHENTICATE, ask);
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            _ => {}
        }
        response
    }
}

/// Takes readings.
pub(super) async fn readings(State(site): State<Site>, request: Request) -> Response {
    let opened =
        access::token(request.headers()).and_then(|token| site.push_endpoints.of_token(&token));
    let connection = opened.map_or("", |(id, ..)| id.as_str());
    let taken = match opened {
        None => Err(stranger(&site, request.headers())),
        Some((id, by, endpoint, minute)) => {
            let counted = minute.lock().map_or(Ok(()), |mut minute| {
                minute.count(endpoint.per_minute_max, site.clock.now())
            });
            match counted {
                Ok(()) => take(&site, id, by, request).await,
                Err(after) => Err(Refusal::later(
                    StatusCode::TOO_MANY_REQUESTS,
                    after,
                    format!("`{id}` may push {} times a minute", endpoint.per_minute_max),
                )),
            }
        }
    };
    let outcome = match &taken {
        Ok(_) => "accepted",
        Err(refusal) if refusal.status.is_server_error() => "not_kept",
        Err(_) => "refused",
    };
    let counted = PushOutcome { connection: connection.to_owned(), outcome: outcome.to_owned() };
    site.metrics.pushes.get_or_create(&counted).inc();
    taken.unwrap_or_else(IntoResponse::into_response)
}

/// Anything but a POST.
pub(super) async fn only_post() -> Response {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "readings are sent by POST").into_response()
}

/// Whoever has no token, or one for something else.
fn stranger(site: &Site, headers: &HeaderMap) -> Refusal {
    match access::token(headers) {
        Some(token) if site.access.holder(&token).is_some() => {
            let words = "this token lets in who looks; to push takes one of a `push` connection";
            Refusal::new(StatusCode::FORBIDDEN, words)
        }
        _ => Refusal::new(StatusCode::UNAUTHORIZED, "a token of a `push` connection is needed"),
    }
}

async fn take(site: &Site, id: &Id, by: &str, request: Request) -> Result<Response, Refusal> {
    let media = media(request.headers())?;
    let key = key(request.headers())?;
    let busy = || {
        let words = "too many pushes at once; come back";
        Refusal::later(StatusCode::SERVICE_UNAVAILABLE, PAUSE_SECONDS, words)
    };
    let _under_way = site.push_endpoints.under_way.try_acquire().map_err(|_| busy())?;
    let body = body(request).await?;
    let push = Push { connection: id.clone(), by: by.to_owned(), key, media, body };
    let (answer, came) = oneshot::channel();
    site.changes.try_send(Change::Push(push, answer)).map_err(|_| busy())?;
    let not_kept = || {
        let words = "nothing is kept, or nothing is sure; try again, it is kept once";
        Refusal::later(StatusCode::SERVICE_UNAVAILABLE, PAUSE_SECONDS, words)
    };
    let Ok(Ok(came)) = timeout(KEPT_WITHIN, came).await else { return Err(not_kept()) };
    match came {
        PushAnswer::Kept(receipt) => Ok(Json(receipt).into_response()),
        PushAnswer::Unreadable(words) => Err(Refusal::new(StatusCode::BAD_REQUEST, words)),
        PushAnswer::TooMany(words) => Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, words)),
        PushAnswer::Bad(bad) => Err(Refusal::bad(media, bad)),
        PushAnswer::KeyTaken => {
            let words = "this `Idempotency-Key` came before, with another body; use a new one";
            Err(Refusal::new(StatusCode::CONFLICT, words))
        }
        PushAnswer::NotKept => Err(not_kept()),
    }
}

/// What the body is written in.
fn media(headers: &HeaderMap) -> Result<Media, Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refused = |words: &str| Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, words));
    if !matches!(text(header::CONTENT_ENCODING), "" | "identity") {
        return refused("the body is compressed; send it as it is");
    }
    let named = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    match named.to_ascii_lowercase().as_str() {
        "application/json" => Ok(Media::Json),
        "text/csv" => Ok(Media::Csv),
        _ => refused("send `Content-Type: application/json` or `text/csv`"),
    }
}

/// What the sender calls its push: a string of structured headers, with its quotes or without.
fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_key =
        (1..=KEY_CHARS_MAX).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_graphic());
    if is_key {
        return Ok(Some(bare.to_owned()));
    }
    let words = format!("`Idempotency-Key` is 1 to {KEY_CHARS_MAX} visible ASCII characters");
    Err(Refusal::new(StatusCode::BAD_REQUEST, words))
}

async fn body(request: Request) -> Result<Bytes, Refusal> {
    match timeout(BODY_TIME_MAX, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let words = format!("the body has more than {BODY_BYTES_MAX} bytes; send it in parts");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, words))
        }
        Ok(Err(_)) => Err(Refusal::new(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_elapsed) => {
            let words = format!("the body did not come within {} s", BODY_TIME_MAX.as_secs());
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, words))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_may_be_quoted() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", text.parse().unwrap());
            key(&headers).ok().flatten()
        };
        assert_eq!(read("\"8e03978e-40d5\"").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(read("8e03978e-40d5").as_deref(), Some("8e03978e-40d5"));
        for wrong in ["", "\"\"", "two words", "ü", &"a".repeat(129)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
