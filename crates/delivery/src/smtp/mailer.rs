//! Mail leaves: over SMTP, one recipient a transaction, or into a folder of `.eml` files.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use kpid_rules::model::Id;
use lettre::{Address, Message};
use uuid::Uuid;

use crate::{
    channel::MailTransport,
    send_error::SendError,
    smtp::{folder, patience::Patience, server::Server},
};

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
        Self::open_with(transport, from, Patience::OF_RFC)
    }

    fn open_with(
        transport: &MailTransport,
        from: &Address,
        patience: Patience,
    ) -> anyhow::Result<Self> {
        match transport {
            MailTransport::Folder(folder) => Ok(Self::Folder(folder.clone())),
            MailTransport::Smtp(smtp) => {
                Ok(Self::Smtp(Box::new(Server::of(smtp, from, patience)?)))
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

    /// The mail server, if there is one.
    pub(crate) fn host(&self) -> Option<&str> {
        match self {
            Self::Smtp(server) => Some(server.host()),
            Self::Folder(_) => None,
        }
    }

    /// Ends connections that nothing has been sent over for a while.
    pub(crate) async fn let_idle_go(&self) {
        if let Self::Smtp(server) = self {
            server.let_idle_go().await;
        }
    }

    /// Ends all connections.
    pub(crate) async fn close(&self) {
        if let Self::Smtp(server) = self {
            server.close().await;
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
