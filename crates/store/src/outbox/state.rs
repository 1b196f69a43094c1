//! The state of a delivery: spelt, and read, here alone.

use std::fmt;

use anyhow::Context;
use serde::{Serialize, Serializer};

/// Where a delivery is on its way. Its words are in the store, in JSON and in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is due, now or at its next attempt.
    Pending,
    /// It waits for working hours.
    Held,
    /// It is kept for the summary.
    Batched,
    /// It was made.
    Delivered,
    /// It failed for good; a person can retry it.
    GivenUp,
    /// A person decided against it.
    Dropped,
    /// A summary told it.
    Summarised,
    /// It is never made: later news said it, or undid it.
    Overtaken,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Held,
        Self::Batched,
        Self::Delivered,
        Self::GivenUp,
        Self::Dropped,
        Self::Summarised,
        Self::Overtaken,
    ];

    /// The states of messages that nobody has got, and that somebody should or may still get.
    pub const UNSETTLED: [Self; 4] = [Self::Pending, Self::Held, Self::Batched, Self::GivenUp];

    /// As the store, JSON and metrics spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Batched => "batched",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
            Self::Summarised => "summarised",
            Self::Overtaken => "overtaken",
        }
    }

    /// As people read it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::GivenUp => "given up",
            other => other.word(),
        }
    }

    /// Whether another attempt is planned.
    pub fn is_tried(self) -> bool {
        matches!(self, Self::Pending | Self::Held)
    }

    pub(crate) fn parse(word: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.into_iter().find(|state| state.word() == word);
        found.with_context(|| {
            format!("the store has a delivery in the state `{word}`, which this kpid does not know")
        })
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for DeliveryState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
