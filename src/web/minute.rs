//! How often something may be asked: by the minute.

use std::{collections::HashMap, net::IpAddr, sync::Mutex};

use chrono::{DateTime, Utc};

use crate::web::peer::network;

/// What one person or token changes in a minute: more than anybody does by hand, and few enough that the
/// engine does not notice.
pub(super) const CHANGES_PER_MINUTE_MAX: u32 = 30;

/// Requests of logins and of their ends that one address makes in a minute: an office behind one address comes
/// to work and opens its tabs of yesterday, and nobody keeps the provider busy by way of us.
pub(super) const LOGINS_PER_MINUTE_MAX: u32 = 120;

/// Forms behind links in mails that one address sends in a minute.
pub(super) const LINKS_PER_MINUTE_MAX: u32 = 60;

/// Addresses that are told apart; more share one count until the minute is over.
const ADDRESSES_MAX: usize = 4_096;

/// A minute, and the requests in it.
#[derive(Debug, Default)]
pub(super) struct Minute {
    number: i64,
    requests: u32,
}

/// What each person and each token has changed this minute. There are as many as the configuration names.
#[derive(Debug, Default)]
pub struct ChangesByActor(Mutex<HashMap<String, Minute>>);

/// What each address has asked this minute.
#[derive(Debug)]
pub struct RequestsByAddress {
    per_minute_max: u32,
    minutes: Mutex<HashMap<Option<IpAddr>, Minute>>,
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

impl ChangesByActor {
    /// Counts a change of somebody's; says how many seconds to wait where there were too many.
    pub(super) fn count(&self, actor: &str, now: DateTime<Utc>) -> Result<(), u64> {
        // Whoever panicked with it left no count that is wrong.
        let mut minutes = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let minute = minutes.entry(actor.to_owned()).or_default();
        minute.count(CHANGES_PER_MINUTE_MAX, now)
    }
}

impl RequestsByAddress {
    /// Nothing has been asked yet.
    fn new(per_minute_max: u32) -> Self {
        Self { per_minute_max, minutes: Mutex::default() }
    }

    /// Of logins.
    pub fn of_logins() -> Self {
        Self::new(LOGINS_PER_MINUTE_MAX)
    }

    /// Of links in mails.
    pub fn of_links() -> Self {
        Self::new(LINKS_PER_MINUTE_MAX)
    }

    /// Counts a request of an address; says how many seconds to wait where there were too many.
    pub(super) fn count(&self, address: IpAddr, now: DateTime<Utc>) -> Result<(), u64> {
        // Whoever panicked with it left no count that is wrong.
        let mut minutes = self.minutes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if minutes.len() >= ADDRESSES_MAX {
            let number = now.timestamp().div_euclid(60);
            minutes.retain(|_, minute| minute.number == number);
        }
        let network = Some(network(address));
        let is_told_apart = minutes.len() < ADDRESSES_MAX || minutes.contains_key(&network);
        let minute = minutes.entry(network.filter(|_| is_told_apart)).or_default();
        minute.count(self.per_minute_max, now)
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

    #[test]
    fn nobody_takes_what_others_may_change() {
        let changes = ChangesByActor::default();
        let now = "2026-06-03T06:00:05Z".parse().unwrap();
        for _ in 0..CHANGES_PER_MINUTE_MAX {
            assert_eq!(changes.count("ines", now), Ok(()));
        }
        assert_eq!(changes.count("ines", now), Err(55));
        assert_eq!(changes.count("tom", now), Ok(()));
    }

    #[test]
    fn an_address_takes_no_turn_of_others_and_no_more_memory_than_there_is_for_all() {
        let requests = RequestsByAddress::new(2);
        let now = "2026-06-03T06:00:05Z".parse().unwrap();
        let of = |number: u32| IpAddr::from(std::net::Ipv4Addr::from_bits(number));
        assert_eq!(requests.count(of(1), now), Ok(()));
        assert_eq!(requests.count(of(1), now), Ok(()));
        assert_eq!(requests.count(of(1), now), Err(55));
        assert_eq!(requests.count(of(2), now), Ok(()));
        for number in 3..10_000 {
            let _ = requests.count(of(number), now);
        }
        assert!(requests.minutes.lock().unwrap().len() <= ADDRESSES_MAX + 1);
        assert_eq!(requests.count(of(10_001), now), Err(55), "the others share a count");
        assert_eq!(requests.count(of(1), now), Err(55));
        let later = "2026-06-03T06:01:00Z".parse().unwrap();
        assert_eq!(requests.count(of(10_002), later), Ok(()));
    }
}
