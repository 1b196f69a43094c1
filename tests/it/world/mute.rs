//! A server of anything that takes connections and never says a word.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::net::TcpListener;

/// A running server.
#[derive(Clone, Debug)]
pub(crate) struct Mute {
    address: SocketAddr,
    taken: Arc<AtomicUsize>,
}

impl Mute {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mute = Self { address: listener.local_addr().unwrap(), taken: Arc::default() };
        let taken = Arc::clone(&mute.taken);
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                taken.fetch_add(1, Ordering::Relaxed);
                open.push(stream);
            }
        });
        mute
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}
