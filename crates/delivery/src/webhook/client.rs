//! One receiver of webhooks: a request for each message, and the answer.

use std::{error::Error, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use reqwest::{Client, header::CONTENT_TYPE, redirect};
use secrecy::{ExposeSecret, SecretString};
use tokio::{net::TcpStream, time};
use url::Url;

use crate::{
    channel::Webhook,
    config_trouble::ConfigTrouble,
    delivery::Delivery,
    network_error::{self, Peer},
    private_url::PrivateUrl,
    send_error::SendError,
    ssrf_guard::{self, Guard, Inside},
    webhook::{answer, signature::Key},
};
use kpid_message::webhook_formats::{
    body::{BodyError, BodyRenderer},
    format::Format,
};
use kpid_rules::model::Id;

/// One request and its answer, connecting included.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(20);

/// An open way to one receiver.
#[derive(Debug)]
pub(crate) struct WebhookClient {
    client: Client,
    url: PrivateUrl,
    host: String,
    guard: Guard,
    bodies: BodyRenderer,
    secret: Option<SecretString>,
    /// The present key, and the one before while both are good.
    keys: Vec<Key>,
}

impl WebhookClient {
    /// Gets ready; nothing is reached yet.
    pub(crate) fn open(webhook: &Webhook) -> anyhow::Result<Self> {
        Self::open_within(webhook, REQUEST_TIME_MAX)
    }

    fn open_within(webhook: &Webhook, request_time_max: Duration) -> anyhow::Result<Self> {
        let host = webhook.url.host_str().context("`url` has no host")?.to_owned();
        // A pager's routing key goes in the body, and signs nothing.
        let signs = webhook.format != Format::PagerDuty;
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
        Ok(Self {
            client,
            url: webhook.url.clone(),
            host,
            guard,
            bodies: BodyRenderer::of(webhook.format.clone()),
            secret: webhook.secret.clone(),
            keys,
        })
    }

    /// Its receiver's host.
    pub(crate) fn host(&self) -> &str {
        &self.host
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
            .header(CONTENT_TYPE, self.bodies.content_type())
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
            let why = network_error::of_request(&error);
            SendError::unreachable(format!("cannot reach {}: {why}", self.host))
        })?;
        answer::outcome(&self.host, response, now).await
    }

    /// What is posted.
    pub(crate) fn body(&self, delivery: Delivery<'_>) -> Result<String, SendError> {
        let body = self.bodies.body(delivery.language, delivery.message, self.routing_key());
        body.map_err(|error| unwritten(delivery.channel, error))
    }

    /// What is posted after it, to end at a pager what nobody will end.
    fn end(&self, delivery: Delivery<'_>) -> Result<Option<String>, SendError> {
        let end = self.bodies.end(delivery.language, delivery.message, self.routing_key());
        end.map_err(|error| unwritten(delivery.channel, error))
    }

    /// What a pager knows us by.
    fn routing_key(&self) -> Option<&str> {
        self.secret.as_ref().map(|secret| secret.expose_secret())
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
                Err(SendError::retry(format!("{error}; {}", ssrf_guard::WAY_OUT)))
            }
            Ok(Err(error)) => {
                let words = network_error::words(&*error, Peer::Receiver);
                let words = words.unwrap_or_else(|| error.to_string());
                Err(SendError::retry(format!("cannot reach {host}:{port}: {words}")))
            }
            Err(_elapsed) => Err(SendError::retry(format!(
                "cannot reach {host}:{port} within {} s",
                REQUEST_TIME_MAX.as_secs()
            ))),
        }
    }
}

/// A message that cannot be written: one that waits for its template, or for the next release.
fn unwritten(channel: &Id, error: BodyError) -> SendError {
    match error {
        BodyError::Template { fault, version } => {
            let done = "its messages wait until it is fixed";
            let trouble = ConfigTrouble::of_template(channel, &version, &fault, done);
            SendError::Blocked(Box::new(trouble))
        }
        BodyError::Message(error) => {
            SendError::retry(format!("cannot write the message: {error:#}"))
        }
    }
}

#[cfg(test)]
mod tests;
