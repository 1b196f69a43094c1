//! What is known of each request that a connection is asked: how it fares, and whether it is left
//! alone by itself.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{circuit_breaker::Asker, circuit_guard::Guard, places::Pace, source::Request};

/// The requests of one connection. There are as many as its KPIs ask.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// By a hash of their words, which may be long. Were two ever alike, one would be thought as slow, or
    /// as dead, as the other.
    by_hash: Mutex<HashMap<u64, Arc<RequestRecord>>>,
    hasher: RandomState,
}

/// What is known of one.
#[derive(Debug)]
pub(crate) struct RequestRecord {
    number: usize,
    /// None where a person asks.
    pub(crate) guard: Option<Guard>,
    pub(crate) pace: Pace,
}

impl Requests {
    /// What is known of this one, and who asks by it.
    pub(crate) fn record(
        &self,
        request: &Request,
        connection: Option<&Guard>,
    ) -> (Arc<RequestRecord>, Asker) {
        let hash = self.hasher.hash_one(request.name());
        let mut by_hash = self.by_hash.lock().unwrap_or_else(PoisonError::into_inner);
        let number = by_hash.len();
        let record = by_hash.entry(hash).or_insert_with(|| {
            let guard = connection.map(Guard::of_request);
            Arc::new(RequestRecord { number, guard, pace: Pace::default() })
        });
        let record = Arc::clone(record);
        let asker = Asker { request: record.number, requests: by_hash.len() };
        (record, asker)
    }
}
