//! `alert:` as its author writes it: who is notified when a node falls off track, and when.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{located::Loc, scalar::IdsDoc};

/// Who is notified when a perspective falls off track, and how patiently.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct AlertDoc {
    /// Persons (notified by mail) or channels; the perspective's owner by default.
    pub(crate) to: Option<Loc<IdsDoc>>,
    /// Who is notified when it lasts.
    pub(crate) escalate_to: Option<Loc<IdsDoc>>,
    /// The status that opens an episode; `off_track` by default.
    pub(crate) on: Option<Loc<AlertOnDoc>>,
    /// Consecutive evaluations before an episode opens; 1 by default.
    pub(crate) open_after: Option<Loc<u32>>,
    /// Points above the red line's 40 that end an episode; 2 by default.
    pub(crate) recovery_margin: Option<Loc<f64>>,
    /// Consecutive off-track periods after which it escalates; 2 by default, 0 never.
    pub(crate) escalate_after: Option<Loc<u32>>,
    /// Working days without an acknowledgement after which it escalates; 3 by default, 0 never.
    pub(crate) escalate_unacknowledged: Option<Loc<u32>>,
    /// How long nobody may acknowledge it before a reminder; `7d` by default, `0s` never.
    pub(crate) remind_after: Option<Loc<String>>,
    /// Times of the week without messages; what they keep back is sent after them.
    pub(crate) quiet: Option<Loc<Vec<Loc<QuietDoc>>>>,
}

/// What opens an episode.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertOnDoc {
    /// Off track.
    OffTrack,
    /// At risk or worse.
    AtRisk,
    /// Also when the pace of the running period points off track, two days in a row.
    Provisional,
    /// Also when the forecast for the next period points off track, two days in a row.
    Forecast,
}

/// A time of the week without messages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct QuietDoc {
    /// The days on which it begins, e.g. `[saturday, sunday]`; every day by default.
    pub(crate) days: Option<Loc<Vec<Loc<String>>>>,
    /// When it begins, e.g. `19:00`; at midnight by default.
    pub(crate) from: Option<Loc<String>>,
    /// When it ends, on the next day if that is earlier, e.g. `07:00`; at midnight by default.
    pub(crate) to: Option<Loc<String>>,
}
