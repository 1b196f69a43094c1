//! When something is due, by key, the earliest first.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

/// One instant for each key.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    in_order: BTreeSet<(DateTime<Utc>, usize)>,
    of: HashMap<usize, DateTime<Utc>>,
}

impl Deadlines {
    /// Sets the instant of a key, which had another one or none.
    pub(super) fn set(&mut self, key: usize, at: DateTime<Utc>) {
        if let Some(before) = self.of.insert(key, at) {
            self.in_order.remove(&(before, key));
        }
        self.in_order.insert((at, key));
    }

    /// The keys whose instant has come. They have none until they get another one.
    pub(super) fn take_due(&mut self, now: DateTime<Utc>) -> Vec<usize> {
        let mut due = Vec::new();
        while let Some((at, key)) = self.in_order.first().copied()
            && at <= now
        {
            self.in_order.remove(&(at, key));
            self.of.remove(&key);
            due.push(key);
        }
        due
    }

    /// The next instant that comes.
    pub(super) fn first(&self) -> Option<DateTime<Utc>> {
        self.in_order.first().map(|(at, _)| *at)
    }
}
