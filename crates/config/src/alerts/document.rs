//! `alerts:` as its author writes it: in which hours mail leaves, and how much of it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// When people are mailed about performance, and how often. Webhooks are called at once, always.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct AlertsDoc {
    /// The hours in which mail leaves; what is written outside of them waits. At any hour by default.
    pub(crate) hours: Option<Loc<HoursDoc>>,
    /// How many such mails a person gets on a day, the rest in a summary; any number by default, and with 0.
    pub(crate) mails_per_day: Option<Loc<u32>>,
}

/// Hours of the calendar's zone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct HoursDoc {
    /// `working` (default): the calendar's working days; or days of the week, e.g. `[monday, friday]`.
    pub(crate) days: Option<Loc<HoursOnDoc>>,
    /// When they begin; `07:00` by default.
    pub(crate) from: Option<Loc<String>>,
    /// When they end, on the next day if that is earlier; `19:00` by default.
    pub(crate) to: Option<Loc<String>>,
}

/// The days that have hours.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HoursOnDoc {
    /// `working`: no weekend, holiday or closure.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// Days of the week.
    #[schemars(untagged)]
    #[serde(rename = "<list>")]
    List(Vec<Loc<String>>),
}
