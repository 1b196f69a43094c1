//! All channels, open: one delivery goes over the channel that it names.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use lettre::message::Mailbox;
use tokio::sync::Semaphore;

use crate::{
    channel::{Channel, Email},
    config_trouble::ConfigTrouble,
    delivery::{Delivered, Delivery, Written},
    mail_address,
    send_error::SendError,
    smtp::mailer::Mailer,
    webhook::client::WebhookClient,
};
use kpid_message::mail::{
    mime::{Envelope, mime_message},
    renderer::{MailRenderer, Rendered},
};
use kpid_rules::model::Id;

/// All channels, open.
#[derive(Debug)]
pub struct Channels {
    open: IndexMap<Id, Open>,
    /// Places at each host: several channels may lead to one.
    hosts: HashMap<String, Semaphore>,
    everywhere: Semaphore,
}

/// Deliveries under way at once to one host.
const AT_A_HOST: usize = 32;

/// Deliveries under way at once, all in all.
const EVERYWHERE: usize = 256;

/// One channel, open.
#[derive(Debug)]
enum Open {
    Email { from: Mailbox, renderer: Box<MailRenderer>, mailer: Mailer },
    Webhook(Box<WebhookClient>),
}

impl Channels {
    /// Opens what the channels need; nothing is reached yet. Call it inside the runtime.
    pub fn open(channels: &IndexMap<Id, Channel>) -> anyhow::Result<Self> {
        let open = channels.iter().map(|(id, channel)| {
            let open = Open::of(channel).with_context(|| format!("channel `{id}`"))?;
            Ok((id.clone(), open))
        });
        let open: IndexMap<Id, Open> = open.collect::<anyhow::Result<_>>()?;
        let hosts = open.values().filter_map(Open::host);
        let hosts = hosts.map(|host| (host.to_owned(), Semaphore::new(AT_A_HOST))).collect();
        Ok(Self { open, hosts, everywhere: Semaphore::new(EVERYWHERE) })
    }

    /// Makes one delivery; `now` dates the message.
    pub async fn send(
        &self,
        delivery: Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<Delivered, SendError> {
        let open = self.channel(delivery.channel)?;
        // They are closed for nobody. One host that is slow has no more than its own.
        let of_host = open.host().and_then(|host| self.hosts.get(host));
        let _at_host = match of_host {
            Some(places) => places.acquire().await.ok(),
            None => None,
        };
        let _place = self.everywhere.acquire().await;
        match open {
            Open::Webhook(client) => {
                client.post(delivery, now).await?;
                Ok(Delivered::default())
            }
            Open::Email { from, renderer, mailer } => {
                let (_, mail, trouble) = mail(from, renderer, delivery, now)?;
                mailer.carry(delivery.channel, delivery.id, mail, now).await?;
                Ok(Delivered { trouble })
            }
        }
    }

    /// What `send` would send, and of what it would notify operators.
    pub fn write(
        &self,
        delivery: Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Written, Option<ConfigTrouble>), SendError> {
        match self.channel(delivery.channel)? {
            Open::Webhook(client) => Ok((Written::Body(client.body(delivery)?), None)),
            Open::Email { from, renderer, .. } => {
                let (rendered, mail, trouble) = mail(from, renderer, delivery, now)?;
                let Rendered { subject, text, html } = rendered;
                Ok((Written::Mail { subject, text, html, bytes: mail.formatted() }, trouble))
            }
        }
    }

    /// Ends connections of a channel that nothing has been sent over for a while.
    pub async fn let_idle_go(&self, channel: &Id) {
        if let Some(Open::Email { mailer, .. }) = self.open.get(channel) {
            mailer.let_idle_go().await;
        }
    }

    /// Ends the connections of a channel.
    pub async fn close(&self, channel: &Id) {
        if let Some(Open::Email { mailer, .. }) = self.open.get(channel) {
            mailer.close().await;
        }
    }

    /// Reaches a channel without sending anything.
    pub async fn probe(&self, channel: &Id) -> Result<(), SendError> {
        match self.channel(channel)? {
            Open::Webhook(client) => client.probe().await,
            Open::Email { mailer, .. } => mailer.probe().await,
        }
    }

    /// A channel that a configuration lost may come back with the next; its messages are kept.
    fn channel(&self, id: &Id) -> Result<&Open, SendError> {
        self.open.get(id).ok_or_else(|| {
            SendError::retry(format!("channel `{id}` is not configured; add it to `channels`"))
        })
    }
}

impl Open {
    /// Where it leads, unless that is a folder.
    fn host(&self) -> Option<&str> {
        match self {
            Self::Email { mailer, .. } => mailer.host(),
            Self::Webhook(client) => Some(client.host()),
        }
    }

    fn of(channel: &Channel) -> anyhow::Result<Self> {
        Ok(match channel {
            Channel::Email(Email { from, transport, templates }) => Self::Email {
                from: from.clone(),
                renderer: MailRenderer::of(templates)
                    .map(Box::new)
                    .context("cannot prepare the templates of mails")?,
                mailer: Mailer::open(transport, &from.email)?,
            },
            Channel::Webhook(webhook) => Self::Webhook(Box::new(WebhookClient::open(webhook)?)),
        })
    }
}

/// A mail: its parts, the whole, and what operators must know of templates that failed.
fn mail(
    from: &Mailbox,
    renderer: &MailRenderer,
    delivery: Delivery<'_>,
    now: DateTime<Utc>,
) -> Result<(Rendered, lettre::Message, Option<ConfigTrouble>), SendError> {
    let Delivery { id, channel, recipient, language, message, link } = delivery;
    let to = mail_address::address(recipient).ok_or_else(|| SendError::GiveUp {
        message: format!("`{recipient}` is not a mail address"),
    })?;
    // A mail that cannot be made today may be made by the next release.
    let later =
        |error: anyhow::Error| SendError::retry(format!("cannot write the mail: {error:#}"));
    let (rendered, faults) =
        renderer.mail_asking(language, message, link).map_err(|error| later(error.into()))?;
    let done = "its mails are made by the built-in template until it is fixed";
    let trouble = ConfigTrouble::of_templates(channel, &renderer.version(), &faults, done);
    let envelope = Envelope { from, to, id, dedup_key: message.dedup_key() };
    let mail = mime_message(envelope, rendered.clone(), now).map_err(later)?;
    Ok((rendered, mail, trouble))
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
    };

    use uuid::Uuid;

    use super::*;
    use crate::channel::{MailTransport, Smtp, SmtpTls, Webhook};
    use kpid_message::{samples, webhook_formats::format::Format};

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    fn channels(folder: PathBuf) -> IndexMap<Id, Channel> {
        let from: Mailbox = "Scorecard <kpid@calder.example>".parse().unwrap();
        let smtp = |port, tls| {
            let (host, login, hello) = ("mail.internal".to_owned(), None, None);
            MailTransport::Smtp(Smtp { host, port, tls, login, hello })
        };
        let email = |transport| {
            let templates = Vec::new();
            Channel::Email(Email { from: from.clone(), transport, templates })
        };
        let url = "https://hooks.example/kpid".parse().unwrap();
        [
            (id("folder"), email(MailTransport::Folder(folder))),
            (id("submission"), email(smtp(587, SmtpTls::StartTls))),
            (id("smtps"), email(smtp(465, SmtpTls::Implicit))),
            (
                id("ops"),
                Channel::Webhook(Webhook {
                    url,
                    secret: Some("s".to_owned().into()),
                    previous: None,
                    format: Format::Generic,
                    allow_private: false,
                }),
            ),
        ]
        .into()
    }

    #[tokio::test]
    async fn a_delivery_goes_over_the_channel_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("mails");
        let channels = Channels::open(&channels(folder.clone())).unwrap();
        let (message, now) = (
            samples::alerts::opened().into(),
            samples::parts::at("2026-06-03T06:00:05+02:00").to_utc(),
        );
        let send = async |channel: &str, recipient: &str| {
            let channel = id(channel);
            let delivery = Delivery {
                id: Uuid::nil(),
                channel: &channel,
                recipient,
                language: kpid_language::english(),
                message: &message,
                link: None,
            };
            channels.send(delivery, now).await
        };
        assert_eq!(send("folder", "ines.marlow@calder.example").await, Ok(Delivered::default()));
        let mail = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&mail)), (0o700, 0o600), "its owner's alone");
        let mail = std::fs::read_to_string(mail).unwrap();
        assert!(mail.contains("\r\nTo: ines.marlow@calder.example\r\n"), "{mail}");
        assert!(matches!(send("folder", "ines").await, Err(SendError::GiveUp { .. })));
        let gone = send("pager", "pager").await;
        let Err(SendError::Retry { message, .. }) = gone else { panic!("{gone:?}") };
        assert_eq!(message, "channel `pager` is not configured; add it to `channels`");
    }

    #[tokio::test]
    async fn a_bad_secret_names_its_channel() {
        let url = "https://hooks.example/kpid".parse().unwrap();
        let hook = Webhook {
            url,
            secret: Some("whsec_?".to_owned().into()),
            previous: None,
            format: Format::Generic,
            allow_private: false,
        };
        let error = Channels::open(&[(id("ops"), Channel::Webhook(hook))].into()).unwrap_err();
        assert!(format!("{error:#}").starts_with("channel `ops`: "), "{error:#}");
    }
}
