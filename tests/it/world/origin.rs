//! A business API whose answers are scripted by path.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use tokio::{
    net::TcpListener,
    sync::{OnceCell, Semaphore},
};

/// Much more than an answer may have.
const FLOOD_BYTES: usize = 100 << 20;

/// What a path answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// 200 with this text, said to be JSON.
    Json(String),
    /// 200 with a page.
    Page,
    /// Only a status.
    Status(u16),
    /// 429, not to be asked again for an hour.
    Busy,
    /// 200 with this text, said to be JSON in a charset that nobody knows.
    Charset(String),
    /// Nothing, ever.
    Hang,
    /// The figure 98, once the gate opens.
    Gate(Arc<Semaphore>),
    /// A space now and then, for ever.
    Trickle,
    /// Half a body, and the connection closes.
    Cut,
    /// Nothing, and the connection closes.
    Close,
    /// 100 MB in a row.
    Flood,
    /// Lists within lists, without a length and without an end.
    Endless,
    /// 100 MB, packed into few bytes.
    Bomb,
    /// To itself.
    Loop,
    /// To another host.
    Away,
}

/// A running API.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Debug, Default)]
struct Desk {
    answers: HashMap<String, Answer>,
    asked: HashMap<String, usize>,
}

impl Origin {
    /// Starts one that answers 404 until it is told more.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::<Mutex<Desk>>::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, desk }
    }

    /// What a path such as `nps` answers from now on.
    pub(crate) fn set(&self, path: &str, answer: Answer) {
        self.desk.lock().unwrap().answers.insert(format!("/{path}"), answer);
    }

    /// The same, with a figure.
    pub(crate) fn figure(&self, path: &str, value: f64) {
        self.set(path, Answer::Json(format!(r#"{{"value":{value}}}"#)));
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.desk.lock().unwrap().asked.get(&format!("/{path}")).copied().unwrap_or(0)
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// As a connection of `kpid.yaml`.
    pub(crate) fn yaml(&self) -> String {
        format!(
            "{{ http: {{ base_url: \"http://{}/\", timeout: 2s, max_concurrent: 20 }} }}",
            self.address
        )
    }
}

async fn answer(State(desk): State<Arc<Mutex<Desk>>>, uri: Uri) -> Response {
    let path = uri.path().to_owned();
    let answer = {
        let mut desk = desk.lock().unwrap();
        *desk.asked.entry(path.clone()).or_default() += 1;
        desk.answers.get(&path).cloned().unwrap_or(Answer::Status(404))
    };
    match answer {
        Answer::Json(text) => json(text),
        Answer::Page => ([("content-type", "text/html")], "<h1>Log in</h1>").into_response(),
        Answer::Status(code) => StatusCode::from_u16(code).unwrap().into_response(),
        Answer::Busy => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]).into_response(),
        Answer::Charset(text) => {
            ([("content-type", "application/json; charset=klingon")], text).into_response()
        }
        Answer::Hang => std::future::pending().await,
        Answer::Gate(gate) => {
            let _permit = gate.acquire().await.unwrap();
            json(r#"{"value":98}"#)
        }
        Answer::Trickle => json(Body::from_stream(trickle())),
        Answer::Cut => json(Body::from_stream(cut())),
        Answer::Close => json(Body::from_stream(stream::iter([Err::<Bytes, _>(reset())]))),
        Answer::Flood => json(Body::from_stream(flood())),
        Answer::Endless => json(Body::from_stream(
            stream::repeat(Bytes::from(vec![b'['; 1 << 16])).map(io::Result::Ok),
        )),
        Answer::Bomb => ([("content-encoding", "gzip")], json(bomb().await)).into_response(),
        Answer::Loop => (StatusCode::FOUND, [("location", path)]).into_response(),
        Answer::Away => {
            (StatusCode::FOUND, [("location", "http://elsewhere.example/")]).into_response()
        }
    }
}

fn json(body: impl Into<Body>) -> Response {
    ([("content-type", "application/json")], body.into()).into_response()
}

fn trickle() -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::unfold(tokio::time::interval(Duration::from_millis(50)), async |mut pause| {
        pause.tick().await;
        Some((Ok(Bytes::from_static(b" ")), pause))
    })
}

/// The break comes when what was said before it is on its way.
fn cut() -> impl stream::Stream<Item = io::Result<Bytes>> {
    let said = [Ok(Bytes::from_static(b"{\"value\":")), Err(reset())];
    trickle().zip(stream::iter(said)).map(|(_, said)| said)
}

fn reset() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

fn flood() -> impl stream::Stream<Item = io::Result<Bytes>> {
    let chunk = Bytes::from(vec![b' '; 1 << 16]);
    stream::iter((0..FLOOD_BYTES / chunk.len()).map(move |_| Ok(chunk.clone())))
}

async fn bomb() -> Vec<u8> {
    static PACKED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let pack = format!("head -c {FLOOD_BYTES} /dev/zero | gzip -1");
    let packed = move || Command::new("sh").args(["-c", &pack]).output().unwrap().stdout;
    let packed = async || tokio::task::spawn_blocking(packed).await.unwrap();
    PACKED.get_or_init(packed).await.clone()
}
