//! The edge where news go out: e-mail and webhooks. Messages are rendered from facts that were
//! fixed when the decision was made.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use crate::scorecard::Id;

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
    pub from: lettre::message::Mailbox,
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
}
