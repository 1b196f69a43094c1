//! `digest:` as its author writes it: the regular mail to each person.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// A mail to each person about what changed in what is theirs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct DigestDoc {
    /// Five fields in the calendar's zone; `0 8 * * 1`, Mondays at 08:00, by default.
    pub(crate) schedule: Option<Loc<String>>,
    /// What is sent when nothing has changed: a `line` (default) or `nothing`.
    pub(crate) empty: Option<Loc<EmptyDigestDoc>>,
}

/// What is sent when nothing has changed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EmptyDigestDoc {
    /// A line that says so.
    Line,
    /// No mail.
    Nothing,
}
