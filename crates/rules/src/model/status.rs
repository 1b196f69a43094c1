//! The few words a verdict is made of.

use serde::{Deserialize, Serialize};

use crate::model::comparison::at_least;

/// On track from here on, at every level of the tree.
pub const GREEN_SCORE: f64 = 70.0;

/// At risk from here on.
pub const RED_SCORE: f64 = 40.0;

/// The verdict on any node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Green: on the green line or better.
    OnTrack,
    /// Amber: between the lines.
    AtRisk,
    /// Red: worse than the red line.
    OffTrack,
    /// Grey: something is due and not there.
    NoData,
    /// Hollow: nothing is due yet, or it is too early to say.
    Pending,
    /// For information only.
    NotScored,
}

impl Status {
    /// All of them, in the order in which they are counted.
    pub const BEST_FIRST: [Self; 6] =
        [Self::OnTrack, Self::AtRisk, Self::OffTrack, Self::NoData, Self::Pending, Self::NotScored];

    /// Where it stands when the worst comes first: what wants a person before what does not.
    pub fn severity(self) -> u8 {
        match self {
            Self::OffTrack => 0,
            Self::AtRisk => 1,
            Self::NoData => 2,
            Self::OnTrack => 3,
            Self::Pending => 4,
            Self::NotScored => 5,
        }
    }

    /// The name of the colour, beside which the word is always printed.
    pub fn tone(self) -> &'static str {
        match self {
            Self::OnTrack => "green",
            Self::AtRisk => "amber",
            Self::OffTrack => "red",
            Self::NoData | Self::Pending | Self::NotScored => "grey",
        }
    }

    /// The status's word, as in JSON and the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::OnTrack => "on_track",
            Self::AtRisk => "at_risk",
            Self::OffTrack => "off_track",
            Self::NoData => "no_data",
            Self::Pending => "pending",
            Self::NotScored => "not_scored",
        }
    }

    /// The status of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::BEST_FIRST.into_iter().find(|status| status.word() == word)
    }

    /// The words printed beside every colour.
    pub fn words(self) -> &'static str {
        match self {
            Self::OnTrack => "on track",
            Self::AtRisk => "at risk",
            Self::OffTrack => "off track",
            Self::NoData => "no data",
            Self::Pending => "pending",
            Self::NotScored => "not scored",
        }
    }
}

/// Where a KPI's newest due period stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataState {
    /// The period is still running.
    Open,
    /// The period has ended, its actual is not due yet.
    Awaiting,
    /// The actual is there.
    Received,
    /// The actual is due and not there.
    Overdue,
}

/// What decided a parent's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The weighted mean.
    Score,
    /// The mean was green, but a child is red.
    RedGuard,
    /// A critical child is red.
    Critical,
    /// The rule `worst_of`.
    WorstOf,
    /// The rule `best_of`.
    BestOf,
    /// The rule `majority`.
    Majority,
    /// The rule `count_red`.
    CountRed,
    /// The rule `priority`.
    Priority,
    /// A person set it.
    Manual,
}

/// Why a KPI has no verdict, or a lesser one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// Nothing has ever been collected.
    NeverCollected,
    /// The actual is due and not there.
    Overdue,
    /// The newest reading of a level is too old.
    Stale,
    /// The sample is smaller than `min_n`.
    Sample,
    /// No target holds for the period.
    NoTarget,
    /// The target is 0 and the tolerance a percentage of it.
    ZeroTarget,
    /// An input of a cumulative, shared or derived KPI is missing.
    MissingInput,
    /// A formula divided by zero, or left the range of numbers.
    Undefined,
    /// A ratio over several periods, of which not all came as numerator and denominator.
    NotCombinable,
    /// Nothing is due yet.
    NotDue,
    /// Too little of the running period has passed.
    TooEarly,
    /// The author excluded the period.
    NotApplicable,
    /// The KPI is followed from a later period on.
    NotBegun,
    /// The KPI was followed until an earlier period.
    Ended,
    /// The value is outside `sanity` and waits for a person.
    Quarantined,
    /// Overdue, and judged on an earlier actual because the author asked for that.
    CarriedForward,
}

impl Gap {
    /// Whether nothing is wanted of the period, or not yet.
    pub(crate) fn means_nothing_is_due(self) -> bool {
        matches!(
            self,
            Self::NotDue | Self::TooEarly | Self::NotApplicable | Self::NotBegun | Self::Ended
        )
    }

    /// The gap in words, to go after the KPI's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::NeverCollected => "nothing has been collected yet",
            Self::Overdue => "its actual is overdue",
            Self::Stale => "its newest reading is too old",
            Self::Sample => "the sample is too small to judge",
            Self::NoTarget => "no target is set for the period",
            Self::ZeroTarget => "its target is 0 and its tolerance a percentage of it",
            Self::MissingInput => "one of its inputs is missing",
            Self::Undefined => "it has no value: a division by zero",
            Self::NotCombinable => "percentages do not add up; they need numerator and denominator",
            Self::NotDue => "nothing is due yet",
            Self::TooEarly => "too early in the period to judge",
            Self::NotApplicable => "not applicable in this period",
            Self::NotBegun => "it begins with a later period",
            Self::Ended => "it ended with an earlier period",
            Self::Quarantined => "an implausible value waits for a person",
            Self::CarriedForward => "overdue, judged on an earlier actual",
        }
    }
}

/// How settled a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finality {
    /// Its period runs, or may still be reported otherwise until it is due.
    Provisional,
    /// As it was first reported.
    Final,
    /// Changed after it had been reported.
    Revised,
}

/// The status a score has by itself.
pub fn band(score: f64) -> Status {
    if at_least(score, GREEN_SCORE) {
        Status::OnTrack
    } else if at_least(score, RED_SCORE) {
        Status::AtRisk
    } else {
        Status::OffTrack
    }
}

/// The worse of two verdicts.
pub(crate) fn worse(a: Status, b: Status) -> Status {
    if badness(a) >= badness(b) { a } else { b }
}

/// Orders verdicts: green, amber, red; what is no verdict comes first.
pub(crate) fn badness(status: Status) -> u8 {
    match status {
        Status::NotScored | Status::Pending | Status::NoData => 0,
        Status::OnTrack => 1,
        Status::AtRisk => 2,
        Status::OffTrack => 3,
    }
}
