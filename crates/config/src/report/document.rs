//! `report:` of a scorecard, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    kpi::frequency::FrequencyDoc,
    yaml::{located::Loc, scalar::IdsDoc},
};

/// A report of each period, when everything of it is in or its time is up.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ReportDoc {
    /// Persons (notified by mail) or channels; the scorecard's owner by default.
    pub(crate) to: Option<Loc<IdsDoc>>,
    /// How long the periods are that are reported; by default months, or if all KPIs have longer
    /// periods the shortest of those.
    pub(crate) period: Option<Loc<FrequencyDoc>>,
}
