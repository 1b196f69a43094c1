//! Connections of whoever looks: so many at once, each for so long, with heads of so many bytes.
//! Who sends or reads ever so slowly keeps nobody else out.

use std::{pin::pin, time::Duration};

use axum::{Router, extract::Request};
use futures_util::{StreamExt, stream::FuturesUnordered};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tracing::{debug, warn};

use crate::web::peer::Peer;

/// How much a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections at once; more wait to be taken. An eighth of the files a process usually may
    /// have open, the rest is for sources and channels.
    connections: usize,
    /// How long the head of a request may take to come, and how long a connection may wait for
    /// the next one. Browsers and scrapers send a head in one packet.
    head: Duration,
    /// How long a connection may be held, however busy: whoever has more to ask comes again.
    whole: Duration,
    /// How long what is being answered may take to end after that.
    last_answer: Duration,
    /// How long a connection that has not asked anything yet may still do so when we are told to
    /// stop: what it was opened for is on its way, and nobody asks again when a new one is cut.
    first_request: Duration,
}

/// What the daemon grants.
pub(super) const LIMITS: Limits = Limits {
    connections: 128,
    head: Duration::from_secs(10),
    whole: Duration::from_secs(300),
    last_answer: crate::web::site::ANSWER_TIME_MAX,
    first_request: Duration::from_secs(1),
};

/// Bytes of a request's head: four times what servers usually grant a browser's cookies.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// A process without a free file has none a moment later either.
const BROKEN_PAUSE: Duration = Duration::from_secs(1);

/// Answers until told to stop; what is being answered then is finished.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let mut open = FuturesUnordered::new();
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            Some(()) = open.next() => {}
            taken = listener.accept(), if open.len() < limits.connections => match taken {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip().to_canonical());
                    open.push(converse(stream, peer, app.clone(), limits, stop.clone()));
                }
                Err(error) => {
                    warn!("cannot take a connection: {error}");
                    // Those that are open go on meanwhile, and one that ends frees a file.
                    tokio::select! {
                        () = sleep(BROKEN_PAUSE) => {}
                        Some(()) = open.next() => {}
                    }
                }
            },
        }
    }
    while let Some(()) = open.next().await {}
}

/// Answers one connection's requests until it ends, by itself or by a limit.
async fn converse(
    stream: TcpStream,
    peer: Peer,
    app: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let begun = CancellationToken::new();
    let asked = {
        let begun = begun.clone();
        move |mut request: Request<Incoming>| {
            begun.cancel();
            request.extensions_mut().insert(peer);
            request
        }
    };
    let app = ServiceBuilder::new().map_request(asked).service(app);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = pin!(connection);
    let is_to_stop = async {
        stop.cancelled().await;
        timeout(limits.first_request, begun.cancelled()).await
    };
    tokio::select! {
        ended = connection.as_mut() => return tell(ended),
        _ = is_to_stop => {}
        () = sleep(limits.whole) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Whoever has not read the answer by then never will.
    if let Ok(ended) = timeout(limits.last_answer, connection).await {
        tell(ended);
    }
}

/// A peer that breaks off is no trouble of ours.
fn tell(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        debug!("a connection ended early: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, sync::Arc};

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::Notify,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    fn limits() -> Limits {
        Limits { head: SHORT, ..LIMITS }
    }

    /// Serves `app` while `talk` goes on, which must not take long.
    async fn while_served<T>(
        app: Router,
        limits: Limits,
        talk: impl AsyncFnOnce(SocketAddr) -> T,
    ) -> T {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let talked = async {
            let talked =
                timeout(Duration::from_secs(30), talk(at)).await.expect("it takes too long");
            stop.cancel();
            talked
        };
        tokio::join!(talked, serve(listener, app, limits, stop.clone())).0
    }

    fn hello() -> Router {
        Router::new().route("/", get(|| async { "hello" }))
    }

    /// Everything that comes until the other side ends the connection.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut rest = Vec::new();
        // What was sent to a peer that had ended the connection already resets it.
        let _ = stream.read_to_end(&mut rest).await;
        String::from_utf8(rest).unwrap()
    }

    #[tokio::test]
    async fn a_head_that_trickles_in_is_cut_off() {
        while_served(hello(), limits(), async |at| {
            let mut stream = TcpStream::connect(at).await.unwrap();
            let mut byte = [0];
            for letter in b"GET / HTTP/1.1\r\nhost: ".iter().chain(std::iter::repeat(&b'a')) {
                let is_sent = stream.write_all(&[*letter]).await.is_ok();
                let read = timeout(SHORT / 10, stream.read(&mut byte)).await;
                // Nothing came yet, and the connection is still there.
                if !is_sent || read.is_ok() {
                    break;
                }
            }
        })
        .await;
    }

    #[tokio::test]
    async fn who_sends_nothing_keeps_the_others_out_for_a_moment_only() {
        let limits = Limits { connections: 1, ..limits() };
        let answer = while_served(hello(), limits, async |at| {
            let silent = TcpStream::connect(at).await.unwrap();
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(REQUEST).await.unwrap();
            let answer = rest(&mut stream).await;
            drop(silent);
            answer
        });
        assert!(answer.await.ends_with("hello"));
    }

    #[tokio::test]
    async fn a_busy_connection_ends_after_its_time_with_a_whole_answer() {
        let limits = Limits { whole: SHORT, ..LIMITS };
        let answers = while_served(hello(), limits, async |at| {
            let (mut reader, mut writer) = TcpStream::connect(at).await.unwrap().into_split();
            let ask = async { while writer.write_all(REQUEST).await.is_ok() {} };
            let mut answers = Vec::new();
            let _ = tokio::join!(ask, reader.read_to_end(&mut answers)).1;
            String::from_utf8(answers).unwrap()
        })
        .await;
        assert!(answers.matches("hello").count() > 1, "{answers}");
    }

    #[tokio::test]
    async fn a_head_that_is_too_long_is_refused() {
        let answer = while_served(hello(), limits(), async |at| {
            let mut stream = TcpStream::connect(at).await.unwrap();
            let head = [REQUEST.trim_ascii_end(), b"\r\na: ", &[b'a'; HEAD_BYTES_MAX]].concat();
            let _ = stream.write_all(&head).await;
            rest(&mut stream).await
        });
        assert!(answer.await.starts_with("HTTP/1.1 431 "));
    }

    #[tokio::test]
    async fn an_answer_under_way_is_finished_before_the_end() {
        let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let waits = {
            let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
            get(async move || {
                asked.notify_one();
                go.notified().await;
                "late"
            })
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let app = Router::new().route("/", waits);
        let talk = async {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(REQUEST).await.unwrap();
            asked.notified().await;
            stop.cancel();
            go.notify_one();
            rest(&mut stream).await
        };
        let (answer, ()) = tokio::join!(talk, serve(listener, app, LIMITS, stop.clone()));
        assert!(answer.ends_with("late"), "{answer}");
    }

    #[tokio::test]
    async fn a_request_under_way_in_a_new_connection_is_answered_at_the_end() {
        let limits = Limits { first_request: Duration::from_secs(30), ..LIMITS };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let talk = async {
            let mut fresh = TcpStream::connect(at).await.unwrap();
            // They are taken in the order in which they come.
            let mut later = TcpStream::connect(at).await.unwrap();
            later.write_all(REQUEST).await.unwrap();
            let mut byte = [0];
            later.read_exact(&mut byte).await.unwrap();
            stop.cancel();
            assert!(rest(&mut later).await.ends_with("hello"), "it has ended by itself");
            fresh.write_all(REQUEST).await.unwrap();
            rest(&mut fresh).await
        };
        let (answer, ()) = tokio::join!(talk, serve(listener, hello(), limits, stop.clone()));
        assert!(answer.ends_with("hello"), "{answer}");
    }
}
