//! Why an HTTP API gave no answer, in words, and whose fault that is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, HeaderName, RETRY_AFTER},
};

use crate::{
    fault::{Blame, Fault},
    tls_error::{self, Peer},
};

/// What the client says of a proxy that refuses to connect us.
const PROXY_REFUSES: &str = "proxy authorization required";

/// Why a request brought no answer: the API was not reached, or it broke off.
pub(crate) fn lost(error: &reqwest::Error) -> Fault {
    let words = broken(error);
    match error {
        // It has been waited for; a further attempt would wait as long.
        _ if error.is_connect() && error.is_timeout() => Fault::System(words),
        _ if error.is_connect() => Fault::Unreached(words),
        _ => Fault::BrokeOff(words),
    }
}

/// Why there is no answer, by its root cause.
pub(crate) fn broken(error: &reqwest::Error) -> String {
    let mut root: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = root.source() {
        root = source;
    }
    if let Some(words) = tls_error::words(root, Peer::Api) {
        return format!("cannot connect: {words}");
    }
    match error {
        _ if error.is_timeout() && error.is_connect() => {
            "cannot connect: nobody answered in time".to_owned()
        }
        _ if error.is_timeout() => "gave no answer in time".to_owned(),
        _ if root.to_string().contains(PROXY_REFUSES) => {
            "cannot connect: the proxy does not let us through; check `proxy`".to_owned()
        }
        _ if error.is_connect() => format!("cannot connect: {root}"),
        _ if error.is_body() || error.is_decode() => format!("the answer broke off: {root}"),
        _ => format!("gave no answer: {root}"),
    }
}

/// Whether the figures have come with it, and all of them: 202 promises them for later, and 206 is a
/// part that nobody asked for.
pub(crate) fn is_answer(status: StatusCode) -> bool {
    let is_less = [StatusCode::ACCEPTED, StatusCode::PARTIAL_CONTENT].contains(&status);
    status.is_success() && !is_less
}

/// Who fails by this status. That somebody may not see this (403), or that there is no such thing
/// (404), is said of the question; an error of the server (5xx) of what is asked by this request. That
/// we are not known (401, 407) is said of the connection, and asking on may lock us out; so is that
/// we ask too much (429).
pub(crate) fn blame(status: StatusCode, is_limited: bool) -> Blame {
    let told = [StatusCode::UNAUTHORIZED, StatusCode::PROXY_AUTHENTICATION_REQUIRED];
    match status {
        _ if is_limited || told.contains(&status) => Blame::System,
        _ if status.is_server_error() => Blame::Request,
        _ => Blame::Nobody,
    }
}

/// The answers of an API that is busy and not broken.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    is_put_off(status) || [StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT].contains(&status)
}

/// The answers of an API that has not looked into the question. Whoever says that a gateway fails
/// does not know what became of it.
pub(crate) fn is_put_off(status: StatusCode) -> bool {
    [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status)
}

/// Words by which APIs say that they have been asked too often.
const TOO_OFTEN: [&str; 6] =
    ["rate limit", "ratelimit", "rate_limit", "too many requests", "throttl", "quota exceeded"];

/// Whether a refusal says that we ask too often: by its status, or with 403, by which others say that
/// we may not see it.
pub(crate) fn is_limited(status: StatusCode, headers: &HeaderMap, words: &str) -> bool {
    let says = || {
        let words = words.to_ascii_lowercase();
        TOO_OFTEN.iter().any(|part| words.contains(part))
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => headers.contains_key(RETRY_AFTER) || is_used_up(headers) || says(),
        _ => false,
    }
}

/// Names under which APIs tell of their limits; none of them is a standard.
const LIMITS: [&str; 3] = ["x-ratelimit-", "x-rate-limit-", "ratelimit-"];

fn limit<'h>(headers: &'h HeaderMap, what: &str) -> Option<&'h str> {
    let named = |prefix: &&str| headers.get(format!("{prefix}{what}"))?.to_str().ok();
    LIMITS.iter().find_map(named).map(str::trim)
}

fn is_used_up(headers: &HeaderMap) -> bool {
    limit(headers, "remaining").is_some_and(|left| left.parse() == Ok(0.0_f64))
}

/// For how long a busy API asks to be left alone: seconds, or until an instant. That is told by its
/// own clock, so that it does not matter which of ours is wrong.
pub(crate) fn patience(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let sent = text(DATE).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let since = sent.map_or(now, |sent| sent.to_utc());
    let until = |at: DateTime<Utc>| (at - since).to_std().unwrap_or_default();
    let Some(asked) = text(RETRY_AFTER) else {
        // Some say with every answer when they will count anew.
        let is_meant = is_used_up(headers) || limit(headers, "remaining").is_none();
        let reset = limit(headers, "reset").filter(|_| is_meant);
        return reset.and_then(|reset| reset_in(reset, until));
    };
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(until(DateTime::parse_from_rfc2822(asked).ok()?.to_utc()))
}

/// When a limit is lifted: in so many seconds, or at an instant that counts since 1970.
fn reset_in(reset: &str, until: impl Fn(DateTime<Utc>) -> Duration) -> Option<Duration> {
    /// More seconds than this are an instant: 30 years.
    const SECONDS_MAX: u64 = 1_000_000_000;
    /// More than this are milliseconds.
    const INSTANT_MAX: u64 = 100_000_000_000;
    match reset.parse::<u64>().ok()? {
        seconds if seconds < SECONDS_MAX => Some(Duration::from_secs(seconds)),
        instant => {
            let seconds = if instant > INSTANT_MAX { instant / 1000 } else { instant };
            DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0).map(until)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_asked_for_in_seconds_or_until_an_instant() {
        let now = "2026-06-03T04:00:05Z".parse().unwrap();
        let until = "Wed, 03 Jun 2026 04:01:00 GMT";
        for (asked, date, seconds) in [
            ("30", None, Some(30)),
            (" 18446744073709551615 ", None, Some(u64::MAX)),
            (until, None, Some(55)),
            // By its own clock, which is ahead of ours.
            (until, Some("Wed, 03 Jun 2026 04:00:50 GMT"), Some(10)),
            (until, Some("yesterday"), Some(55)),
            ("Tue, 02 Jun 2026 04:01:00 GMT", None, Some(0)),
            ("soon", None, None),
            ("-1", None, None),
        ] {
            let headers = [(RETRY_AFTER, Some(asked)), (DATE, date)];
            let headers = headers.into_iter().filter_map(|(name, text)| Some((name, text?)));
            let headers = headers.map(|(name, text)| (name, text.parse().unwrap())).collect();
            let found = patience(&headers, now);
            assert_eq!(found, seconds.map(Duration::from_secs), "{asked} {date:?}");
        }
    }

    #[test]
    fn a_limit_may_be_told_by_403_and_by_headers_of_many_names() {
        let now = "2026-06-03T04:00:05Z".parse().unwrap();
        let headers = |pairs: &[(&'static str, &str)]| -> HeaderMap {
            let pair = |(name, text): &(&'static str, &str)| {
                (HeaderName::from_static(name), text.parse().unwrap())
            };
            pairs.iter().map(pair).collect()
        };
        let words = "You have exceeded a secondary rate limit. Please wait a few minutes.";
        for (pairs, words, is_so, seconds) in [
            (&[("retry-after", "60")][..], "", true, Some(60)),
            (
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1780459265")],
                "",
                true,
                Some(60),
            ),
            (&[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "30")], "", true, Some(30)),
            (
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "1780459265000")],
                "",
                true,
                Some(60),
            ),
            (&[], words, true, None),
            (&[("x-ratelimit-remaining", "41"), ("x-ratelimit-reset", "3600")], "", false, None),
            (&[], "You may not see this project.", false, None),
        ] {
            let headers = headers(pairs);
            assert_eq!(is_limited(StatusCode::FORBIDDEN, &headers, words), is_so, "{pairs:?}");
            assert_eq!(patience(&headers, now), seconds.map(Duration::from_secs), "{pairs:?}");
        }
        assert!(!is_limited(StatusCode::NOT_FOUND, &headers(&[]), words));
    }
}
