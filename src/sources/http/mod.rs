//! An HTTP API as a source: ask for a document, take the figures out by JSONPath.

pub(super) mod client;
mod extract;
mod oauth;
mod pace;
mod pages;
pub mod template;

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde_json::Value;
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
    /// Requests a minute, if that is limited.
    pub per_minute_max: Option<u32>,
    /// Headers sent with every request.
    pub headers: HeaderMap,
    /// PEM of authorities trusted beside the system's.
    pub authority: Option<Vec<u8>>,
    /// PEM of our certificate and its key.
    pub identity: Option<SecretString>,
    /// A proxy to go through; otherwise as the environment says.
    pub proxy: Option<Url>,
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
    /// A key in a header of its own.
    Key {
        /// The header.
        header: HeaderName,
        /// The key.
        key: SecretString,
    },
    /// A token fetched with a client's credentials.
    OAuth2 {
        /// Where tokens are fetched.
        token_url: Url,
        /// The client's name.
        client_id: String,
        /// The client's secret.
        client_secret: SecretString,
        /// What it asks to be allowed.
        scope: Option<String>,
    },
}

/// One question to an HTTP API.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Path and query below the base URL.
    pub path: Template,
    /// What is sent along; a question without anything is a GET.
    pub sent: Sent,
    /// Headers beside the connection's.
    pub headers: Vec<(HeaderName, Wording)>,
    /// How further pages are found.
    pub pages: Option<Pages>,
    /// Where the figures are in the answer.
    pub extract: Extract,
}

impl Ask {
    /// Whether a parameter of the window stands in the path, the headers or the body.
    pub fn names_period(&self) -> bool {
        self.path.names_period()
            || self.headers.iter().any(|(_, words)| words.names_period())
            || match &self.sent {
                Sent::Get | Sent::Post => false,
                Sent::Form(fields) => fields.iter().any(|(_, words)| words.names_period()),
                Sent::Json(body) | Sent::GraphQl { variables: body, .. } => named_in(body),
            }
    }
}

fn named_in(value: &Value) -> bool {
    match value {
        Value::String(text) => Wording::parse(text).is_ok_and(|words| words.names_period()),
        Value::Array(list) => list.iter().any(named_in),
        Value::Object(map) => map.values().any(named_in),
        _ => false,
    }
}

/// What a request sends along.
#[derive(Clone, Debug)]
pub enum Sent {
    /// Nothing: a GET.
    Get,
    /// A POST of nothing.
    Post,
    /// A POST of JSON, in whose texts the window stands.
    Json(Value),
    /// A POST of a form.
    Form(Vec<(String, Wording)>),
    /// A POST of a GraphQL query, in whose variables the window stands.
    GraphQl {
        /// The query.
        query: String,
        /// Its variables.
        variables: Value,
    },
}

/// How the further pages of an answer are found.
#[derive(Clone, Debug)]
pub enum Pages {
    /// By the header `Link`.
    LinkHeader,
    /// By an address in the document.
    Next(JsonPath),
    /// By a query parameter that counts, from 1; a page without rows is the last.
    Number(String),
    /// By a query parameter that takes what the page before gave.
    Cursor {
        /// Where it is in the document.
        path: JsonPath,
        /// Which takes it.
        parameter: String,
    },
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
