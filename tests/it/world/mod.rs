//! Real peers that live as long as a test: databases, a mail server, HTTP receivers and origins, and
//! the built binary. All on 127.0.0.1, on free ports, in temporary folders.
//!
//! A database cluster is shared by the tests of one process that hold it at the same time, and
//! stopped with the last of them; so it is one a run with `cargo test`, one a test with nextest.

pub(crate) mod browser;
pub(crate) mod dice;
pub(crate) mod kpid;
pub(crate) mod ledger;
pub(crate) mod login_provider;
pub(crate) mod mariadb;
pub(crate) mod mute;
pub(crate) mod origin;
pub(crate) mod pooler;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod scripted;
pub(crate) mod smtp;
pub(crate) mod statements;
pub(crate) mod tls;
pub(crate) mod town;
pub(crate) mod webhook;

use std::{
    fmt::Debug,
    net::TcpListener,
    time::{Duration, Instant},
};

/// A state that does not come within this will never come.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

/// How often a state that cannot announce itself is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until the state is as wanted and returns it; panics with the last one seen.
pub(crate) async fn until<T: Debug>(
    what: &str,
    mut look: impl AsyncFnMut() -> T,
    mut is_wanted: impl FnMut(&T) -> bool,
) -> T {
    let began = Instant::now();
    let mut pause = tokio::time::interval(LOOK_EVERY);
    loop {
        pause.tick().await;
        let seen = look().await;
        if is_wanted(&seen) {
            return seen;
        }
        assert!(began.elapsed() < WITHIN, "{what} did not come within {WITHIN:?}; seen: {seen:#?}");
    }
}

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
