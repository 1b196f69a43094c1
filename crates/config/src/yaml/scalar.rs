//! Small choices that occur in many places: a number or a percentage, a secret or where it is kept.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// `3` in the KPI's unit, or `10%`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AmountDoc {
    /// In the KPI's unit.
    #[schemars(untagged)]
    #[serde(rename = "<number>")]
    Number(f64),
    /// A percentage such as `10%`.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
}

/// A secret, or where it is kept.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretDoc {
    /// An environment variable.
    Env(String),
    /// A file that holds nothing else.
    File(String),
    /// A credential of the systemd unit.
    Credential(String),
    /// The secret itself: anybody who reads the file has it.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
}

/// A header or field that is sent: a text, or where a secret is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldDoc {
    /// An environment variable that holds it.
    Env(String),
    /// A file that holds nothing else.
    File(String),
    /// A credential of the systemd unit.
    Credential(String),
    /// The text itself.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
}

impl FieldDoc {
    /// The secret, where it is none that is written here.
    pub(crate) fn secret(&self) -> Option<SecretDoc> {
        match self {
            Self::Text(_) => None,
            Self::Env(name) => Some(SecretDoc::Env(name.clone())),
            Self::File(path) => Some(SecretDoc::File(path.clone())),
            Self::Credential(name) => Some(SecretDoc::Credential(name.clone())),
        }
    }
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
pub(crate) enum ScheduleDoc {
    /// An interval, e.g. `15m`.
    Every(Loc<String>),
    /// Five fields in the calendar's zone, e.g. `0 6 * * *`.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
}

/// A number such as `100`, or a fraction such as `1/100`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScaleDoc {
    /// A number.
    #[schemars(untagged)]
    #[serde(rename = "<number>")]
    Number(f64),
    /// A fraction.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
}

/// One text, or a list of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TextsDoc {
    /// One text.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// Several.
    #[schemars(untagged)]
    #[serde(rename = "<list>")]
    List(Vec<Loc<String>>),
}

/// One id, or a list of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdsDoc {
    /// One id.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// Several.
    #[schemars(untagged)]
    #[serde(rename = "<list>")]
    List(Vec<Loc<String>>),
}
