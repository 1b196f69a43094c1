//! What is known of each request that a connection is asked: how it fares, and whether it is left
//! alone by itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{circuit_breaker::Asker, circuit_guard::Guard, places::Pace, source::Request};

/// The requests of one connection, by their words. There are as many as its KPIs ask.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    by_words: Mutex<HashMap<String, Arc<RequestRecord>>>,
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
        let mut by_words = self.by_words.lock().unwrap_or_else(PoisonError::into_inner);
        let number = by_words.len();
        let record = by_words.entry(request.name()).or_insert_with(|| {
            let guard = connection.map(Guard::of_request);
            Arc::new(RequestRecord { number, guard, pace: Pace::default() })
        });
        let record = Arc::clone(record);
        let asker = Asker { request: record.number, requests: by_words.len() };
        (record, asker)
    }
}
