//! The network between the daemon and the API: open, shut, or silent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// All goes through.
    Open,
    /// Whoever comes is sent away, and who is inside is cut off.
    Shut,
    /// Whoever comes is taken in and hears nothing.
    Silent,
}

/// A way to the API.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    passage: watch::Sender<Passage>,
    /// Since when it is as it is.
    since: Arc<Mutex<Instant>>,
}

impl Gate {
    /// Opens one before a peer.
    pub(crate) async fn before(peer: &str) -> Self {
        let peer = peer.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (passage, seen) = watch::channel(Passage::Open);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, peer, seen.clone()));
            }
        });
        Self { address, passage, since: Arc::new(Mutex::new(Instant::now())) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn set(&self, passage: Passage) {
        *self.since.lock().unwrap() = Instant::now();
        self.passage.send_replace(passage);
    }

    /// Since when it is open; none when it is not.
    pub(crate) fn open_since(&self) -> Option<Instant> {
        (*self.passage.borrow() == Passage::Open).then(|| *self.since.lock().unwrap())
    }
}

async fn pass(mut client: TcpStream, peer: SocketAddr, mut passage: watch::Receiver<Passage>) {
    let first = *passage.borrow_and_update();
    match first {
        Passage::Shut => return,
        // It is cut off when the gate opens again.
        Passage::Silent => return drop(passage.changed().await),
        Passage::Open => {}
    }
    let Ok(mut server) = TcpStream::connect(peer).await else { return };
    tokio::select! {
        // Whoever hangs up in the middle is none of our concern.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = passage.changed() => {}
    }
}
