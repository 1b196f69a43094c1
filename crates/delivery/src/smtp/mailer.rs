//! Mail leaves: over SMTP, one recipient a transaction, or into a folder of `.eml` files.

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use kpid_rules::model::Id;
use lettre::{Address, Message};
use uuid::Uuid;

use crate::{
    channel::MailTransport,
    send_error::SendError,
    smtp::{folder, server::Server},
};

/// Connecting. RFC 5321 would wait minutes, but other mails wait meanwhile.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(20);

/// A whole mail, connecting included, however slowly the server drips.
const MAIL_TIME_MAX: Duration = Duration::from_secs(60);

/// An open way out for mail.
#[derive(Debug)]
pub(crate) enum Mailer {
    /// A mail server.
    Smtp(Box<Server>),
    /// A folder.
    Folder(PathBuf),
}

impl Mailer {
    /// Gets ready to carry mail of that sender; nothing is reached yet.
    pub(crate) fn open(transport: &MailTransport, from: &Address) -> anyhow::Result<Self> {
        Self::open_within(transport, from, CONNECT_TIME_MAX, MAIL_TIME_MAX)
    }

    fn open_within(
        transport: &MailTransport,
        from: &Address,
        connect_time_max: Duration,
        mail_time_max: Duration,
    ) -> anyhow::Result<Self> {
        match transport {
            MailTransport::Folder(folder) => Ok(Self::Folder(folder.clone())),
            MailTransport::Smtp(smtp) => {
                let server = Server::of(smtp, from, connect_time_max, mail_time_max)?;
                Ok(Self::Smtp(Box::new(server)))
            }
        }
    }

    /// Hands over one mail of a channel; `id` names its file.
    pub(crate) async fn carry(
        &self,
        channel: &Id,
        id: Uuid,
        mail: Message,
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        match self {
            Self::Folder(folder) => folder::write(folder, id, &mail.formatted())
                .await
                .map_err(|error| SendError::retry(format!("cannot write the mail: {error:#}"))),
            Self::Smtp(server) => {
                server.carry(channel, mail.envelope(), &mail.formatted(), now).await
            }
        }
    }

    /// Connects and logs in, or looks whether the folder is there.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        match self {
            Self::Folder(folder) => {
                folder::make(folder).await.map_err(|error| SendError::retry(format!("{error:#}")))
            }
            Self::Smtp(server) => server.probe().await,
        }
    }
}

#[cfg(test)]
mod tests;
