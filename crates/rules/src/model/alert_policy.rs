//! Who is told of a node, of what, and how patiently; and who gets its report.

use chrono::{NaiveDateTime, TimeDelta};

use crate::model::{id::Id, period::Frequency, quiet_window::QuietWindow};

/// Who is told when a node falls off track, and how patiently.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertPolicy {
    /// The status that opens an episode.
    pub on: AlertOn,
    /// Persons or channels told of everything.
    pub to: Vec<Id>,
    /// Persons or channels told when it lasts.
    pub escalate_to: Vec<Id>,
    /// Consecutive official evaluations before an episode opens.
    pub open_after: u32,
    /// Points above the red line's 40 that end an episode.
    pub recovery_margin: f64,
    /// Consecutive off-track periods after which it escalates; 0 never.
    pub escalate_after: u32,
    /// Working days without an acknowledgement after which it escalates; 0 waits for the periods.
    pub escalate_unacknowledged: u32,
    /// How long nobody may acknowledge it before it is told again; 0 never.
    pub remind_after: TimeDelta,
    /// Times of the week in which nothing is told.
    pub quiet: Vec<QuietWindow>,
}

/// Who gets a report of each period when it is official.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportPolicy {
    /// Persons or channels.
    pub to: Vec<Id>,
    /// How long the periods are.
    pub frequency: Frequency,
}

/// What opens an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertOn {
    /// Off track.
    OffTrack,
    /// At risk or worse.
    AtRisk,
    /// Off track, also by the pace of the running period (two in a row).
    Provisional,
    /// Off track, also by the forecast for the period's end.
    Forecast,
}

impl AlertPolicy {
    /// Whether a quiet window holds at a local wall-clock time.
    pub fn is_quiet(&self, at: NaiveDateTime) -> bool {
        self.quiet.iter().any(|window| window.holds(at))
    }
}

impl Default for AlertPolicy {
    fn default() -> Self {
        Self {
            on: AlertOn::OffTrack,
            to: Vec::new(),
            escalate_to: Vec::new(),
            open_after: 1,
            recovery_margin: 2.0,
            escalate_after: 2,
            escalate_unacknowledged: 3,
            remind_after: TimeDelta::days(7),
            quiet: Vec::new(),
        }
    }
}
