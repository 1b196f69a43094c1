//! Why an HTTP API gave no answer, in words, and whose fault that is.

use std::{io, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, HeaderName, RETRY_AFTER},
};
use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::fault::Fault;

/// What the client says of a proxy that refuses to connect us.
const PROXY_REFUSES: &str = "proxy authorization required";

/// Whose fault it is that a request brought no answer: a redirect that is not followed is of the
/// question, all else of the system.
pub(crate) fn lost(error: &reqwest::Error) -> Fault {
    let words = broken(error);
    match error {
        _ if error.is_connect() => Fault::Unreached(words),
        _ if error.is_redirect() => Fault::Question(words),
        _ => Fault::BrokeOff(words),
    }
}

/// Why there is no answer, by its root cause.
pub(crate) fn broken(error: &reqwest::Error) -> String {
    let mut root: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = root.source() {
        root = source;
    }
    if let Some(words) = tls(root) {
        return format!("cannot connect: {words}");
    }
    match error {
        _ if error.is_timeout() => "gave no answer in time".to_owned(),
        _ if root.to_string().contains(PROXY_REFUSES) => {
            "cannot connect: the proxy does not let us through; check `proxy`".to_owned()
        }
        _ if error.is_connect() => format!("cannot connect: {root}"),
        _ if error.is_redirect() => root.to_string(),
        _ if error.is_body() || error.is_decode() => format!("the answer broke off: {root}"),
        _ => format!("gave no answer: {root}"),
    }
}

/// What is wrong with a certificate, its or ours.
fn tls(root: &(dyn std::error::Error + 'static)) -> Option<String> {
    // Errors of TLS come in one or more of reading and writing, which hide them from the chain.
    let mut inner = root;
    while let Some(error) = inner.downcast_ref::<io::Error>().and_then(|error| error.get_ref()) {
        inner = error;
    }
    let words = match inner.downcast_ref::<TlsError>()? {
        TlsError::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => {
                "its certificate is of an authority that is not trusted; name it by `ca`"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another host; check `base_url`"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired; its owner must renew it"
            }
            other => return Some(format!("its certificate is not good: {other}")),
        },
        TlsError::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::HandshakeFailure,
        ) => "it wants a certificate of ours that it knows; check `client_certificate`",
        other => return Some(format!("TLS fails: {other}")),
    };
    Some(words.to_owned())
}

/// Whether the figures have come with it, and all of them: 202 promises them for later, and 206 is a
/// part that nobody asked for.
pub(crate) fn is_answer(status: StatusCode) -> bool {
    let is_less = [StatusCode::ACCEPTED, StatusCode::PARTIAL_CONTENT].contains(&status);
    status.is_success() && !is_less
}

/// Whether any other question would be answered so, too. That somebody may not see this (403), or
/// that there is no such thing (404), is said of this question. That we are not known (401, 407) is
/// said of the connection, and asking on may lock us out; so is that we ask too much (429).
pub(crate) fn is_of_system(status: StatusCode) -> bool {
    let told = [
        StatusCode::UNAUTHORIZED,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_server_error() || told.contains(&status)
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

/// For how long a busy API asks to be left alone: seconds, or until an instant. That is told by its
/// own clock, so that it does not matter which of ours is wrong.
pub(crate) fn patience(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(asked).ok()?.to_utc();
    let sent = text(DATE).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let wait = until - sent.map_or(now, |sent| sent.to_utc());
    Some(wait.to_std().unwrap_or_default())
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
}
