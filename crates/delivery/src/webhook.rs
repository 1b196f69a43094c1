//! Webhooks: the facts as JSON, signed as Standard Webhooks do. The body is a contract:
//! `docs/webhook.md`.

use std::{error::Error, sync::Arc, time::Duration};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::{net::TcpStream, time};
use url::Url;

use crate::{
    channel::Webhook,
    channels::{ConfigTrouble, Delivery, SendError},
    private_url::PrivateUrl,
    ssrf_guard::{self, Guard, Inside},
};
use kpid_message::{
    template,
    webhook_formats::{self, Format},
};

/// One request and its answer, connecting included.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(20);

/// A receiver that asks for more patience than this does not mean it.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What is read of a refusal, to tell operators; a longer answer is a web page.
const WORDS_BYTES_MAX: usize = 4096;

/// What operators are told of it.
const WORDS_CHARS_MAX: usize = 200;

/// Begins a secret that is written in base64.
const SECRET_PREFIX: &str = "whsec_";

/// Whether a secret can sign; why not, for whoever wrote it.
pub fn signing_key(secret: &str) -> Result<(), String> {
    Key::parse(secret).map(drop)
}

/// An open way to one receiver.
#[derive(Debug)]
pub(crate) struct WebhookClient {
    client: Client,
    url: PrivateUrl,
    host: String,
    guard: Guard,
    format: Format,
    secret: Option<SecretString>,
    /// The present key, and the one before while both are good.
    keys: Vec<Key>,
}

/// The key of a signature; never printed.
struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl WebhookClient {
    /// Gets ready; nothing is reached yet.
    pub(crate) fn open(webhook: &Webhook) -> anyhow::Result<Self> {
        Self::open_within(webhook, REQUEST_TIME_MAX)
    }

    fn open_within(webhook: &Webhook, request_time_max: Duration) -> anyhow::Result<Self> {
        let host = webhook.url.host_str().context("a webhook's url has no host")?.to_owned();
        let (secret, format) = (webhook.secret.clone(), webhook.format.clone());
        // A pager's routing key goes in the body, and signs nothing.
        let signs = format != Format::PagerDuty;
        let secrets = [&webhook.secret, &webhook.previous].into_iter().flatten();
        let keys = secrets.filter(|_| signs).map(|secret| Key::parse(secret.expose_secret()));
        let keys = keys.collect::<Result<Vec<Key>, String>>().map_err(anyhow::Error::msg)?;
        // A client panics without one; the daemon may have installed it before.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        let guard = Guard::of(&webhook.url, webhook.allow_private);
        let client = Client::builder()
            .dns_resolver(Arc::new(guard.clone()))
            .user_agent(concat!("kpid/", env!("CARGO_PKG_VERSION")))
            // A signed request is for the receiver named, and for nobody it names.
            .redirect(redirect::Policy::none())
            .timeout(request_time_max)
            .build()
            .context("cannot prepare the HTTP client")?;
        Ok(Self { client, url: webhook.url.clone(), host, guard, format, secret, keys })
    }

    /// Posts the message under the delivery's id.
    pub(crate) async fn post(
        &self,
        delivery: Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        let end = self.end(delivery)?;
        self.post_body(self.body(delivery)?, delivery, now).await?;
        // What is over is not tried again by itself: the whole of it is.
        match end {
            Some(end) => self.post_body(end, delivery, now).await,
            None => Ok(()),
        }
    }

    async fn post_body(
        &self,
        body: String,
        delivery: Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        let (id, timestamp) = (delivery.id.to_string(), now.timestamp().to_string());
        let mut request = self
            .client
            .post(Url::clone(&self.url))
            .header(CONTENT_TYPE, webhook_formats::content_type(&self.format))
            .header("webhook-id", &id)
            .header("webhook-timestamp", &timestamp);
        if !self.keys.is_empty() {
            let signed = self.keys.iter().map(|key| key.sign(&id, &timestamp, body.as_bytes()));
            request = request.header("webhook-signature", signed.collect::<Vec<_>>().join(" "));
        }
        let response = request.body(body).send().await.map_err(|error| {
            if let Some(inside) = ssrf_guard::blamed(&error) {
                let trouble = ConfigTrouble::of_inside(delivery.channel, inside, now);
                return SendError::Blocked(Box::new(trouble));
            }
            let error = anyhow::Error::from(error.without_url());
            retry(format!("cannot reach {}: {error:#}", self.host))
        })?;
        self.judge(response, now).await
    }

    /// What is posted.
    pub(crate) fn body(&self, delivery: Delivery<'_>) -> Result<String, SendError> {
        let Delivery { message, channel, .. } = delivery;
        if let Format::Own(body) = &self.format {
            return webhook_formats::own(body, message).map_err(|fault| {
                let done = "its messages wait until that is mended";
                let version = template::version([&body.template]);
                let trouble = ConfigTrouble::of_templates(channel, &version, &[fault], done);
                trouble.map_or_else(
                    || retry("cannot write the message".to_owned()),
                    |trouble| SendError::Blocked(Box::new(trouble)),
                )
            });
        }
        let secret = self.secret.as_ref().map(|secret| secret.expose_secret());
        webhook_formats::body(&self.format, message, secret)
            .map_err(|error| retry(format!("cannot write the message as JSON: {error:#}")))
    }

    /// What is posted after it, to end at a pager what nobody will end.
    fn end(&self, delivery: Delivery<'_>) -> Result<Option<String>, SendError> {
        let secret = self.secret.as_ref().map(|secret| secret.expose_secret());
        webhook_formats::end(&self.format, delivery.message, secret)
            .map_err(|error| retry(format!("cannot write the message as JSON: {error:#}")))
    }

    /// Reaches the receiver's port without sending it anything.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        let port = self.url.port_or_known_default().unwrap_or(443);
        // Brackets of an IPv6 address belong to the URL, not to the address.
        let host = self.host.trim_matches(['[', ']']);
        let connect = async {
            let addresses = self.guard.addresses(host, port).await?;
            Ok::<_, Box<dyn Error + Send + Sync>>(TcpStream::connect(addresses.as_slice()).await?)
        };
        match time::timeout(REQUEST_TIME_MAX, connect).await {
            Ok(Ok(_stream)) => Ok(()),
            Ok(Err(error)) if error.is::<Inside>() => {
                Err(retry(format!("{error}; {}", ssrf_guard::WAY_OUT)))
            }
            Ok(Err(error)) => Err(retry(format!("cannot reach {host}:{port}: {error}"))),
            Err(_elapsed) => Err(retry(format!(
                "cannot reach {host}:{port} within {} s",
                REQUEST_TIME_MAX.as_secs()
            ))),
        }
    }

    async fn judge(&self, response: Response, now: DateTime<Utc>) -> Result<(), SendError> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| patience(value, now));
        let message = format!("{} answered {status}{}", self.host, words(response).await);
        if may_pass(status) {
            return Err(SendError::Retry { after, message });
        }
        Err(SendError::GiveUp { message })
    }
}

impl Key {
    /// Reads a secret: base64 after `whsec_`, otherwise its own bytes.
    fn parse(secret: &str) -> Result<Self, String> {
        let Some(encoded) = secret.strip_prefix(SECRET_PREFIX) else {
            return Ok(Self(secret.as_bytes().to_vec()));
        };
        let encoded = encoded.trim();
        let why = if encoded.contains(['-', '_']) {
            "it has `-` or `_`; where a dashboard shows those, write `+` for `-` and `/` for `_`"
        } else if encoded.is_empty() {
            "nothing follows"
        } else {
            "copy the whole secret, with the `=` at its end if there is one"
        };
        match BASE64_STANDARD.decode(encoded) {
            Ok(key) if !key.is_empty() => Ok(Self(key)),
            _ => Err(format!("what follows `{SECRET_PREFIX}` in the secret is not base64: {why}")),
        }
    }

    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

fn retry(message: String) -> SendError {
    SendError::Retry { after: None, message }
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
    use std::future;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use uuid::Uuid;

    use super::*;
    use kpid_message::{facts::Facts, message::Message, samples};
    use kpid_rules::model::Id;

    /// For a receiver that answers, on however busy a machine.
    const PATIENT: Duration = Duration::from_secs(60);

    /// For a receiver that never will.
    const IMPATIENT: Duration = Duration::from_millis(100);

    const NOW: &str = "2026-06-03T06:00:05+02:00";

    fn ops() -> Id {
        Id::parse("ops").unwrap()
    }

    fn delivery<'a>(channel: &'a Id, message: &'a Message) -> Delivery<'a> {
        Delivery { id: Uuid::nil(), channel, recipient: "ops", message, link: None }
    }

    /// What came of one post to a receiver that answers every request with `answer`, and the
    /// requests it saw.
    async fn post(answer: &str) -> (Result<(), SendError>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/kpid", listener.local_addr().unwrap()).parse().unwrap();
        let secret = Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into());
        let previous = None;
        let hook = WebhookClient::open_within(
            &Webhook { url, secret, previous, format: Format::Generic, allow_private: false },
            PATIENT,
        )
        .unwrap();
        let (message, now) = (samples::opened().into(), samples::at(NOW).to_utc());
        let channel = ops();
        let mut seen = Vec::new();
        let result = tokio::select! {
            result = hook.post(delivery(&channel, &message), now) => result,
            () = receive(listener, answer, &mut seen) => unreachable!("the receiver goes on"),
        };
        (result, seen)
    }

    async fn receive(listener: TcpListener, answer: &str, seen: &mut Vec<String>) {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !String::from_utf8_lossy(&request).ends_with("}") {
                stream.read_buf(&mut request).await.unwrap();
            }
            seen.push(String::from_utf8(request).unwrap());
            stream.write_all(answer.as_bytes()).await.unwrap();
            open.push(stream);
        }
    }

    #[tokio::test]
    async fn the_answer_says_what_becomes_of_a_delivery() {
        let (result, seen) = post("HTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!((result, seen.len()), (Ok(()), 1));
        let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(
            post(busy).await.0,
            Err(SendError::Retry {
                after: Some(Duration::from_secs(30)),
                message: "127.0.0.1 answered 429 Too Many Requests".to_owned(),
            })
        );
        let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\nno\r\n such";
        assert_eq!(
            post(refusal).await.0,
            Err(SendError::GiveUp {
                message: "127.0.0.1 answered 400 Bad Request: no such".to_owned(),
            })
        );
    }

    #[tokio::test]
    async fn any_good_status_is_good() {
        for status in ["200 OK", "201 Created", "202 Accepted", "204 No Content"] {
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n");
            assert_eq!(post(&answer).await.0, Ok(()), "{status}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let elsewhere =
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        let (result, seen) = post(elsewhere).await;
        assert!(matches!(result, Err(SendError::GiveUp { .. })), "{result:?}");
        assert_eq!(seen.len(), 1);
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut() {
        let flood = format!(
            "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 99999999\r\n\r\n{}",
            "x".repeat(1 << 16)
        );
        let Err(SendError::Retry { message, .. }) = post(&flood).await.0 else {
            panic!("a broken receiver is tried again");
        };
        assert!(message.ends_with(&"x".repeat(WORDS_CHARS_MAX)), "{message}");
        assert!(message.len() < 2 * WORDS_CHARS_MAX, "{message}");
    }

    #[tokio::test]
    async fn a_silent_receiver_is_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: PrivateUrl =
            format!("http://{}/token", listener.local_addr().unwrap()).parse().unwrap();
        let hook = WebhookClient::open_within(
            &Webhook {
                url,
                secret: None,
                previous: None,
                format: Format::Generic,
                allow_private: false,
            },
            IMPATIENT,
        )
        .unwrap();
        let (message, now) = (samples::opened().into(), samples::at(NOW).to_utc());
        let channel = ops();
        let accept_only = async {
            let _held = listener.accept().await.unwrap();
            future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = hook.post(delivery(&channel, &message), now) => result,
            () = accept_only => unreachable!("the receiver goes on"),
        };
        let Err(SendError::Retry { message, .. }) = result else { panic!("{result:?}") };
        assert!(!message.contains("token"), "a path may be a secret: {message}");
    }

    #[tokio::test]
    async fn a_request_carries_id_time_signature_and_the_facts() {
        let (_, seen) = post("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap()
        };
        assert!(head.starts_with("POST /kpid HTTP/1.1"));
        assert_eq!(header("webhook-id"), "00000000-0000-0000-0000-000000000000");
        assert_eq!(header("webhook-timestamp"), "1780459205");
        let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            key.sign(header("webhook-id"), header("webhook-timestamp"), body.as_bytes());
        assert_eq!(header("webhook-signature"), signature);
        assert_eq!(serde_json::from_str::<Facts>(body).unwrap(), samples::opened());
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        insta::assert_snapshot!("body", serde_json::to_string_pretty(&body).unwrap());
    }

    #[test]
    fn keys_are_there_even_when_values_are_not() {
        let keys = |facts: &Facts| -> Vec<String> {
            let value = serde_json::to_value(facts).unwrap();
            value.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(&samples::bare()), keys(&samples::opened()));
    }

    #[tokio::test]
    async fn both_secrets_sign_while_the_new_one_comes_into_use() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/kpid", listener.local_addr().unwrap()).parse().unwrap();
        let secret = |text: &str| Some(text.to_owned().into());
        let hook = Webhook {
            url,
            secret: secret("new"),
            previous: secret("old"),
            format: Format::Generic,
            allow_private: false,
        };
        let hook = WebhookClient::open_within(&hook, PATIENT).unwrap();
        let (message, now) = (samples::opened().into(), samples::at(NOW).to_utc());
        let channel = ops();
        let mut seen = Vec::new();
        tokio::select! {
            result = hook.post(delivery(&channel, &message), now) => result.unwrap(),
            () = receive(listener, "HTTP/1.1 204 No Content\r\n\r\n", &mut seen) => {}
        }
        let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            line.unwrap().to_owned()
        };
        let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
        let by = |key: &str| Key::parse(key).unwrap().sign(&id, &time, body.as_bytes());
        assert_eq!(header("webhook-signature"), format!("{} {}", by("new"), by("old")));
    }

    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_only_where_it_says_so() {
        assert_eq!(Key::parse("whsec_AAEC").unwrap().0, [0, 1, 2]);
        assert_eq!(Key::parse("AAEC").unwrap().0, b"AAEC");
        assert!(Key::parse("whsec_not base64!").is_err());
        assert_eq!(format!("{:?}", Key::parse("AAEC").unwrap()), "Key(…)");
    }

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
