//! The episode machine: when a perspective's evaluations become news. It has memory so that a
//! colour needs none; it is pure, and its whole state is stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The alert state of one scope: where its present or last episode stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Counts the episodes that were told of; 0 before the first.
    pub number: u32,
    /// Where it stands.
    pub phase: Phase,
    /// When it opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// The evaluation it opened on.
    pub opened_period: Option<String>,
    /// When it ended.
    pub recovered_at: Option<DateTime<Utc>>,
    /// Whether somebody was told that it opened; nobody hears of the end of what they never heard of.
    pub told: bool,
    /// Whether it was escalated: once an episode.
    pub escalated: bool,
    /// Consecutive evaluations that would open, or keep open, an episode.
    pub bad_in_a_row: u32,
    /// The newest evaluation counted, so that looking twice does not count twice.
    pub last_evaluation: Option<String>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
}

/// Where an episode stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is wrong, or not long enough.
    #[default]
    Clear,
    /// Off track.
    Open,
}

/// What happened to an episode, and so what is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It fell off track.
    Opened,
    /// It lasts.
    Escalated,
    /// It is over.
    Recovered,
}

impl Episode {
    /// Whether the episode goes on.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }
}

impl Event {
    /// The event's word, as in JSON, scenarios and the outbox.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Recovered => "recovered",
        }
    }
}
