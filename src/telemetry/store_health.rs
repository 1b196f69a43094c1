//! Whether what is decided can be kept, and what was kept can be read. It is remembered here alone, since a store that cannot be
//! written cannot keep that it cannot.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// What fails once and then goes is no trouble: a failed commit is tried again after 5 s.
const LASTS_AT_LEAST: TimeDelta = TimeDelta::seconds(10);

/// What cannot be kept, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorePart {
    /// What came for scorecards that are judged together, by their number.
    Family(usize),
    /// What belongs to no scorecard.
    Others,
    /// Pages that hold what was kept.
    Pages,
}

/// What could not be kept, and since when.
#[derive(Debug, Default)]
pub struct StoreHealth {
    failing: Mutex<HashMap<StorePart, StoreTrouble>>,
}

/// That something cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreTrouble {
    /// With what.
    pub part: StorePart,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The newest reason, in words.
    pub reason: String,
}

impl StoreHealth {
    /// A commit failed.
    pub fn fails(&self, part: StorePart, reason: &str, now: DateTime<Utc>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = failing.entry(part).or_insert_with(|| StoreTrouble {
            part,
            since: now,
            reason: String::new(),
        });
        reason.clone_into(&mut trouble.reason);
    }

    /// A commit was made.
    pub fn works(&self, part: StorePart) {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(&part);
    }

    /// Nothing of what could not be kept is tried again: another configuration has other families.
    pub fn forget_families(&self) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.retain(|part, _| *part == StorePart::Pages);
    }

    /// What cannot be kept for a while now, if anything: what has failed longest.
    pub fn trouble(&self, now: DateTime<Utc>) -> Option<StoreTrouble> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = failing.values().min_by_key(|trouble| trouble.since)?;
        (now - longest.since >= LASTS_AT_LEAST).then(|| longest.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_trouble_until_that_very_part_is_kept() {
        let at = |seconds: i64| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let health = StoreHealth::default();
        health.fails(StorePart::Family(1), "the disk is full", at(0));
        assert_eq!(health.trouble(at(9)), None, "once is no trouble");
        health.fails(StorePart::Family(1), "it is read-only", at(5));
        health.fails(StorePart::Others, "the disk is full", at(6));
        health.works(StorePart::Family(2));
        let trouble = StoreTrouble {
            part: StorePart::Family(1),
            since: at(0),
            reason: "it is read-only".to_owned(),
        };
        assert_eq!(health.trouble(at(10)), Some(trouble));
        health.works(StorePart::Family(1));
        assert_eq!(health.trouble(at(20)).map(|trouble| trouble.since), Some(at(6)));
        health.works(StorePart::Others);
        assert_eq!(health.trouble(at(20)), None);
    }
}
