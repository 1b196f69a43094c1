//! One mail server: how we connect to it and what we say to it.

use std::{fmt, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use kpid_rules::model::Id;
use lettre::{
    Address,
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use secrecy::ExposeSecret;
use tokio::time;

use crate::{
    channel::{Smtp, SmtpTls},
    send_error::SendError,
    smtp::{
        refusal::{Refusal, Stage, Verdict, verdict},
        reply,
    },
};

/// Saying goodbye, after everything has been said.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(2);

/// A mail server, and how we come to it. Each mail has a connection of its own: on one whose mail took
/// too long the answer is still to come, and would be read as the answer to the next mail.
pub(crate) struct Server {
    /// Its name, for messages too.
    host: String,
    port: u16,
    tls: SmtpTls,
    /// Absent where nothing is encrypted.
    parameters: Option<TlsParameters>,
    login: Option<Credentials>,
    hello: ClientId,
    connect_time_max: Duration,
    mail_time_max: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}:{})", self.host, self.port)
    }
}

impl Server {
    /// Gets ready for a server; nothing is reached yet.
    pub(crate) fn of(
        smtp: &Smtp,
        from: &Address,
        connect_time_max: Duration,
        mail_time_max: Duration,
    ) -> anyhow::Result<Self> {
        let Smtp { host, port, tls, login, hello } = smtp.clone();
        let parameters = match tls {
            SmtpTls::None => None,
            SmtpTls::StartTls | SmtpTls::Implicit => {
                Some(TlsParameters::new(host.clone()).with_context(|| {
                    format!("cannot prepare encryption to the mail server `{host}`")
                })?)
            }
        };
        let login = login
            .map(|(user, password)| Credentials::new(user, password.expose_secret().to_owned()));
        let hello = hello.map_or_else(|| our_name(from), ClientId::Domain);
        Ok(Self { host, port, tls, parameters, login, hello, connect_time_max, mail_time_max })
    }

    /// Hands over one mail of a channel.
    pub(crate) async fn carry(
        &self,
        channel: &Id,
        envelope: &Envelope,
        mail: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        match time::timeout(self.mail_time_max, self.send(envelope, mail)).await {
            Ok(Ok(mut connection)) => {
                // It is taken, whatever becomes of the farewell.
                let _ = time::timeout(FAREWELL_TIME_MAX, connection.abort()).await;
                Ok(())
            }
            Ok(Err(refusal)) => Err(refusal.becomes(channel, now)),
            Err(_elapsed) => Err(self.slow()),
        }
    }

    /// Connects and logs in, and sends nothing.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        let tried = async {
            let mut connection = self.connect().await?;
            let answers = connection.test_connected().await;
            connection.abort().await;
            Ok::<bool, Refusal>(answers)
        };
        match time::timeout(self.mail_time_max, tried).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(SendError::retry(format!("{} does not answer NOOP", self.host))),
            Ok(Err(Refusal { words, .. })) => Err(SendError::retry(words)),
            Err(_elapsed) => Err(self.slow()),
        }
    }

    /// A connection, encrypted and logged in as configured.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Refusal> {
        let (address, wait) = ((self.host.as_str(), self.port), Some(self.connect_time_max));
        let implicit = self.parameters.clone().filter(|_| self.tls == SmtpTls::Implicit);
        let connected =
            AsyncSmtpConnection::connect_tokio1(address, wait, &self.hello, implicit, None).await;
        let mut connection = connected.map_err(|error| self.refusal(Stage::Hello, &error))?;
        if let Some(parameters) = self.parameters.clone().filter(|_| self.tls == SmtpTls::StartTls)
        {
            let encrypted = connection.starttls(parameters, &self.hello).await;
            encrypted.map_err(|error| self.refusal(Stage::Encryption, &error))?;
        }
        if let Some(login) = &self.login {
            let logged_in = connection.auth(DEFAULT_MECHANISMS, login).await;
            logged_in.map_err(|error| self.refusal(Stage::Login, &error))?;
        }
        Ok(connection)
    }

    /// Sends one mail, and gives back the connection that took it.
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<AsyncSmtpConnection, Refusal> {
        let mut connection = self.connect().await?;
        let mut options = Vec::new();
        if not_ascii(envelope).is_some() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(self.no_such_address(envelope));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let refused = |stage| move |error: SmtpError| self.refusal(stage, &error);
        let from = Mail::new(envelope.from().cloned(), options);
        connection.command(from).await.map_err(refused(Stage::Sender))?;
        for to in envelope.to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            connection.command(to).await.map_err(refused(Stage::Recipient))?;
        }
        connection.command(Data).await.map_err(refused(Stage::Mail))?;
        connection.message(mail).await.map_err(refused(Stage::Mail))?;
        Ok(connection)
    }

    fn refusal(&self, stage: Stage, error: &SmtpError) -> Refusal {
        Refusal { stage, verdict: verdict(stage, error), words: reply::words(&self.host, error) }
    }

    fn no_such_address(&self, envelope: &Envelope) -> Refusal {
        let address = not_ascii(envelope);
        let words = format!(
            "{} takes no address with characters outside ASCII, such as `{}` (it does not offer \
             SMTPUTF8); give the person an address in ASCII",
            self.host,
            address.map(ToString::to_string).unwrap_or_default()
        );
        Refusal { stage: Stage::Sender, verdict: Verdict::Ours, words }
    }

    fn slow(&self) -> SendError {
        let seconds = self.mail_time_max.as_secs_f64();
        SendError::retry(format!("{} took longer than {seconds} s", self.host))
    }
}

/// An address that only some servers take.
fn not_ascii(envelope: &Envelope) -> Option<&Address> {
    let mut addresses = envelope.to().iter().chain(envelope.from());
    addresses.find(|address| !address.to_string().is_ascii())
}

/// What we call ourselves: this machine where it has a full name, else the sender's domain. Many servers
/// refuse a bare name, and in a container that is the container's id.
fn our_name(from: &Address) -> ClientId {
    match ClientId::default() {
        ClientId::Domain(name) if is_full_name(&name) => ClientId::Domain(name),
        _ => ClientId::Domain(from.domain().to_owned()),
    }
}

fn is_full_name(name: &str) -> bool {
    name.is_ascii() && name.trim_end_matches('.').contains('.') && !name.starts_with("localhost")
}
