//! All channels, open: one delivery goes over the channel that it names.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use lettre::message::Mailbox;
use uuid::Uuid;

use crate::{
    channel::{Channel, Email},
    mail_address,
    smtp::Mailer,
    ssrf_guard::{self, Inside},
    webhook::WebhookClient,
};
use kpid_message::{
    acknowledge_link::Link,
    mail::{
        mime::{Envelope, letter},
        renderer::{MailRenderer, Rendered},
    },
    message::Message,
    template::Fault,
};
use kpid_rules::model::Id;

/// One message to one recipient over one channel.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The same at every attempt, so that a receiver can tell a repetition.
    pub id: Uuid,
    /// The channel it goes over.
    pub channel: &'a Id,
    /// Where it goes: a mail address, or the id of the channel that is told itself.
    pub recipient: &'a str,
    /// What it says.
    pub message: &'a Message,
    /// By which its reader acknowledges the alert; only in a mail to a person.
    pub link: Option<&'a Link>,
}

/// What the configuration says and cannot be done, for operators, who are told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigTrouble {
    /// Names it as long as the configuration is not changed.
    pub key: String,
    /// What does not work, and what is done about it.
    pub summary: String,
    /// What exactly, and the way out.
    pub lines: Vec<String>,
}

/// A delivery made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// What had to be done otherwise than the configuration says.
    pub trouble: Option<ConfigTrouble>,
}

/// A message as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A mail.
    Mail {
        /// Its subject.
        subject: String,
        /// For readers of text.
        text: String,
        /// For the others.
        html: String,
        /// All of it, as RFC 5322 has it.
        bytes: Vec<u8>,
    },
    /// The body of a webhook.
    Body(String),
}

/// Why a delivery was not made, by what its caller does next. The messages are sentences for
/// operators, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may work later.
    #[error("{message}")]
    Retry {
        /// How long the receiver asks to be left alone.
        after: Option<Duration>,
        /// What was tried, and what came.
        message: String,
    },
    /// It may work once the configuration is mended.
    #[error("{}", .0.sentence())]
    Blocked(Box<ConfigTrouble>),
    /// It will not work, however often it is tried.
    #[error("{message}")]
    GiveUp {
        /// What was tried, and what came.
        message: String,
    },
}

/// All channels, open.
#[derive(Debug)]
pub struct Channels {
    open: IndexMap<Id, Open>,
}

/// One channel, open.
#[derive(Debug)]
enum Open {
    Email { from: Mailbox, look: Box<MailRenderer>, postman: Mailer },
    Webhook(WebhookClient),
}

impl Channels {
    /// Opens what the channels need; nothing is reached yet. Call it inside the runtime.
    pub fn open(channels: &IndexMap<Id, Channel>) -> anyhow::Result<Self> {
        let open = channels.iter().map(|(id, channel)| {
            let open = Open::of(channel).with_context(|| format!("channel `{id}`"))?;
            Ok((id.clone(), open))
        });
        Ok(Self { open: open.collect::<anyhow::Result<_>>()? })
    }

    /// Makes one delivery; `now` dates the message.
    pub async fn send(
        &self,
        delivery: Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<Delivered, SendError> {
        match self.channel(delivery.channel)? {
            Open::Webhook(hook) => {
                hook.post(delivery, now).await?;
                Ok(Delivered::default())
            }
            Open::Email { from, look, postman } => {
                let (_, mail, trouble) = mail(from, look, delivery, now)?;
                postman.carry(delivery.channel, delivery.id, mail, now).await?;
                Ok(Delivered { trouble })
            }
        }
    }

    /// What `send` would send, and what it would tell operators.
    pub fn write(
        &self,
        delivery: Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Written, Option<ConfigTrouble>), SendError> {
        match self.channel(delivery.channel)? {
            Open::Webhook(hook) => Ok((Written::Body(hook.body(delivery)?), None)),
            Open::Email { from, look, .. } => {
                let (rendered, mail, trouble) = mail(from, look, delivery, now)?;
                let Rendered { subject, text, html } = rendered;
                Ok((Written::Mail { subject, text, html, bytes: mail.formatted() }, trouble))
            }
        }
    }

    /// Reaches a channel without sending anything.
    pub async fn probe(&self, channel: &Id) -> Result<(), SendError> {
        match self.channel(channel)? {
            Open::Webhook(hook) => hook.probe().await,
            Open::Email { postman, .. } => postman.probe().await,
        }
    }

    /// A channel that a configuration lost may come back with the next; its news are kept.
    fn channel(&self, id: &Id) -> Result<&Open, SendError> {
        self.open.get(id).ok_or_else(|| SendError::Retry {
            after: None,
            message: format!("channel `{id}` is not configured; add it to `channels`"),
        })
    }
}

impl Open {
    fn of(channel: &Channel) -> anyhow::Result<Self> {
        Ok(match channel {
            Channel::Email(Email { from, transport, templates }) => Self::Email {
                from: from.clone(),
                look: MailRenderer::of(templates)
                    .map(Box::new)
                    .context("cannot prepare the templates of mails")?,
                postman: Mailer::open(transport, &from.email)?,
            },
            Channel::Webhook(webhook) => Self::Webhook(WebhookClient::open(webhook)?),
        })
    }
}

impl ConfigTrouble {
    /// Templates that cannot be used, of a channel; `done` says what becomes of its messages.
    pub(crate) fn of_templates(
        channel: &Id,
        version: &str,
        faults: &[Fault],
        done: &str,
    ) -> Option<Self> {
        let mut lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
        lines.dedup();
        let (fault, first) = (faults.first()?, lines.first()?);
        // Another template that fails is news.
        let template = fault.path.file_name().unwrap_or_default().display();
        let key = format!("template/{channel}/{version}/{template}");
        let summary = format!("A template of the channel `{channel}` fails ({first}); {done}.");
        lines.push(
            "`kpid check` tries templates on samples; `kpid notify … --preview` shows what they make."
                .to_owned(),
        );
        Some(Self { key, summary, lines })
    }

    /// A name that leads inside, of a channel.
    pub(crate) fn of_inside(channel: &Id, inside: &Inside, now: DateTime<Utc>) -> Self {
        let lines = vec![
            format!("Way out: {}.", ssrf_guard::WAY_OUT),
            "An address in figures, and `localhost`, need no permission: they say themselves where \
             they lead. `kpid check --probe` tries it."
                .to_owned(),
        ];
        let summary = format!("The channel `{channel}` waits: {inside}; {}.", ssrf_guard::WAY_OUT);
        // Names come to lead elsewhere; a day later it is news again.
        Self { key: format!("inside/{channel}/{}", now.date_naive()), summary, lines }
    }

    /// A receiver that refuses us, of a channel; `way_out` is what to look at.
    pub(crate) fn of_refusal(channel: &Id, words: &str, way_out: &str, now: DateTime<Utc>) -> Self {
        let summary = format!("The channel `{channel}` waits: {words}.");
        let lines = vec![
            format!("The refusal is about kpid and not about the reader, so no mail is lost: {way_out}."),
            "When that is mended, what waits goes by itself; `kpid outbox retry --all` sends it at once, \
             and `kpid notify` tries it."
                .to_owned(),
        ];
        // As long as it lasts, it is news again every day.
        Self { key: format!("refused/{channel}/{}", now.date_naive()), summary, lines }
    }

    fn sentence(&self) -> &str {
        self.summary.trim_end_matches('.')
    }
}

/// A mail: its parts, the whole, and what is to be told of templates that failed.
fn mail(
    from: &Mailbox,
    look: &MailRenderer,
    delivery: Delivery<'_>,
    now: DateTime<Utc>,
) -> Result<(Rendered, lettre::Message, Option<ConfigTrouble>), SendError> {
    let Delivery { id, channel, recipient, message, link } = delivery;
    let to = mail_address::address(recipient).ok_or_else(|| SendError::GiveUp {
        message: format!("`{recipient}` is no mail address"),
    })?;
    // A mail that cannot be made today may be made by the next release.
    let later = |error: anyhow::Error| SendError::Retry {
        after: None,
        message: format!("cannot write the mail: {error:#}"),
    };
    let (rendered, faults) =
        look.mail_asking(message, link).map_err(|error| later(error.into()))?;
    let done = "its mails go out as they are built in until that is mended";
    let trouble = ConfigTrouble::of_templates(channel, &look.version(), &faults, done);
    let envelope = Envelope { from, to, id, dedup_key: message.dedup_key() };
    let mail = letter(envelope, rendered.clone(), now).map_err(later)?;
    Ok((rendered, mail, trouble))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::channel::{MailTransport, SmtpTls, Webhook};
    use kpid_message::samples;
    use kpid_message::webhook_formats::Format;

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    fn channels(folder: PathBuf) -> IndexMap<Id, Channel> {
        let from: Mailbox = "Scorecard <kpid@calder.example>".parse().unwrap();
        let smtp = |port, tls| {
            let (host, login, hello) = ("mail.internal".to_owned(), None, None);
            MailTransport::Smtp { host, port, tls, login, hello }
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
        let channels = Channels::open(&channels(folder.path().to_owned())).unwrap();
        let (message, now) =
            (samples::opened().into(), samples::at("2026-06-03T06:00:05+02:00").to_utc());
        let send = async |channel: &str, recipient: &str| {
            let channel = id(channel);
            let delivery = Delivery {
                id: Uuid::nil(),
                channel: &channel,
                recipient,
                message: &message,
                link: None,
            };
            channels.send(delivery, now).await
        };
        assert_eq!(send("folder", "ines.marlow@calder.example").await, Ok(Delivered::default()));
        let mail = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
        let mail = std::fs::read_to_string(mail.path()).unwrap();
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
