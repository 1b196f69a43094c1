//! Mail leaves: over SMTP, one recipient a transaction, or into a folder of `.eml` files.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        Error as SmtpError, PoolConfig,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use secrecy::ExposeSecret;
use tokio::{fs, io::AsyncWriteExt, time};
use uuid::Uuid;

use crate::{
    channel::{MailTransport, SmtpTls},
    channels::SendError,
};

/// One command and its answer; RFC 5321 would wait minutes, a deliverer with others to tell not.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(20);

/// A whole mail, connecting included, however slowly the server drips.
const MAIL_TIME_MAX: Duration = Duration::from_secs(60);

/// Connections kept for the next mail. On one whose mail took too long the answer is still to come,
/// and would be read as the answer to the next mail; the crate keeps such a connection like any other.
const CONNECTIONS_KEPT: u32 = 0;

/// Refusals to let us in (RFC 4954): a wrong password is mended by operators, not by losing mail.
const LOGIN_REFUSALS: [u16; 4] = [530, 534, 535, 538];

/// An open way out for mail.
#[derive(Debug)]
pub(crate) enum Postman {
    /// A mail server.
    Smtp {
        /// Its name, for messages.
        host: String,
        /// The connections to it.
        transport: AsyncSmtpTransport<Tokio1Executor>,
        /// How long a whole mail may take.
        mail_time_max: Duration,
    },
    /// A folder.
    Folder(PathBuf),
}

impl Postman {
    /// Gets ready; nothing is reached yet. Call it inside the runtime.
    pub(crate) fn open(transport: &MailTransport) -> anyhow::Result<Self> {
        Self::open_within(transport, COMMAND_TIME_MAX, MAIL_TIME_MAX)
    }

    fn open_within(
        transport: &MailTransport,
        command_time_max: Duration,
        mail_time_max: Duration,
    ) -> anyhow::Result<Self> {
        let (host, port, tls, login) = match transport {
            MailTransport::Folder(folder) => return Ok(Self::Folder(folder.clone())),
            MailTransport::Smtp { host, port, tls, login } => (host, *port, *tls, login),
        };
        let parameters = || {
            TlsParameters::new(host.clone())
                .with_context(|| format!("cannot prepare encryption to the mail server `{host}`"))
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(match tls {
                SmtpTls::None => Tls::None,
                SmtpTls::StartTls => Tls::Required(parameters()?),
                SmtpTls::Implicit => Tls::Wrapper(parameters()?),
            });
        if let Some((user, password)) = login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        let transport = builder
            .timeout(Some(command_time_max))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_KEPT))
            .build();
        Ok(Self::Smtp { host: host.clone(), transport, mail_time_max })
    }

    /// Hands over one mail; `id` names its file.
    pub(crate) async fn carry(&self, id: Uuid, mail: Message) -> Result<(), SendError> {
        match self {
            Self::Folder(folder) => drop_off(folder, id, &mail.formatted())
                .await
                .map_err(|error| retry(format!("cannot write the mail: {error:#}"))),
            Self::Smtp { host, transport, mail_time_max } => {
                match time::timeout(*mail_time_max, transport.send(mail)).await {
                    Ok(Ok(_accepted)) => Ok(()),
                    Ok(Err(error)) => Err(refused(host, &error)),
                    Err(_elapsed) => Err(slow(host, *mail_time_max)),
                }
            }
        }
    }

    /// Connects and logs in, or looks whether the folder is there.
    pub(crate) async fn probe(&self) -> Result<(), SendError> {
        match self {
            Self::Folder(folder) => fs::create_dir_all(folder).await.map_err(|error| {
                retry(format!("cannot make the mail folder {}: {error}", folder.display()))
            }),
            Self::Smtp { host, transport, mail_time_max } => {
                match time::timeout(*mail_time_max, transport.test_connection()).await {
                    Ok(Ok(true)) => Ok(()),
                    Ok(Ok(false)) => Err(retry(format!("{host} does not answer NOOP"))),
                    Ok(Err(error)) => Err(refused(host, &error)),
                    Err(_elapsed) => Err(slow(host, *mail_time_max)),
                }
            }
        }
    }
}

fn retry(message: String) -> SendError {
    SendError::Retry { after: None, message }
}

fn slow(host: &str, mail_time_max: Duration) -> SendError {
    retry(format!("{host} took longer than {} s", mail_time_max.as_secs_f64()))
}

/// 5xx is the server's last word on this mail, except about who we are; all else may pass.
fn refused(host: &str, error: &SmtpError) -> SendError {
    let message = format!("{host}: {error}");
    let login = error.status().is_some_and(|code| LOGIN_REFUSALS.contains(&u16::from(code)));
    if error.is_permanent() && !login {
        return SendError::GiveUp { message };
    }
    retry(message)
}

/// Written beside and renamed, so that a reader never sees half a mail; a repetition replaces the
/// first, it does not double it.
async fn drop_off(folder: &Path, id: Uuid, mail: &[u8]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .await
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let (draft, path) = (folder.join(format!(".{id}.tmp")), folder.join(format!("{id}.eml")));
    let write = async {
        let mut file = fs::File::create(&draft).await?;
        file.write_all(mail).await?;
        file.sync_all().await?;
        fs::rename(&draft, &path).await
    };
    write.await.with_context(|| format!("cannot write {}", path.display()))
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
        let (host, tls) = ("127.0.0.1".to_owned(), SmtpTls::None);
        let transport = MailTransport::Smtp { host, port, tls, login };
        let postman = Postman::open_within(&transport, time_max, time_max).unwrap();
        postman.carry(Uuid::nil(), mail()).await
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
            SendError::Blocked(complaint) => ("blocked", &complaint.summary),
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
            (Answers { login: "535 5.7.8 who are you", ..FINE }, true, "retry", "who are you"),
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
        let (host, port) = ("127.0.0.1".to_owned(), listener.local_addr().unwrap().port());
        let transport = MailTransport::Smtp { host, port, tls: SmtpTls::None, login: None };
        let postman = Postman::open_within(&transport, PATIENT, Duration::from_secs(1)).unwrap();
        let late = Notify::new();
        let server = async {
            let mut conversations = FuturesUnordered::new();
            loop {
                let is_first = conversations.is_empty();
                tokio::select! {
                    came = listener.accept() => {
                        let (stream, late) = (came.unwrap().0, &late);
                        let first = if is_first { "250 queued" } else { "554 refused" };
                        let answers = Answers { mail: [first, "554 refused"], ..FINE };
                        conversations.push(converse(stream, answers, async move {
                            if is_first {
                                late.notified().await;
                            }
                        }));
                    }
                    Some(()) = conversations.next() => {}
                }
            }
        };
        let client = async {
            let slow = postman.carry(Uuid::nil(), mail()).await.unwrap_err();
            assert_eq!(words(&slow).0, "retry", "{slow:?}");
            // What the crate does with the connection, it does in a task of its own.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            late.notify_one();
            let next = postman.carry(Uuid::nil(), mail()).await.unwrap_err();
            assert_eq!(words(&next).0, "give up", "the server refused it: {next:?}");
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
        let postman = Postman::open(&MailTransport::Folder(inner.clone())).unwrap();
        for _ in 0..2 {
            postman.carry(Uuid::nil(), mail()).await.unwrap();
        }
        let files: Vec<_> =
            std::fs::read_dir(&inner).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["00000000-0000-0000-0000-000000000000.eml"]);
        let kept = std::fs::read(inner.join(&files[0])).unwrap();
        assert!(kept == mail().formatted(), "the file is the mail, byte by byte");
    }
}
