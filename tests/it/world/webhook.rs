//! A receiver of webhooks that keeps what it is sent.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    io::Write,
    net::SocketAddr,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What somebody answers who was not meant.
const PAGE: &str = "<!DOCTYPE html><h1>Welcome</h1>";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    headers: HashMap<String, String>,
    body: Vec<u8>,
    /// Whether its sender was told that it was taken.
    pub(crate) taken: bool,
}

/// A running receiver.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Debug, Default)]
struct Desk {
    calls: Vec<Call>,
    answers: VecDeque<Answer>,
    connections: usize,
    hung: Arc<Notify>,
}

/// What one call is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// A status.
    Status(u16),
    /// 429, and so many seconds of patience.
    Patience(u32),
    /// 302, to a place that must not be followed.
    Redirect,
    /// 200, and a page for people: somebody answers, though perhaps not who was meant.
    Page,
    /// Nothing, ever.
    Hang,
    /// Nothing, and the connection is closed.
    Cut,
}

impl Webhook {
    /// Starts one that answers 204 unless told otherwise.
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

    /// What the next calls are answered, in this order.
    pub(crate) fn answer(&self, answers: &[Answer]) {
        self.desk.lock().unwrap().answers.extend(answers);
    }

    /// Forgets what the next calls were to be answered: from now on all is taken.
    pub(crate) fn calm(&self) {
        self.desk.lock().unwrap().answers.clear();
    }

    /// Waits until a call hangs.
    pub(crate) async fn hung(&self) {
        let hung = Arc::clone(&self.desk.lock().unwrap().hung);
        hung.notified().await;
    }

    /// What came so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.desk.lock().unwrap().calls.clone()
    }

    /// How often somebody came.
    pub(crate) fn connections(&self) -> usize {
        self.desk.lock().unwrap().connections
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/kpid", self.address)
    }
}

impl Call {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body, parsed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.headers, self.body))
    }

    /// Whether it is signed with this secret alone, as Standard Webhooks say.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        self.header("webhook-signature") == self.signature_by(secret)
    }

    /// The signature as openssl makes it, which has nothing in common with what made ours.
    pub(crate) fn signature_by(&self, secret: &str) -> String {
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => BASE64_STANDARD.decode(encoded).unwrap(),
            None => secret.as_bytes().to_vec(),
        };
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut openssl = Command::new("openssl")
            .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{key}")])
            .arg("-binary")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let head = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [head.as_bytes(), &self.body].concat();
        openssl.stdin.take().unwrap().write_all(&signed).unwrap();
        let made = openssl.wait_with_output().unwrap();
        assert!(made.status.success(), "openssl made no signature");
        format!("v1,{}", BASE64_STANDARD.encode(made.stdout))
    }
}

async fn serve(stream: TcpStream, desk: &Mutex<Desk>) -> std::io::Result<()> {
    let mut stream = BufStream::new(stream);
    while let Some(call) = request(&mut stream).await? {
        let (answer, hung) = {
            let mut desk = desk.lock().unwrap();
            let answer = desk.answers.pop_front().unwrap_or(Answer::Status(204));
            let taken = match answer {
                Answer::Status(code) => (200..300).contains(&code),
                other => matches!(other, Answer::Page),
            };
            desk.calls.push(Call { taken, ..call });
            (answer, Arc::clone(&desk.hung))
        };
        let head = match answer {
            Answer::Status(code) => format!("{code} Said\r\n"),
            Answer::Patience(secs) => format!("429 Too Many\r\nretry-after: {secs}\r\n"),
            Answer::Redirect => "302 Found\r\nlocation: /elsewhere\r\n".to_owned(),
            Answer::Page => "200 OK\r\ncontent-type: text/html\r\n".to_owned(),
            Answer::Cut => return Ok(()),
            Answer::Hang => {
                hung.notify_one();
                pending().await
            }
        };
        let body = if matches!(answer, Answer::Page) { PAGE } else { "" };
        // A status without a body may not name its length.
        let length = format!("content-length: {}\r\n", body.len());
        let length = if head.starts_with("204") { "" } else { length.as_str() };
        stream.write_all(format!("HTTP/1.1 {head}{length}\r\n{body}").as_bytes()).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// The next request of a connection, if there is one.
async fn request(stream: &mut BufStream<TcpStream>) -> std::io::Result<Option<Call>> {
    let mut headers = HashMap::new();
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Call { headers, body, taken: false }))
}
