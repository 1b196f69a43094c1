//! Small choices that occur in many places: a number or a percentage, a secret or where it is kept.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// `3` in the KPI's unit, or `10%`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmountDoc {
    /// In the KPI's unit.
    #[schemars(untagged)]
    Number(f64),
    /// A percentage such as `10%`.
    #[schemars(untagged)]
    Text(String),
}

/// A secret, or where it is kept.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretDoc {
    /// An environment variable.
    Env(String),
    /// A file that holds nothing else.
    File(String),
    /// A credential of the systemd unit.
    Credential(String),
    /// The secret itself: anybody who reads the file has it.
    #[schemars(untagged)]
    Text(String),
}

impl std::fmt::Debug for SecretDoc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(…)"),
            Self::Env(name) => write!(f, "Env({name})"),
            Self::File(path) => write!(f, "File({path})"),
            Self::Credential(name) => write!(f, "Credential({name})"),
        }
    }
}

/// A cron expression, or an interval.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleDoc {
    /// An interval, e.g. `15m`.
    Every(Loc<String>),
    /// Five fields in the calendar's zone, e.g. `0 6 * * *`.
    #[schemars(untagged)]
    Text(String),
}

/// One id, or a list of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdsDoc {
    /// One id.
    #[schemars(untagged)]
    Text(String),
    /// Several.
    #[schemars(untagged)]
    List(Vec<Loc<String>>),
}

/// A month by name or number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MonthDoc {
    /// 1 to 12.
    #[schemars(untagged)]
    Number(u32),
    /// `april`
    #[schemars(untagged)]
    Text(String),
}
