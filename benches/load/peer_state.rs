//! What a peer has seen, and what it is ordered to answer.

use std::{
    collections::HashSet,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// On track, for the target and tolerance of `portfolio`.
const GOOD: f64 = 97.0;

/// Off track.
const BAD: f64 = 60.0;

/// What a peer has seen, and when, in microseconds since 1970.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Figures that were asked for.
    pub(crate) asked: u64,
    /// Different figures among them.
    pub(crate) distinct: usize,
    /// When the newest of them was asked for the first time.
    pub(crate) newest_at: u64,
    /// When a figure that the last order made fall was first answered off track.
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
pub(crate) struct PeerState {
    pub(crate) seen: Seen,
    pub(crate) orders: Orders,
    all_fallen: bool,
    /// The last order to fall.
    falling: Option<Fall>,
    fallen: HashSet<usize>,
    known: Vec<bool>,
    deliveries: HashSet<String>,
}

/// Microseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

impl PeerState {
    pub(crate) fn figure(&mut self, at: usize) -> f64 {
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
            // One that has fallen before says nothing of the one that falls now, which may have been
            // answered in this round before it was ordered to.
            let is_falling = match self.falling {
                Some(Fall::One(falling)) => falling == at,
                Some(Fall::All) | None => true,
            };
            if is_falling {
                self.seen.fell_at.get_or_insert(now);
            }
            return BAD;
        }
        if self.orders.changing { GOOD + (now / 1_000_000 % 20) as f64 / 10.0 } else { GOOD }
    }

    pub(crate) fn obey(&mut self, orders: Orders) {
        if let Some(fall) = orders.fall {
            self.seen.fell_at = None;
            self.falling = Some(fall);
            match fall {
                Fall::All => self.all_fallen = true,
                Fall::One(at) => drop(self.fallen.insert(at)),
            }
        }
        self.orders = orders;
    }

    pub(crate) fn webhook(&mut self, delivery: Option<String>) {
        if delivery.is_none_or(|id| self.deliveries.insert(id)) {
            self.seen.webhooks += 1;
            self.seen.webhook_at = now();
        }
    }
}
