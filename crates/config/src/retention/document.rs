//! `retention:` as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// How long what no rule reads any more is kept: a span such as `26 months`, `400d` or `5y`, or
/// `never` removed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct RetentionDoc {
    /// Actuals: only `never`.
    pub(crate) actuals: Option<Loc<String>>,
    /// Raw readings that make an actual together, from the end of their period on; 26 months by
    /// default.
    pub(crate) readings: Option<Loc<String>>,
    /// Raw readings of levels, of which the newest is the actual; 35d by default.
    pub(crate) level_readings: Option<Loc<String>>,
    /// Revisions of actuals but for the first and the last two of each period; never by default.
    pub(crate) revisions: Option<Loc<String>>,
    /// Messages that are settled; 400d by default.
    pub(crate) deliveries: Option<Loc<String>>,
    /// Verdicts as they were but for the last of each month; 100d by default.
    pub(crate) verdicts: Option<Loc<String>>,
    /// Who did what; 10y by default.
    pub(crate) audit: Option<Loc<String>>,
    /// What happened to alerts that are long over; never by default.
    pub(crate) episode_events: Option<Loc<String>>,
    /// Counts of missed instants, by day; 2y by default.
    pub(crate) misses: Option<Loc<String>>,
}
