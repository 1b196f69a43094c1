//! `period:`: how long the periods are that have one actual each.

use schemars::JsonSchema;
use serde::Deserialize;

use kpid_rules::model::Frequency;

/// How often there is an actual.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FrequencyDoc {
    /// Local days.
    Day,
    /// ISO weeks.
    Week,
    /// Months.
    Month,
    /// Fiscal quarters.
    Quarter,
    /// Fiscal halves.
    Half,
    /// Fiscal years.
    Year,
}

pub(crate) fn frequency(doc: FrequencyDoc) -> Frequency {
    match doc {
        FrequencyDoc::Day => Frequency::Day,
        FrequencyDoc::Week => Frequency::Week,
        FrequencyDoc::Month => Frequency::Month,
        FrequencyDoc::Quarter => Frequency::Quarter,
        FrequencyDoc::Half => Frequency::Half,
        FrequencyDoc::Year => Frequency::Year,
    }
}
