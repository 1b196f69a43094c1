//! Mail to servers that answer, refuse, are silent or late, and into a folder.

use std::{
    cell::{Cell, RefCell},
    future,
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use secrecy::SecretString;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::*;
use crate::channel::{Smtp, SmtpTls};
use kpid_message::{
    mail::{
        mime::{Envelope, mime_message},
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
        if !answer.is_empty() && stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err()
        {
            return;
        }
        line.clear();
    }
}

async fn send_to(port: u16, login: bool, time_max: Duration) -> Result<(), SendError> {
    let login = login.then(|| ("kpid".to_owned(), SecretString::from("wrong")));
    carry(&mailer(port, login, time_max)).await
}

/// Each step may take so long.
fn patience(time_max: Duration) -> Patience {
    Patience {
        connect: PATIENT,
        hello: time_max,
        command: time_max,
        data: time_max,
        mail: time_max,
        kept: time_max,
        probe: PATIENT,
    }
}

fn mailer(port: u16, login: Option<(String, SecretString)>, time_max: Duration) -> Mailer {
    encrypting(port, SmtpTls::None, login, time_max)
}

fn encrypting(
    port: u16,
    tls: SmtpTls,
    login: Option<(String, SecretString)>,
    time_max: Duration,
) -> Mailer {
    let (host, hello) = ("127.0.0.1".to_owned(), None);
    let transport = MailTransport::Smtp(Smtp { host, port, tls, login, hello });
    let from = "kpid@calder.example".parse().unwrap();
    Mailer::open_with(&transport, &from, patience(time_max)).unwrap()
}

async fn carry(mailer: &Mailer) -> Result<(), SendError> {
    let (channel, now) = (Id::parse("mail").unwrap(), DateTime::<Utc>::UNIX_EPOCH);
    mailer.carry(&channel, Uuid::nil(), mail(), now).await
}

fn mail() -> Message {
    let now = samples::parts::at("2026-06-03T06:00:05+02:00").to_utc();
    let from: lettre::message::Mailbox = "kpid@calder.example".parse().unwrap();
    let to = "ines@calder.example".parse().unwrap();
    let envelope = Envelope { from: &from, to, id: Uuid::nil(), dedup_key: "calder/customer/1" };
    mime_message(envelope, plain(&samples::alerts::opened().into()).unwrap(), now).unwrap()
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
        SendError::Unreachable { message } => ("unreachable", message),
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
        (Answers { recipient: "452 4.3.1 disk full", ..FINE }, false, "unreachable", "disk full"),
        (Answers { recipient: "421 4.7.0 later", ..FINE }, false, "unreachable", "later"),
        (Answers { recipient: "550 5.1.1 no such user", ..FINE }, false, "give up", "no such user"),
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
    assert_eq!(words(&error).0, "unreachable", "{error:?}");
    drop(silent);
    assert_eq!(words(&send_to(port, false, PATIENT).await.unwrap_err()).0, "unreachable");
}

#[tokio::test]
async fn a_server_whose_answer_has_no_end_is_not_listened_to_for_long() {
    const SAID_MAX: usize = 32 << 20;
    for say in [&[b'2'; 4096][..], &b"220-still here\r\n".repeat(256)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let greet = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..SAID_MAX / say.len() {
                if stream.write_all(say).await.is_err() {
                    future::pending::<()>().await;
                }
            }
        };
        let error = tokio::select! {
            sent = send_to(port, false, PATIENT) => sent.unwrap_err(),
            () = greet => panic!("it is listened to for ever"),
        };
        let why = "127.0.0.1: its answer has no end; check `smtp.host` and `smtp.port`";
        assert_eq!(words(&error), ("unreachable", why));
    }
}

/// What comes of a mail to a server that greets so and does nothing else.
async fn greeted(greeting: &str) -> SendError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let greet = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(greeting.as_bytes()).await.unwrap();
        drop(stream);
        future::pending::<()>().await;
    };
    tokio::select! {
        sent = send_to(port, false, PATIENT) => sent.unwrap_err(),
        () = greet => unreachable!("the server goes on"),
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_words_with_what_to_look_at() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let refused = send_to(port, false, PATIENT).await.unwrap_err();
    let nobody = "127.0.0.1: nothing accepts connections there; check `smtp.host` and `smtp.port`, \
                  and that it is running";
    assert_eq!(words(&refused), ("unreachable", nobody));
    let web = greeted("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let not_smtp = "127.0.0.1: its answer is not SMTP; check `smtp.host` and `smtp.port`";
    assert_eq!(words(&web), ("unreachable", not_smtp));
    let busy = greeted("421 4.3.2 try later\r\n").await;
    assert_eq!(words(&busy), ("unreachable", "127.0.0.1 answered 421 4.3.2 try later"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = encrypting(port, SmtpTls::StartTls, None, PATIENT);
    let plain = tokio::select! {
        sent = carry(&plain) => sent.unwrap_err(),
        () = serve(listener, FINE) => unreachable!("the server goes on"),
    };
    let (verdict, said) = words(&plain);
    assert!(
        verdict == "blocked" && said.contains("it does not offer STARTTLS; write `tls:"),
        "{said}"
    );
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_no_answer_to_the_next_mail() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mailer = mailer(port, None, Duration::from_secs(1));
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
        let slow = carry(&mailer).await.unwrap_err();
        assert_eq!(words(&slow).0, "retry", "{slow:?}");
        // What the crate does with the connection, it does in a task of its own.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        late.notify_one();
        let next = carry(&mailer).await.unwrap_err();
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
    let mailer = Mailer::open(&MailTransport::Folder(inner.clone()), &from).unwrap();
    for _ in 0..2 {
        carry(&mailer).await.unwrap();
    }
    let files: Vec<_> =
        std::fs::read_dir(&inner).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["00000000-0000-0000-0000-000000000000.eml"]);
    let kept = std::fs::read(inner.join(&files[0])).unwrap();
    assert!(kept == mail().formatted(), "the file is the mail, byte by byte");
}

/// What a mail server counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    connections: usize,
    mails: usize,
}

/// What becomes of a connection that has carried as many mails as there may be.
#[derive(Clone, Copy)]
enum Enough {
    /// It is closed.
    Closed,
    /// The next sender is told to come on another one.
    Told,
    /// Nothing is said any more.
    Silent,
}

/// A mail server that takes so many mails a connection.
async fn count(
    listener: TcpListener,
    mails_max: usize,
    enough: Enough,
    counted: &RefCell<Counted>,
) {
    let mut conversations = FuturesUnordered::new();
    loop {
        tokio::select! {
            came = listener.accept() => {
                counted.borrow_mut().connections += 1;
                conversations.push(take_so_many(came.unwrap().0, mails_max, enough, counted));
            }
            Some(()) = conversations.next() => {}
        }
    }
}

async fn take_so_many(
    stream: TcpStream,
    mails_max: usize,
    enough: Enough,
    counted: &RefCell<Counted>,
) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 fake ESMTP\r\n").await.unwrap();
    let (mut mails, mut in_data, mut line) = (0, false, String::new());
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        let has_enough = mails == mails_max;
        let answer = match line.split_ascii_whitespace().next().unwrap_or("") {
            "." if in_data => {
                (in_data, mails) = (false, mails + 1);
                counted.borrow_mut().mails += 1;
                "250 queued\r\n"
            }
            _ if in_data => "",
            "DATA" => {
                in_data = true;
                "354 go on\r\n"
            }
            "QUIT" => return,
            "MAIL" if has_enough => match enough {
                Enough::Closed => return,
                Enough::Told => "421 4.7.0 too many mails on this connection\r\n",
                Enough::Silent => "",
            },
            _ => "250 ok\r\n",
        };
        line.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What a server counts that takes so many mails a connection and is sent so many.
async fn counted(mails_max: usize, enough: Enough, mails: usize) -> Counted {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counted = RefCell::default();
    let mailer = mailer_keeping(port, Duration::from_millis(100));
    let client = async {
        for _ in 0..mails {
            assert_eq!(carry(&mailer).await, Ok(()));
        }
        mailer.close().await;
    };
    tokio::select! {
        () = client => {}
        () = count(listener, mails_max, enough, &counted) => unreachable!("the server goes on"),
    }
    counted.into_inner()
}

/// A mailer that waits so long for a sign of life on a connection that was idle.
fn mailer_keeping(port: u16, kept: Duration) -> Mailer {
    let (host, hello, login) = ("127.0.0.1".to_owned(), None, None);
    let transport = MailTransport::Smtp(Smtp { host, port, tls: SmtpTls::None, login, hello });
    let from = "kpid@calder.example".parse().unwrap();
    let patience = Patience { kept, ..patience(PATIENT) };
    Mailer::open_with(&transport, &from, patience).unwrap()
}

#[tokio::test]
async fn a_connection_carries_one_mail_after_the_other() {
    let seen = counted(usize::MAX, Enough::Closed, 5).await;
    assert_eq!(seen, Counted { connections: 1, mails: 5 });
    let seen = counted(usize::MAX, Enough::Closed, 101).await;
    assert_eq!(seen, Counted { connections: 2, mails: 101 }, "a hundred mails are enough");
}

#[tokio::test]
async fn a_connection_that_went_away_while_it_was_idle_neither_loses_nor_doubles_a_mail() {
    for enough in [Enough::Closed, Enough::Told, Enough::Silent] {
        assert_eq!(counted(1, enough, 3).await, Counted { connections: 3, mails: 3 });
    }
}

#[tokio::test]
async fn a_refused_recipient_is_refused_once_whatever_connection_there_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mailer = mailer(listener.local_addr().unwrap().port(), None, PATIENT);
    let connections = Cell::new(0);
    let server = async {
        let mut conversations = FuturesUnordered::new();
        loop {
            tokio::select! {
                came = listener.accept() => {
                    connections.set(connections.get() + 1);
                    // The first mail is taken, and the next recipient is not known.
                    let (stream, recipient) = (came.unwrap().0, ["250 ok", "550 5.1.1 no such user"]);
                    conversations.push(converse_by_mail(stream, recipient));
                }
                Some(()) = conversations.next() => {}
            }
        }
    };
    let client = async {
        assert_eq!(carry(&mailer).await, Ok(()));
        let refused = carry(&mailer).await.unwrap_err();
        assert_eq!(words(&refused).0, "give up", "{refused:?}");
    };
    tokio::select! {
        () = client => assert_eq!(connections.get(), 1),
        () = server => unreachable!("the server goes on"),
    }
}

/// A conversation whose recipients get these answers, one after the other.
async fn converse_by_mail(stream: TcpStream, recipients: [&str; 2]) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 fake ESMTP\r\n").await.unwrap();
    let (mut named, mut in_data, mut line) = (0, false, String::new());
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        let answer = match line.split_ascii_whitespace().next().unwrap_or("") {
            "." => "250 queued",
            _ if in_data => "",
            "RCPT" => {
                named += 1;
                recipients[(named - 1).min(1)]
            }
            "DATA" => "354 go on",
            _ => "250 ok",
        };
        in_data = answer == "354 go on" || (in_data && answer.is_empty());
        line.clear();
        if !answer.is_empty() && stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err()
        {
            return;
        }
    }
}
