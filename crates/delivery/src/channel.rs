//! The channels of a configuration: how somebody can be reached.

use std::path::PathBuf;

use lettre::message::Mailbox;
use secrecy::SecretString;

use crate::private_url::PrivateUrl;
use kpid_message::{template::Template, webhook_formats::format::Format};

/// A way to notify somebody.
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
    /// Templates that stand in for those that are built in.
    pub templates: Vec<Template>,
}

/// Who carries mail.
#[derive(Clone, Debug)]
pub enum MailTransport {
    /// A mail server.
    Smtp(Smtp),
    /// A folder, one `.eml` file a mail.
    Folder(PathBuf),
}

/// A mail server, and who we are there.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: SmtpTls,
    /// Who we are there, if it asks: user and password.
    pub login: Option<(String, SecretString)>,
    /// What we call ourselves there; without it this machine's full name, or the sender's domain.
    pub hello: Option<String>,
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
    pub url: PrivateUrl,
    /// Signs the request as Standard Webhooks do; without it, it goes unsigned.
    pub secret: Option<SecretString>,
    /// The secret before that one, while its receiver does not know the present one yet.
    pub previous: Option<SecretString>,
    /// What the body looks like.
    pub format: Format,
    /// Whether its name may lead to an address inside.
    pub allow_private: bool,
}
