//! The HTTP peer: a business API with figures, and a receiver of webhooks; both count.

use std::{
    cell::RefCell,
    collections::HashSet,
    convert::Infallible,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::body::{Body, to_bytes};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header::CONTENT_TYPE,
    server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, task::LocalSet, time::sleep};

use crate::{
    child::{self, Running},
    smtp,
};

/// On track, for the target and tolerance of `portfolio`.
const GOOD: f64 = 97.0;

/// Off track.
const BAD: f64 = 60.0;

/// The largest body that the peer takes.
const BODY_BYTES_MAX: usize = 16 << 20;

/// What a peer has seen, and when, in microseconds since 1970.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Figures that were asked for.
    pub(crate) asked: u64,
    /// Different figures among them.
    pub(crate) distinct: usize,
    /// When the newest of them was asked for the first time.
    pub(crate) newest_at: u64,
    /// When a figure was first answered off track since the last order to fall.
    pub(crate) fell_at: Option<u64>,
    /// Webhooks, each delivery once.
    pub(crate) webhooks: usize,
    /// When the newest came.
    pub(crate) webhook_at: u64,
    /// Mails.
    pub(crate) mails: usize,
    /// When the newest came.
    pub(crate) mail_at: u64,
}

/// What a peer does from now on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Orders {
    /// Whether figures change with each second; on track they stay.
    pub(crate) changing: bool,
    /// Milliseconds that an answer takes.
    pub(crate) late_ms: u64,
    /// Which figures fall off track, in addition to those that have.
    pub(crate) fall: Option<Fall>,
}

/// Figures that fall off track.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Fall {
    All,
    One(usize),
}

#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) seen: Seen,
    orders: Orders,
    all_fallen: bool,
    fallen: HashSet<usize>,
    known: Vec<bool>,
    deliveries: HashSet<String>,
}

/// A peer in a process of its own.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Kept for its end.
    _running: Running,
    client: reqwest::Client,
    http: SocketAddr,
    smtp: SocketAddr,
}

impl Peer {
    /// Starts one that answers constant figures.
    pub(crate) fn start() -> Self {
        let mut running = child::role(&["serve"]);
        let [http, smtp] = [running.line(), running.line()].map(|line| line.parse().unwrap());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { _running: running, client, http, smtp }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.http)
    }

    pub(crate) fn smtp_port(&self) -> u16 {
        self.smtp.port()
    }

    pub(crate) async fn seen(&self) -> Seen {
        let answer = self.client.get(format!("{}seen", self.url())).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) async fn order(&self, orders: &Orders) {
        let url = format!("{}orders", self.url());
        let answer = self.client.put(url).json(orders).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

/// Microseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

/// The role `serve`: says where it listens, for HTTP and SMTP, and answers until it is killed.
pub(crate) async fn serve() {
    let desk = Rc::<RefCell<Desk>>::default();
    let [http, mail] = [
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    ];
    println!("{}\n{}", http.local_addr().unwrap(), mail.local_addr().unwrap());
    let peers = LocalSet::new();
    peers.spawn_local(smtp::serve(mail, Rc::clone(&desk)));
    peers.spawn_local(async move {
        loop {
            let (stream, _) = http.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let desk = Rc::clone(&desk);
            let answer = service_fn(move |request| answer(request, Rc::clone(&desk)));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            // Whoever hangs up in the middle is ended by its own deadline.
            tokio::task::spawn_local(async move { drop(connection.await) });
        }
    });
    peers.await;
}

async fn answer(
    request: Request<Incoming>,
    desk: Rc<RefCell<Desk>>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    if let Some(at) = path.strip_prefix("/f/").and_then(|at| at.parse().ok()) {
        let late = desk.borrow().orders.late_ms;
        if late > 0 {
            sleep(Duration::from_millis(late)).await;
        }
        let value = desk.borrow_mut().figure(at);
        return Ok(json(format!(r#"{{"value":{value}}}"#)));
    }
    if let Some(bytes) = path.strip_prefix("/bytes/").and_then(|bytes| bytes.parse().ok()) {
        return Ok(json(" ".repeat(bytes)));
    }
    if path == "/seen" {
        return Ok(json(serde_json::to_string(&desk.borrow().seen).unwrap()));
    }
    let (is_orders, is_post) = (path == "/orders", request.method() == Method::POST);
    let delivery = request.headers().get("webhook-id").and_then(|id| id.to_str().ok());
    let delivery = delivery.map(str::to_owned);
    let body = to_bytes(Body::new(request.into_body()), BODY_BYTES_MAX).await;
    let Ok(body) = body else { return Ok(status(StatusCode::BAD_REQUEST)) };
    if is_orders {
        let orders = serde_json::from_slice(&body).unwrap();
        desk.borrow_mut().obey(orders);
    } else if is_post {
        desk.borrow_mut().webhook(delivery);
    } else {
        return Ok(status(StatusCode::NOT_FOUND));
    }
    Ok(status(StatusCode::NO_CONTENT))
}

fn json(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let media = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media);
    response
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}

impl Desk {
    fn figure(&mut self, at: usize) -> f64 {
        let now = now();
        self.seen.asked += 1;
        if self.known.len() <= at {
            self.known.resize(at + 1, false);
        }
        if !self.known[at] {
            self.known[at] = true;
            self.seen.distinct += 1;
            self.seen.newest_at = now;
        }
        if self.all_fallen || self.fallen.contains(&at) {
            self.seen.fell_at.get_or_insert(now);
            return BAD;
        }
        if self.orders.changing { GOOD + (now / 1_000_000 % 20) as f64 / 10.0 } else { GOOD }
    }

    fn obey(&mut self, orders: Orders) {
        if let Some(fall) = orders.fall {
            self.seen.fell_at = None;
            match fall {
                Fall::All => self.all_fallen = true,
                Fall::One(at) => drop(self.fallen.insert(at)),
            }
        }
        self.orders = orders;
    }

    fn webhook(&mut self, delivery: Option<String>) {
        if delivery.is_none_or(|id| self.deliveries.insert(id)) {
            self.seen.webhooks += 1;
            self.seen.webhook_at = now();
        }
    }
}
