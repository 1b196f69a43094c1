//! `calendar:` as its author writes it: zone, fiscal year and days off.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::{Entries, Loc};

/// Zone, fiscal year and days off.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CalendarDoc {
    /// An IANA zone, e.g. `Europe/Amsterdam`.
    pub(crate) timezone: Loc<String>,
    /// First month of the fiscal year, by name or number; January by default.
    pub(crate) fiscal_year_start: Option<Loc<MonthDoc>>,
    /// Whether a fiscal year is named by the calendar year it ends or starts in; `end` by default.
    pub(crate) fiscal_label: Option<Loc<FiscalLabelDoc>>,
    /// Days on which nobody works; Saturday and Sunday by default.
    pub(crate) weekend: Option<Loc<Vec<Loc<String>>>>,
    /// Single days off, e.g. `2026-05-05`.
    pub(crate) holidays: Option<Loc<Vec<Loc<String>>>>,
    /// Longer spans off, by name.
    pub(crate) closures: Option<Loc<Entries<ClosureDoc>>>,
}

/// How a fiscal year is named.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FiscalLabelDoc {
    /// By the calendar year it ends in.
    End,
    /// By the calendar year it starts in.
    Start,
}

/// A month by name or number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MonthDoc {
    /// 1 to 12.
    #[schemars(untagged)]
    #[serde(rename = "<number>")]
    Number(u32),
    /// `april`
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
}

/// A span off.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ClosureDoc {
    /// First day.
    pub(crate) from: Loc<String>,
    /// Last day.
    pub(crate) to: Loc<String>,
    /// Whether a period that lies wholly within it counts nowhere; no by default.
    pub(crate) not_applicable: Option<Loc<bool>>,
}
