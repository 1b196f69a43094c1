//! Mail leaves: over SMTP, one recipient a transaction, or into a folder of `.eml` files.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use kpid_os_error::{InWords, in_words};
use kpid_rules::model::Id;
use lettre::{
    Address, Message,
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
use tokio::{fs, io::AsyncWriteExt, time};
use uuid::Uuid;

use crate::{
    channel::{MailTransport, SmtpTls},
    channels::{ConfigTrouble, SendError},
    smtp_refusal::{Stage, Verdict, verdict},
};

/// Connecting; RFC 5321 would wait minutes, a deliverer with others to tell not.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(20);

/// A whole mail, connecting included, however slowly the server drips.
const MAIL_TIME_MAX: Duration = Duration::from_secs(60);

/// Saying goodbye, after everything has been said.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(2);

/// An open way out for mail.
#[derive(Debug)]
pub(crate) enum Mailer {
    /// A mail server.
    Smtp(Box<Server>),
    /// A folder.
    Folder(PathBuf),
}

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

/// Why a conversation came to nothing.
#[derive(Debug)]
struct Refusal {
    stage: Stage,
    verdict: Verdict,
    words: String,
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
        let (host, port, tls, login, hello) = match transport {
            MailTransport::Folder(folder) => return Ok(Self::Folder(folder.clone())),
            MailTransport::Smtp { host, port, tls, login, hello } => {
                (host.clone(), *port, *tls, login, hello)
            }
        };
        let parameters = match tls {
            SmtpTls::None => None,
            SmtpTls::StartTls | SmtpTls::Implicit => {
                Some(TlsParameters::new(host.clone()).with_context(|| {
                    format!("cannot prepare encryption to the mail server `{host}`")
                })?)
            }
        };
        let login = login.as_ref().map(|(user, password)| {
            Credentials::new(user.clone(), password.expose_secret().to_owned())
        });
        let hello = hello.clone().map_or_else(|| our_name(from), ClientId::Domain);
        Ok(Self::Smtp(Box::new(Server {
            host,
            port,
            tls,
            parameters,
            login,
            hello,
            connect_time_max,
            mail_time_max,
        })))
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
            Self::Folder(folder) => drop_off(folder, id, &mail.formatted())
                .await
                .map_err(|error| retry(format!("cannot write the mail: {error:#}"))),
            Self::Smtp(server) => {
                let (envelope, bytes) = (mail.envelope(), mail.formatted());
                match time::timeout(server.mail_time_max, server.send(envelope, &bytes)).await {
                    Ok(Ok(mut connection)) => {
                        // It is taken, whatever becomes of the farewell.
                        let _ = time::timeout(FAREWELL_TIME_MAX, connection.abort()).await;
                        Ok(())
                    }
                    Ok(Err(refusal)) => Err(server.refused(channel, refusal, now)),
                    Err(_elapsed) => Err(server.slow()),
                }
            }
        }
    }

    /// Connects and logs in, or looks whether the folder is there.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        match self {
            Self::Folder(folder) => fs::create_dir_all(folder).await.map_err(|error| {
                retry(format!(
                    "cannot make the mail folder {}: {}",
                    folder.display(),
                    in_words(&error)
                ))
            }),
            Self::Smtp(server) => {
                let tried = async {
                    let mut connection = server.connect().await?;
                    let answers = connection.test_connected().await;
                    connection.abort().await;
                    Ok::<bool, Refusal>(answers)
                };
                match time::timeout(server.mail_time_max, tried).await {
                    Ok(Ok(true)) => Ok(()),
                    Ok(Ok(false)) => Err(retry(format!("{} does not answer NOOP", server.host))),
                    Ok(Err(Refusal { words, .. })) => Err(retry(words)),
                    Err(_elapsed) => Err(server.slow()),
                }
            }
        }
    }
}

impl Server {
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
            let let_in = connection.auth(DEFAULT_MECHANISMS, login).await;
            let_in.map_err(|error| self.refusal(Stage::Login, &error))?;
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
        let told = |stage| move |error: SmtpError| self.refusal(stage, &error);
        let from = Mail::new(envelope.from().cloned(), options);
        connection.command(from).await.map_err(told(Stage::Sender))?;
        for to in envelope.to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            connection.command(to).await.map_err(told(Stage::Recipient))?;
        }
        connection.command(Data).await.map_err(told(Stage::Mail))?;
        connection.message(mail).await.map_err(told(Stage::Mail))?;
        Ok(connection)
    }

    fn refusal(&self, stage: Stage, error: &SmtpError) -> Refusal {
        let words = format!("{}: {error}", self.host);
        Refusal { stage, verdict: verdict(stage, error), words }
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

    fn refused(&self, channel: &Id, refusal: Refusal, now: DateTime<Utc>) -> SendError {
        let Refusal { stage, verdict, words } = refusal;
        match verdict {
            Verdict::Passing => retry(words),
            Verdict::Recipient => SendError::GiveUp { message: words },
            Verdict::Ours => {
                let trouble = ConfigTrouble::of_refusal(channel, &words, stage.way_out(), now);
                SendError::Blocked(Box::new(trouble))
            }
        }
    }

    fn slow(&self) -> SendError {
        let seconds = self.mail_time_max.as_secs_f64();
        retry(format!("{} took longer than {seconds} s", self.host))
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

fn retry(message: String) -> SendError {
    SendError::Retry { after: None, message }
}

/// Written beside and renamed, so that a reader never sees half a mail; a repetition replaces the
/// first, it does not double it.
async fn drop_off(folder: &Path, id: Uuid, mail: &[u8]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .await
        .in_words()
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let (draft, path) = (folder.join(format!(".{id}.tmp")), folder.join(format!("{id}.eml")));
    let write = async {
        let mut file = fs::File::create(&draft).await?;
        file.write_all(mail).await?;
        file.sync_all().await?;
        fs::rename(&draft, &path).await
    };
    write.await.in_words().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::future;

    use futures_util::{StreamExt, stream::FuturesUnordered};
    use secrecy::SecretString;
    use tokio::{
        io::{AsyncBufReadExt, BufReader},
        net::{TcpListener, TcpStream},
        sync::Notify,
    };

    use super::*;
    use kpid_message::{
        mail::{
            mime::{Envelope, letter},
            render::plain,
        },
        samples,
    };

    /// For a server that answers, on however busy a machine.
    const PATIENT: Duration = Duration::from_secs(60);

    /// For a server that never will.
    const IMPATIENT: Duration = Duration::from_millis(100);

    /// What the server answers: to a login, and to a recipient.
    #[derive(Clone, Copy)]
    struct Answers {
        login: &'static str,
        recipient: &'static str,
        /// To the first mail of a conversation, and to later ones.
        mail: [&'static str; 2],
    }

    const FINE: Answers =
        Answers { login: "235 welcome", recipient: "250 ok", mail: ["250 queued"; 2] };

    /// A mail server that speaks to everyone who comes, one after the other.
    async fn serve(listener: TcpListener, answers: Answers) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            converse(stream, answers, future::ready(())).await;
        }
    }

    /// A conversation; what becomes of its first mail is said when it is time.
    async fn converse(stream: TcpStream, answers: Answers, time: impl Future<Output = ()>) {
        let (mut stream, mut time) = (BufReader::new(stream), Some(time));
        stream.write_all(b"220 fake ESMTP\r\n").await.unwrap();
        let (mut in_data, mut line) = (false, String::new());
        while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
            let answer = match line.split_ascii_whitespace().next().unwrap_or("") {
                "." => answers.mail[usize::from(time.is_none())],
                _ if in_data => "",
                "EHLO" => "250-fake\r\n250 AUTH PLAIN",
                "AUTH" => answers.login,
                "RCPT" => answers.recipient,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            in_data = answer == "354 go on" || (in_data && answer.is_empty());
            if line.trim_end() == "."
                && let Some(time) = time.take()
            {
                time.await;
            }
            // Whoever has hung up is answered no more.
            if !answer.is_empty()
                && stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err()
            {
                return;
            }
            line.clear();
        }
    }

    async fn send_to(port: u16, login: bool, time_max: Duration) -> Result<(), SendError> {
        let login = login.then(|| ("kpid".to_owned(), SecretString::from("wrong")));
        carry(&postman(port, login, time_max)).await
    }

    fn postman(port: u16, login: Option<(String, SecretString)>, time_max: Duration) -> Mailer {
        let (host, tls, hello) = ("127.0.0.1".to_owned(), SmtpTls::None, None);
        let transport = MailTransport::Smtp { host, port, tls, login, hello };
        let from = "kpid@calder.example".parse().unwrap();
        Mailer::open_within(&transport, &from, PATIENT, time_max).unwrap()
    }

    async fn carry(postman: &Mailer) -> Result<(), SendError> {
        let (channel, now) = (Id::parse("mail").unwrap(), DateTime::<Utc>::UNIX_EPOCH);
        postman.carry(&channel, Uuid::nil(), mail(), now).await
    }

    fn mail() -> Message {
        let now = samples::at("2026-06-03T06:00:05+02:00").to_utc();
        let from: lettre::message::Mailbox = "kpid@calder.example".parse().unwrap();
        let to = "ines@calder.example".parse().unwrap();
        let envelope =
            Envelope { from: &from, to, id: Uuid::nil(), dedup_key: "calder/customer/1" };
        letter(envelope, plain(&samples::opened().into()).unwrap(), now).unwrap()
    }

    async fn send(answers: Answers, login: bool) -> Result<(), SendError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::select! {
            sent = send_to(port, login, PATIENT) => sent,
            () = serve(listener, answers) => unreachable!("the server goes on"),
        }
    }

    fn words(error: &SendError) -> (&'static str, &str) {
        match error {
            SendError::Retry { message, .. } => ("retry", message),
            SendError::GiveUp { message } => ("give up", message),
            SendError::Blocked(trouble) => ("blocked", &trouble.summary),
        }
    }

    #[tokio::test]
    async fn a_server_says_what_becomes_of_a_mail() {
        assert_eq!(send(FINE, false).await, Ok(()));
        assert_eq!(send(FINE, true).await, Ok(()));
        for (answers, login, verdict, said) in [
            (Answers { recipient: "451 4.7.1 greylisted", ..FINE }, false, "retry", "greylisted"),
            (
                Answers { recipient: "550 5.1.1 no such user", ..FINE },
                false,
                "give up",
                "no such user",
            ),
            (Answers { login: "535 5.7.8 who are you", ..FINE }, true, "blocked", "who are you"),
            (
                Answers { recipient: "554 5.7.1 Relay access denied", ..FINE },
                false,
                "blocked",
                "Relay access denied",
            ),
            (
                Answers { mail: ["554 5.7.1 Spam message rejected"; 2], ..FINE },
                false,
                "blocked",
                "Spam message rejected",
            ),
        ] {
            let error = send(answers, login).await.unwrap_err();
            let (judged, message) = words(&error);
            assert!(judged == verdict && message.contains(said), "{error:?}");
            assert!(!message.contains("wrong"), "no password in {message}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_silent_or_gone_is_tried_again() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = silent.local_addr().unwrap().port();
        let accept_only = async {
            let _held = silent.accept().await.unwrap();
            future::pending::<()>().await;
        };
        let error = tokio::select! {
            sent = send_to(port, false, IMPATIENT) => sent.unwrap_err(),
            () = accept_only => unreachable!("the server goes on"),
        };
        assert_eq!(words(&error).0, "retry", "{error:?}");
        drop(silent);
        assert_eq!(words(&send_to(port, false, PATIENT).await.unwrap_err()).0, "retry");
    }

    #[tokio::test]
    async fn an_answer_that_comes_too_late_is_no_answer_to_the_next_mail() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let postman = postman(port, None, Duration::from_secs(1));
        let late = Notify::new();
        let server = async {
            let mut conversations = FuturesUnordered::new();
            let mut is_first = true;
            loop {
                tokio::select! {
                    came = listener.accept() => {
                        let (stream, late) = (came.unwrap().0, &late);
                        let first = if is_first { "250 queued" } else { "554 refused" };
                        let answers = Answers { mail: [first, "554 refused"], ..FINE };
                        let waits = std::mem::take(&mut is_first);
                        conversations.push(converse(stream, answers, async move {
                            if waits {
                                late.notified().await;
                            }
                        }));
                    }
                    Some(()) = conversations.next() => {}
                }
            }
        };
        let client = async {
            let slow = carry(&postman).await.unwrap_err();
            assert_eq!(words(&slow).0, "retry", "{slow:?}");
            // What the crate does with the connection, it does in a task of its own.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            late.notify_one();
            let next = carry(&postman).await.unwrap_err();
            assert_eq!(words(&next).0, "blocked", "the server refused it: {next:?}");
        };
        tokio::select! {
            () = client => {}
            () = server => unreachable!("the server goes on"),
        }
    }

    #[tokio::test]
    async fn a_repeated_mail_replaces_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new/mails");
        let from = "kpid@calder.example".parse().unwrap();
        let postman = Mailer::open(&MailTransport::Folder(inner.clone()), &from).unwrap();
        for _ in 0..2 {
            carry(&postman).await.unwrap();
        }
        let files: Vec<_> =
            std::fs::read_dir(&inner).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["00000000-0000-0000-0000-000000000000.eml"]);
        let kept = std::fs::read(inner.join(&files[0])).unwrap();
        assert!(kept == mail().formatted(), "the file is the mail, byte by byte");
    }
}
