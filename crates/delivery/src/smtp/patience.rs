//! How long is waited for a mail server: as RFC 5321 says in 4.5.3.2. Whoever gives up earlier sends a
//! mail again that the server has taken and is still looking through.

use std::time::Duration;

/// A minute.
const MINUTE: Duration = Duration::from_secs(60);

/// How long each step of a conversation may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// TCP; the RFC says nothing of it.
    pub(crate) connect: Duration,
    /// Connecting, the greeting and the answer to EHLO.
    pub(crate) hello: Duration,
    /// The answer to MAIL and RCPT, and the steps of encryption and login.
    pub(crate) command: Duration,
    /// The answer to DATA.
    pub(crate) data: Duration,
    /// The mail, three minutes, and the answer to it, ten.
    pub(crate) mail: Duration,
    /// The first answer on a connection that was idle: what has gone away in silence would be waited
    /// for as long as what is slow, and a new connection is at hand.
    pub(crate) kept: Duration,
    /// The whole of a probe: a person waits for it.
    pub(crate) probe: Duration,
}

impl Patience {
    /// As the RFC says.
    pub(crate) const OF_RFC: Self = Self {
        connect: Duration::from_secs(30),
        hello: MINUTE.saturating_mul(5),
        command: MINUTE.saturating_mul(5),
        data: MINUTE.saturating_mul(2),
        mail: MINUTE.saturating_mul(13),
        kept: Duration::from_secs(10),
        probe: MINUTE,
    };
}
