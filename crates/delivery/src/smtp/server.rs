//! One mail server: how we connect to it, and the connections that are kept for the next mails.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures_util::future;
use kpid_rules::model::Id;
use lettre::{
    Address,
    address::Envelope,
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::{
    channel::{Smtp, SmtpTls},
    send_error::SendError,
    smtp::{
        bounded_stream::BoundedStream,
        conversation::Conversation,
        patience::Patience,
        refusal::{Refusal, Stage},
    },
};

/// Saying goodbye, after everything has been said.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(2);

/// How long a connection is kept that nothing is sent over: a burst is over by then, and servers, and
/// what is between, close idle ones after minutes.
const KEPT_IDLE_MAX: Duration = Duration::from_secs(15);

/// A mail server, and how we come to it.
pub(crate) struct Server {
    /// Its name, for messages too.
    host: String,
    port: u16,
    tls: SmtpTls,
    /// Absent where nothing is encrypted.
    parameters: Option<TlsParameters>,
    login: Option<Credentials>,
    hello: ClientId,
    patience: Patience,
    /// Connections whose last mail was answered, the one used last at the end.
    kept: Mutex<Vec<Conversation>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}:{})", self.host, self.port)
    }
}

impl Server {
    /// Gets ready for a server; nothing is reached yet.
    pub(crate) fn of(smtp: &Smtp, from: &Address, patience: Patience) -> anyhow::Result<Self> {
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
        let kept = Mutex::default();
        Ok(Self { host, port, tls, parameters, login, hello, patience, kept })
    }

    /// Its name.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Hands over one mail of a channel.
    pub(crate) async fn carry(
        &self,
        channel: &Id,
        envelope: &Envelope,
        mail: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        self.send(envelope, mail).await.map_err(|refusal| refusal.becomes(channel, now))
    }

    /// Connects and logs in, and sends nothing.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        let tried = async {
            let mut conversation = self.connect().await?;
            let is_alive = conversation.is_alive().await;
            conversation.end().await;
            Ok::<bool, Refusal>(is_alive)
        };
        match timeout(self.patience.probe, tried).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(SendError::retry(format!("{} does not answer NOOP", self.host))),
            Ok(Err(Refusal { words, .. })) => Err(SendError::retry(words)),
            Err(_elapsed) => {
                let seconds = self.patience.probe.as_secs_f64();
                Err(SendError::retry(format!("{} took longer than {seconds} s", self.host)))
            }
        }
    }

    /// Ends the connections that nothing has been sent over for a while.
    pub(crate) async fn let_idle_go(&self) {
        let is_idle = |kept: &mut Conversation| kept.idle_since.elapsed() >= KEPT_IDLE_MAX;
        let idle: Vec<Conversation> = self.kept().extract_if(.., is_idle).collect();
        end(idle).await;
    }

    /// Ends all that is kept.
    pub(crate) async fn close(&self) {
        let all = std::mem::take(&mut *self.kept());
        end(all).await;
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Conversation>> {
        // What is in it is good whoever panicked.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one mail: over a connection that is kept, if the server still knows it, else over a new
    /// one. Until the mail itself is sent the server has nothing that it could deliver twice.
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), Refusal> {
        loop {
            let kept = self.kept().pop();
            let is_kept = kept.is_some();
            let mut conversation = match kept {
                Some(kept) => kept,
                None => self.connect().await?,
            };
            let introduced =
                conversation.introduce(&self.host, envelope, mail, self.patience).await;
            match introduced {
                Ok(()) => {
                    conversation.hand_over(&self.host, mail, self.patience).await?;
                    if conversation.goes_on() {
                        self.kept().push(conversation);
                    } else {
                        end([conversation]).await;
                    }
                    return Ok(());
                }
                // It went away while it was idle, or has had enough: a new one may be welcome. What is
                // said of a recipient, every connection would hear.
                Err(refusal) if is_kept && !refusal.is_of_recipient() => {}
                Err(refusal) => return Err(refusal),
            }
        }
    }

    /// A connection, encrypted and logged in as configured.
    async fn connect(&self) -> Result<Conversation, Refusal> {
        let (address, wait) = ((self.host.as_str(), self.port), self.patience.connect);
        let implicit = self.parameters.clone().filter(|_| self.tls == SmtpTls::Implicit);
        let connecting = async {
            if implicit.is_some() {
                // The client encrypts only connections that it made itself.
                let (wait, hello) = (Some(wait), &self.hello);
                let connecting =
                    AsyncSmtpConnection::connect_tokio1(address, wait, hello, implicit, None);
                return Ok(connecting.await);
            }
            let stream = BoundedStream::connect(address, wait).await;
            let stream = stream.map_err(|error| Refusal::unreached(&self.host, &error))?;
            let stream = Box::new(stream);
            Ok(AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await)
        };
        let connected = match timeout(self.patience.hello, connecting).await {
            Ok(connected) => Ok(connected?),
            Err(elapsed) => Err(elapsed),
        };
        let mut connection = Refusal::or(&self.host, Stage::Hello, connected)?;
        if let Some(parameters) = self.parameters.clone().filter(|_| self.tls == SmtpTls::StartTls)
        {
            let encrypting = connection.starttls(parameters, &self.hello);
            let encrypted = timeout(self.patience.command, encrypting).await;
            Refusal::or(&self.host, Stage::Encryption, encrypted)?;
        }
        if let Some(login) = &self.login {
            let logging_in = connection.auth(DEFAULT_MECHANISMS, login);
            let logged_in = timeout(self.patience.command, logging_in).await;
            Refusal::or(&self.host, Stage::Login, logged_in)?;
        }
        Ok(Conversation::on(connection))
    }
}

/// Says goodbye. Whatever becomes of that, everything has been said before.
async fn end(conversations: impl IntoIterator<Item = Conversation>) {
    let farewells = conversations.into_iter().map(Conversation::end);
    let _ = timeout(FAREWELL_TIME_MAX, future::join_all(farewells)).await;
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
