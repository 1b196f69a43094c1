//! A receiver of webhooks that keeps what it is sent.

use std::{
    collections::VecDeque,
    io::Write,
    net::SocketAddr,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    headers: HeaderMap,
    body: Bytes,
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
}

impl Webhook {
    /// Starts one that answers 204 unless told otherwise.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::<Mutex<Desk>>::default();
        let app = Router::new().fallback(receive).with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, desk }
    }

    /// What the next calls are answered, in this order.
    pub(crate) fn answer(&self, answers: &[Answer]) {
        self.desk.lock().unwrap().answers.extend(answers);
    }

    /// What came so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.desk.lock().unwrap().calls.clone()
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/kpid", self.address)
    }
}

impl Call {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body, parsed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
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

async fn receive(
    State(desk): State<Arc<Mutex<Desk>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = {
        let mut desk = desk.lock().unwrap();
        desk.calls.push(Call { headers, body });
        desk.answers.pop_front().unwrap_or(Answer::Status(204))
    };
    match answer {
        Answer::Status(code) => StatusCode::from_u16(code).unwrap().into_response(),
        Answer::Patience(secs) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", secs.to_string())]).into_response()
        }
        Answer::Page => Html("<!DOCTYPE html><h1>Welcome</h1>").into_response(),
        Answer::Redirect => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
    }
}
