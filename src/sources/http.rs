//! An HTTP API as a source: GET a document, take the figures out by JSONPath.

use std::time::Duration;

use secrecy::SecretString;
use serde_json_path::JsonPath;
use url::Url;

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
    /// Path and query below the base URL; `{period_key}` and friends stand for the window.
    pub path: String,
    /// Where the figures are in the answer.
    pub extract: Extract,
}

/// Where the figures are in a JSON document.
#[derive(Clone, Debug)]
pub enum Extract {
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
