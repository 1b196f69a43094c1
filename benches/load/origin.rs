//! The HTTP peer: a business API with figures, and a receiver of webhooks; both count.

use std::{cell::RefCell, convert::Infallible, net::SocketAddr, rc::Rc, time::Duration};

use axum::body::{Body, to_bytes};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header::CONTENT_TYPE,
    server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::LocalSet, time::sleep};

use crate::{
    child::{self, Running},
    peer_state::{Orders, PeerState, Seen},
    smtp,
};

/// The largest body that the peer takes.
const BODY_BYTES_MAX: usize = 16 << 20;

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

/// The role `serve`: says where it listens, for HTTP and SMTP, and answers until it is killed.
pub(crate) async fn serve() {
    let state = Rc::<RefCell<PeerState>>::default();
    let [http, mail] = [
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    ];
    println!("{}\n{}", http.local_addr().unwrap(), mail.local_addr().unwrap());
    let peers = LocalSet::new();
    peers.spawn_local(smtp::serve(mail, Rc::clone(&state)));
    peers.spawn_local(async move {
        loop {
            let (stream, _) = http.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let state = Rc::clone(&state);
            let answer = service_fn(move |request| answer(request, Rc::clone(&state)));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            // Whoever hangs up in the middle is ended by its own deadline.
            tokio::task::spawn_local(async move { drop(connection.await) });
        }
    });
    peers.await;
}

async fn answer(
    request: Request<Incoming>,
    state: Rc<RefCell<PeerState>>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    if let Some(at) = path.strip_prefix("/f/").and_then(|at| at.parse().ok()) {
        let late = state.borrow().orders.late_ms;
        if late > 0 {
            sleep(Duration::from_millis(late)).await;
        }
        let value = state.borrow_mut().figure(at);
        return Ok(json(format!(r#"{{"value":{value}}}"#)));
    }
    if let Some(bytes) = path.strip_prefix("/bytes/").and_then(|bytes| bytes.parse().ok()) {
        return Ok(json(" ".repeat(bytes)));
    }
    if path == "/seen" {
        return Ok(json(serde_json::to_string(&state.borrow().seen).unwrap()));
    }
    let (is_orders, is_post) = (path == "/orders", request.method() == Method::POST);
    let delivery = request.headers().get("webhook-id").and_then(|id| id.to_str().ok());
    let delivery = delivery.map(str::to_owned);
    let body = to_bytes(Body::new(request.into_body()), BODY_BYTES_MAX).await;
    let Ok(body) = body else { return Ok(status(StatusCode::BAD_REQUEST)) };
    if is_orders {
        let orders = serde_json::from_slice(&body).unwrap();
        state.borrow_mut().obey(orders);
    } else if is_post {
        state.borrow_mut().webhook(delivery);
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
