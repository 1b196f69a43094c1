//! A server of HTTP whose every answer a test decides, and which remembers what it was sent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use serde_json::Value;
use tokio::net::TcpListener;

/// What it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Said {
    pub(crate) fn json(value: Value) -> Self {
        Self::bytes(value.to_string()).with("content-type", "application/json")
    }

    pub(crate) fn bytes(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::bytes("") }
    }

    /// A redirect.
    pub(crate) fn to(status: u16, location: &str) -> Self {
        Self::status(status).with("location", location)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn and_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// A running server.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Scripted {
    pub(crate) async fn start(
        answer: impl Fn(&Sent) -> Said + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let kept = Arc::clone(&sent);
        let app = Router::new().fallback(
            async move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                let asked = Sent {
                    method: method.to_string(),
                    path: uri.path().to_owned(),
                    query: uri.query().unwrap_or_default().to_owned(),
                    headers,
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
                let said = answer(&asked);
                kept.lock().unwrap().push(asked);
                let mut response = Response::new(Body::from(said.body));
                *response.status_mut() = StatusCode::from_u16(said.status).unwrap();
                for (name, value) in said.headers {
                    response.headers_mut().append(name, value.parse().unwrap());
                }
                response
            },
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, sent }
    }

    /// What was sent to a path, in order.
    pub(crate) fn sent_to(&self, path: &str) -> Vec<Sent> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|sent| sent.path == path).cloned().collect()
    }

    /// As a connection of `kpid.yaml`.
    pub(crate) fn yaml(&self) -> String {
        self.yaml_with("")
    }

    /// The same, with further keys.
    pub(crate) fn yaml_with(&self, keys: &str) -> String {
        format!("{{ http: {{ base_url: \"http://{}/\", timeout: 5s, {keys} }} }}", self.address)
    }
}
