//! A mail server that keeps what it is given, or misbehaves.

use std::{
    collections::HashMap,
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

/// What becomes of a mail to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// It is taken.
    Take,
    /// 451: come back later.
    Defer,
    /// 550: no such user.
    Reject,
    /// 554: we may not send there.
    Relay,
    /// 504: our name is not a full one.
    Helo,
    /// 554 to the mail itself.
    Spam,
    /// The connection is closed in the middle.
    Drop,
    /// It is kept, and the connection is closed before that is said.
    Cut,
    /// It is kept, and nothing is said, ever.
    Hang,
    /// It is kept, and taken once the gate opens.
    Gate,
}

/// A mail as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Its envelope's recipients.
    pub(crate) to: Vec<String>,
    /// Its bytes, without the dots of the protocol.
    pub(crate) bytes: Vec<u8>,
    /// Whether its sender was told that it was taken.
    pub(crate) taken: bool,
}

/// A running mail server.
#[derive(Clone, Debug)]
pub(crate) struct Smtp {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Debug, Default)]
struct Desk {
    mails: Vec<Mail>,
    attempts: usize,
    connections: usize,
    hello: String,
    takes_utf_8: bool,
    conducts: HashMap<String, Conduct>,
    hung: Arc<Notify>,
    gate: CancellationToken,
}

impl Smtp {
    /// Starts one that takes everything.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::<Mutex<Desk>>::default();
        let at_desk = Arc::clone(&desk);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = Arc::clone(&at_desk);
                desk.lock().unwrap().connections += 1;
                // A peer that hangs up in the middle is none of our concern.
                tokio::spawn(async move { drop(serve(stream, &desk).await) });
            }
        });
        Self { address, desk }
    }

    /// What becomes of mails to `recipient` from now on.
    pub(crate) fn conduct(&self, recipient: &str, conduct: Conduct) {
        self.desk.lock().unwrap().conducts.insert(recipient.to_owned(), conduct);
    }

    /// What its last guest called itself.
    pub(crate) fn hello(&self) -> String {
        self.desk.lock().unwrap().hello.clone()
    }

    /// From now on it offers SMTPUTF8.
    pub(crate) fn take_utf_8(&self) {
        self.desk.lock().unwrap().takes_utf_8 = true;
    }

    /// Takes what waits at the gate, and what comes later.
    pub(crate) fn open_gate(&self) {
        self.desk.lock().unwrap().gate.cancel();
    }

    /// Waits until a mail hangs.
    pub(crate) async fn hung(&self) {
        let hung = Arc::clone(&self.desk.lock().unwrap().hung);
        hung.notified().await;
    }

    /// What came so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.desk.lock().unwrap().mails.clone()
    }

    /// How often a recipient was named.
    pub(crate) fn attempts(&self) -> usize {
        self.desk.lock().unwrap().attempts
    }

    /// How often somebody came.
    pub(crate) fn connections(&self) -> usize {
        self.desk.lock().unwrap().connections
    }

    /// As the `smtp` of a channel.
    pub(crate) fn yaml(&self) -> String {
        format!("{{ host: 127.0.0.1, port: {}, tls: none }}", self.address.port())
    }
}

async fn serve(stream: TcpStream, desk: &Mutex<Desk>) -> std::io::Result<()> {
    let mut stream = BufStream::new(stream);
    let (mut to, mut end) = (Vec::new(), Conduct::Take);
    say(&mut stream, "220 sink").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        let answer = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" | "HELO" => {
                let name = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
                let mut desk = desk.lock().unwrap();
                desk.hello = name;
                if desk.takes_utf_8 {
                    "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8"
                } else {
                    "250 sink"
                }
            }
            "NOOP" | "RSET" => "250 sink",
            "MAIL" => {
                to.clear();
                "250 go on"
            }
            "RCPT" => {
                let recipient = address(&line);
                match conduct(desk, &recipient) {
                    kept @ (Conduct::Take
                    | Conduct::Cut
                    | Conduct::Hang
                    | Conduct::Gate
                    | Conduct::Spam) => {
                        end = kept;
                        to.push(recipient);
                        "250 known"
                    }
                    Conduct::Defer => "451 4.7.1 come back later",
                    Conduct::Reject => "550 5.1.1 no such user",
                    Conduct::Relay => "554 5.7.1 Relay access denied",
                    Conduct::Helo => {
                        "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"
                    }
                    Conduct::Drop => return Ok(()),
                }
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let bytes = data(&mut stream).await?;
                if end == Conduct::Spam {
                    say(&mut stream, "554 5.7.1 Spam message rejected").await?;
                    continue;
                }
                let (to, taken) = (std::mem::take(&mut to), end == Conduct::Take);
                let (hung, gate) = {
                    let mut desk = desk.lock().unwrap();
                    desk.mails.push(Mail { to, bytes, taken });
                    (Arc::clone(&desk.hung), desk.gate.clone())
                };
                match end {
                    Conduct::Cut => return Ok(()),
                    Conduct::Hang => {
                        hung.notify_one();
                        pending().await
                    }
                    Conduct::Gate => {
                        gate.cancelled().await;
                        "250 kept"
                    }
                    _ => "250 kept",
                }
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => "502 not known",
        };
        say(&mut stream, answer).await?;
    }
}

async fn say(stream: &mut BufStream<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

fn conduct(desk: &Mutex<Desk>, recipient: &str) -> Conduct {
    let mut desk = desk.lock().unwrap();
    desk.attempts += 1;
    desk.conducts.get(recipient).copied().unwrap_or(Conduct::Take)
}

fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap();
    rest.split('>').next().unwrap().to_owned()
}

async fn data(stream: &mut BufStream<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(bytes);
        }
        bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
