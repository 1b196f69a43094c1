//! The edge where news go out: e-mail and webhooks. Messages are rendered from facts that were
//! fixed when the decision was made.

pub mod facts;
mod mail;
pub mod news;
pub mod notice;
pub mod retry;
pub mod route;
mod shape;
mod smtp;
mod webhook;

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use crate::{
    notify::{mail::letter::letter, notice::Message, smtp::Postman, webhook::Hook},
    scorecard::Id,
};

/// Somebody who can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As `owner:` and `to:` name them.
    pub id: Id,
    /// For people.
    pub name: String,
    /// Where mail goes; a person without an address cannot be told by mail.
    pub email: Option<lettre::Address>,
    /// For people, e.g. `COO`.
    pub role: Option<String>,
}

/// A way to tell somebody.
#[derive(Clone, Debug)]
pub enum Channel {
    /// By mail.
    Email(Email),
    /// By an HTTP request.
    Webhook(Webhook),
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct Email {
    /// Who writes.
    pub from: Mailbox,
    /// Who carries it.
    pub transport: MailTransport,
}

/// Who carries mail.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// A mail server.
    Smtp {
        /// Its name or address.
        host: String,
        /// Its TCP port.
        port: u16,
        /// Whether the connection is encrypted.
        tls: SmtpTls,
        /// Who we are there, if it asks: user and password.
        login: Option<(String, SecretString)>,
    },
    /// A folder, one `.eml` file a mail.
    Folder(PathBuf),
}

/// How an SMTP connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Never.
    None,
    /// By STARTTLS, required.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// Where an HTTP request goes, and how its reader knows it is ours.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where to POST.
    pub url: Url,
    /// Signs the request as Standard Webhooks do; without it, it goes unsigned.
    pub secret: Option<SecretString>,
    /// The secret before that one, while its receiver does not know the present one yet.
    pub previous: Option<SecretString>,
    /// What the body looks like.
    pub format: Format,
}

/// What the body of a webhook looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The facts as JSON.
    #[default]
    Generic,
    /// A message of Slack.
    Slack,
    /// An adaptive card of Microsoft Teams.
    Teams,
    /// An event of PagerDuty; the secret is its routing key and signs nothing.
    PagerDuty,
    /// An alert of Alertmanager.
    Alertmanager,
}

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
    Email { from: Mailbox, postman: Postman },
    Webhook(Hook),
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
    pub async fn send(&self, delivery: Delivery<'_>, now: DateTime<Utc>) -> Result<(), SendError> {
        let Delivery { id, channel, recipient, message } = delivery;
        match self.channel(channel)? {
            Open::Webhook(hook) => hook.post(id, message, now).await,
            Open::Email { from, postman } => {
                let to = recipient.parse().map_err(|error| SendError::GiveUp {
                    message: format!("`{recipient}` is no mail address: {error}"),
                })?;
                // A mail that cannot be made today may be made by the next release.
                let mail = letter(from, to, id, message, now).map_err(|error| {
                    SendError::Retry { after: None, message: format!("{error:#}") }
                })?;
                postman.carry(id, mail).await
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
            Channel::Email(Email { from, transport }) => {
                Self::Email { from: from.clone(), postman: Postman::open(transport)? }
            }
            Channel::Webhook(webhook) => Self::Webhook(Hook::open(webhook)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::mail::cases;

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    fn channels(folder: PathBuf) -> IndexMap<Id, Channel> {
        let from: Mailbox = "Scorecard <kpid@calder.example>".parse().unwrap();
        let smtp = |port, tls| {
            let (host, login) = ("mail.internal".to_owned(), None);
            MailTransport::Smtp { host, port, tls, login }
        };
        let email = |transport| Channel::Email(Email { from: from.clone(), transport });
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
            (cases::opened().into(), cases::at("2026-06-03T06:00:05+02:00").to_utc());
        let send = async |channel: &str, recipient: &str| {
            let channel = id(channel);
            let delivery =
                Delivery { id: Uuid::nil(), channel: &channel, recipient, message: &message };
            channels.send(delivery, now).await
        };
        assert_eq!(send("folder", "ines.marlow@calder.example").await, Ok(()));
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
        };
        let error = Channels::open(&[(id("ops"), Channel::Webhook(hook))].into()).unwrap_err();
        assert!(format!("{error:#}").starts_with("channel `ops`: "), "{error:#}");
    }
}
