//! What a receiver's answer says becomes of a delivery.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use tokio::time::timeout;

use crate::send_error::SendError;

/// A receiver that asks for more patience than this does not mean it.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What is read of a refusal, for operators; a longer answer is a web page.
const WORDS_BYTES_MAX: usize = 4096;

/// What is shown of it.
pub(crate) const WORDS_CHARS_MAX: usize = 200;

/// What is read of an acceptance, so that its connection is good for the next request.
const ACCEPTANCE_BYTES_MAX: usize = 64 * 1024;

/// How long it is read.
const ACCEPTANCE_TIME_MAX: Duration = Duration::from_secs(1);

/// Whether a delivery is made, is tried again or is given up.
pub(crate) async fn outcome(
    host: &str,
    response: Response,
    now: DateTime<Utc>,
) -> Result<(), SendError> {
    let status = response.status();
    if status.is_success() {
        // It is made, whatever else comes.
        let _ = timeout(ACCEPTANCE_TIME_MAX, read_to_end(response)).await;
        return Ok(());
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|value| patience(value, now));
    let message = format!("{host} answered {status}{}", words(response).await);
    if after.is_none() && is_of_receiver(status) {
        return Err(SendError::unreachable(message));
    }
    if may_pass(status) {
        return Err(SendError::Retry { after, message });
    }
    Err(SendError::GiveUp { message })
}

/// The answers of whoever stands before a receiver that is not there.
fn is_of_receiver(status: StatusCode) -> bool {
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT]
        .contains(&status)
}

/// Reads an answer that is not needed, unless it is a long one.
async fn read_to_end(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ACCEPTANCE_BYTES_MAX {
            return;
        }
    }
}

/// The answers that another attempt may change.
fn may_pass(status: StatusCode) -> bool {
    let asks_for_time =
        [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || asks_for_time.contains(&status)
}

/// What `Retry-After` asks for: seconds, or an instant.
fn patience(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let asked = match value.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_not_seconds) => {
            let until = DateTime::parse_from_rfc2822(value.trim()).ok()?.to_utc();
            (until - now).max(TimeDelta::zero()).to_std().ok()?
        }
    };
    Some(asked.min(RETRY_AFTER_MAX))
}

/// The first words of an answer, on one line.
async fn words(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = WORDS_BYTES_MAX - bytes.len();
        bytes.extend(chunk.iter().take(room));
        if bytes.len() == WORDS_BYTES_MAX {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.split(|c: char| c.is_whitespace() || c.is_control());
    let text = text.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(WORDS_CHARS_MAX).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_seconds_or_an_instant_and_has_an_end() {
        let now = DateTime::parse_from_rfc3339("2026-06-03T06:00:00Z").unwrap().to_utc();
        for (value, seconds) in [
            ("120", Some(120)),
            ("Wed, 03 Jun 2026 06:01:30 GMT", Some(90)),
            ("Wed, 03 Jun 2026 05:00:00 GMT", Some(0)),
            ("999999999999", Some(86_400)),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(patience(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn only_some_refusals_are_worth_another_attempt() {
        for (code, again) in [
            (408, true),
            (425, true),
            (429, true),
            (500, true),
            (503, true),
            (400, false),
            (401, false),
            (404, false),
            (410, false),
            (302, false),
            (307, false),
        ] {
            assert_eq!(may_pass(StatusCode::from_u16(code).unwrap()), again, "{code}");
        }
    }
}
