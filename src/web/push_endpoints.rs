//! The endpoints that systems push to: whom a token lets in, and how often.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use kpid_rules::model::Id;
use kpid_sources::push::PushEndpoint;

/// Pushes under way at once: what their bodies take together is little.
const PUSHES_MAX: usize = 8;

/// The endpoints of all systems that push.
#[derive(Debug)]
pub struct PushEndpoints {
    endpoints: Vec<(Id, PushEndpoint, Mutex<Minute>)>,
    pub(super) under_way: Semaphore,
}

/// A minute, and the requests in it.
#[derive(Debug, Default)]
pub(super) struct Minute {
    number: i64,
    requests: u32,
}

impl PushEndpoints {
    /// Closed to everybody without a token.
    pub fn new<'d>(endpoints: impl Iterator<Item = (&'d Id, &'d PushEndpoint)>) -> Self {
        let endpoints =
            endpoints.map(|(id, endpoint)| (id.clone(), endpoint.clone(), Mutex::default()));
        Self { endpoints: endpoints.collect(), under_way: Semaphore::new(PUSHES_MAX) }
    }

    /// The endpoint that a token opens, and the token's name. Takes as long for a token that is nearly
    /// right as for any other.
    pub(super) fn of_token(
        &self,
        token: &str,
    ) -> Option<(&Id, &str, &PushEndpoint, &Mutex<Minute>)> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for (id, endpoint, minute) in &self.endpoints {
            for (name, held) in &endpoint.tokens {
                if bool::from(held.ct_eq(&hash)) {
                    found = Some((id, name.as_str(), endpoint, minute));
                }
            }
        }
        found
    }
}

impl Minute {
    /// Counts a request; says how many seconds to wait where there were too many.
    pub(super) fn count(&mut self, requests_max: u32, now: DateTime<Utc>) -> Result<(), u64> {
        let number = now.timestamp().div_euclid(60);
        if number != self.number {
            *self = Self { number, requests: 0 };
        }
        if self.requests >= requests_max {
            return Err(60 - now.timestamp().rem_euclid(60).unsigned_abs());
        }
        self.requests += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_requests_and_the_next_one_begins_anew() {
        let mut minute = Minute::default();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (early, late) = (at("2026-06-03T06:00:05Z"), at("2026-06-03T06:00:58Z"));
        assert_eq!(minute.count(2, early), Ok(()));
        assert_eq!(minute.count(2, early), Ok(()));
        assert_eq!(minute.count(2, early), Err(55));
        assert_eq!(minute.count(2, late), Err(2));
        assert_eq!(minute.count(2, at("2026-06-03T06:01:00Z")), Ok(()));
    }
}
