//! An HTTP API as a source: GET a document, take the figures out by JSONPath.

pub(super) mod client;
mod extract;
pub mod template;

use std::time::Duration;

use secrecy::SecretString;
use serde_json_path::JsonPath;
use url::Url;

use crate::sources::wording::Wording;

/// How to reach an HTTP API.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Requests are relative to it.
    pub base_url: Url,
    /// How it knows us.
    pub auth: Auth,
    /// How long one fetch may take, connecting included.
    pub timeout: Duration,
    /// The largest body read, after decompression, in bytes.
    pub body_bytes_max: usize,
    /// Requests in flight at once.
    pub concurrent_max: usize,
}

/// How an HTTP API knows us.
#[derive(Clone, Debug)]
pub enum Auth {
    /// It does not.
    None,
    /// `Authorization: Bearer …`
    Bearer(SecretString),
    /// `Authorization: Basic …`
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: SecretString,
    },
}

/// One question to an HTTP API.
#[derive(Clone, Debug)]
pub struct Get {
    /// Path and query below the base URL.
    pub path: Template,
    /// Where the figures are in the answer.
    pub extract: Extract,
}

/// A path and query in which `{period_key}`, `{period_start}`, `{period_end}`,
/// `{period_first_day}` and `{period_last_day}` stand for the window: a period key, instants such
/// as `2026-04-30T22:00:00Z`, and local days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    wording: Wording,
}

/// Where the figures are in a JSON document.
#[derive(Clone, Debug)]
pub enum Extract {
    /// One figure.
    One(Place),
    /// A figure for each of several periods.
    Series {
        /// Matches a node for each row.
        rows: JsonPath,
        /// From a row, which is its `$`: a period key.
        period: JsonPath,
        /// From a row, which is its `$`.
        figure: Place,
    },
}

/// Where one figure is.
#[derive(Clone, Debug)]
pub enum Place {
    /// One value.
    Value(JsonPath),
    /// A ratio's two parts.
    Ratio {
        /// Of what is counted.
        numerator: JsonPath,
        /// Of how many there are.
        denominator: JsonPath,
    },
}
