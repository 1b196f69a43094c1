//! An HTTP API as a source: ask for a document, take the figures out of JSON, CSV or Prometheus.

mod absence;
pub(crate) mod client;
mod document;
mod envelope;
pub mod exposition;
mod extract;
mod failure;
pub mod matches;
mod oauth;
mod pages;
mod parts;
pub(crate) mod pinned;
pub mod promql;
mod rate;
mod redaction;
mod redirect;
mod required;
mod rows_at;
mod sent;
pub mod template;
pub(crate) mod transport;

use std::time::Duration;

use encoding_rs::Encoding;
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use secrecy::SecretString;
use serde_json::Value;
use serde_json_path::JsonPath;
use url::Url;

use crate::http::exposition::Selector;
use crate::{
    csv::{CsvDialect, Rows},
    dates::period_format::DateFormats,
    rows::{condition::Condition, row_aggregate::RowAggregate},
    wording::Wording,
};

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
    pub proxy: Option<Proxy>,
}

/// A proxy, and who we are there.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Where it is.
    pub url: Url,
    /// User and password, if it asks.
    pub login: Option<(String, SecretString)>,
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
pub struct HttpQuestion {
    /// What is asked. KPIs that ask the same share an answer.
    pub request: HttpRequest,
    /// Where the figures are in the answer.
    pub extract: Extract,
}

/// What is asked of an HTTP API, whoever reads the answer.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// By which method.
    pub method: Method,
    /// Path and query below the base URL.
    pub path: Template,
    /// What is sent along.
    pub sent: Sent,
    /// Headers beside the connection's.
    pub headers: Vec<(HeaderName, Field)>,
    /// The secrets that stand in its JSON, by where they are kept.
    pub secrets: Vec<Kept>,
    /// How further pages are found.
    pub pages: Option<Pages>,
    /// By what in its document the last page is known, beside how pages are found.
    pub last_page: Vec<(JsonPath, Condition)>,
    /// What must hold of an answer, by places of its document.
    pub require: Vec<(JsonPath, Condition)>,
    /// Answers with these statuses are read, too.
    pub statuses: Vec<u16>,
    /// What comes.
    pub format: Format,
    /// How its text is encoded, whatever the API says.
    pub encoding: Option<&'static Encoding>,
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// CSV as some program writes it.
    Csv(CsvDialect),
    /// The text of Prometheus, or OpenMetrics.
    Prometheus,
}

impl HttpRequest {
    /// What is asked, word by word.
    pub(crate) fn words(&self) -> String {
        format!("{self:?}")
    }

    /// Whether a parameter of the window stands in the path, the headers or the body.
    pub fn names_period(&self) -> bool {
        self.path.names_period()
            || self.headers.iter().any(|(_, field)| field.names_period())
            || match &self.sent {
                Sent::Nothing => false,
                Sent::Text { words, .. } => words.names_period(),
                // It is asked for an instant.
                Sent::PromQl(_) => true,
                Sent::Form(fields) => fields.iter().any(|(_, field)| field.names_period()),
                Sent::Json(body) | Sent::GraphQl { variables: body, .. } => named_in(body),
            }
    }

    /// The secrets that it sends.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Kept> {
        let fields: &[(String, Field)] = match &self.sent {
            Sent::Form(fields) => fields,
            _ => &[],
        };
        let headers = self.headers.iter().map(|(_, field)| field);
        let fields = headers.chain(fields.iter().map(|(_, field)| field));
        let in_fields = fields.filter_map(|field| match field {
            Field::Kept(kept) => Some(kept),
            Field::Words(_) => None,
        });
        self.secrets.iter().chain(in_fields)
    }

    /// Whether it may be asked again where nobody knows whether it was carried out (RFC 9110 §9.2.2):
    /// a GraphQL query changes nothing, whatever method carries it.
    pub(crate) fn is_repeatable(&self) -> bool {
        const REPEATABLE: [&str; 8] =
            ["GET", "OPTIONS", "PUT", "DELETE", "SEARCH", "QUERY", "PROPFIND", "REPORT"];
        match &self.sent {
            Sent::GraphQl { query, .. } if !query.contains("mutation") => true,
            _ => REPEATABLE.contains(&self.method.as_str()),
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

/// A secret that a request sends.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where it is kept, as its author writes it in JSON: it stands there, and in messages, in place
    /// of the secret.
    pub at: String,
    /// What is sent.
    pub secret: SecretString,
}

/// A header or a field of a form.
#[derive(Clone, Debug)]
pub enum Field {
    /// A text in which the window stands.
    Words(Wording),
    /// A secret.
    Kept(Kept),
}

impl Field {
    fn names_period(&self) -> bool {
        match self {
            Self::Words(words) => words.names_period(),
            Self::Kept(_) => false,
        }
    }
}

/// What a request sends along.
#[derive(Clone, Debug)]
pub enum Sent {
    /// Nothing.
    Nothing,
    /// JSON, in whose texts the window stands.
    Json(Value),
    /// A text.
    Text {
        /// What it says.
        words: Wording,
        /// What it is written in, if the author says so.
        media: Option<HeaderValue>,
    },
    /// A form.
    Form(Vec<(String, Field)>),
    /// A PromQL instant query in the address, at the end of the window, or now while it runs. `[$period]`
    /// in it is the span from the window's start to that instant.
    PromQl(String),
    /// A GraphQL query, in whose variables the window stands.
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
    /// By their number; a page without rows is the last.
    Number {
        /// What takes it.
        at: PagePlace,
        /// Of the first.
        from: u64,
    },
    /// By how many rows come before; a page without rows is the last, or one that is not full.
    Offset {
        /// What takes it.
        at: PagePlace,
        /// Of the first.
        from: u64,
        /// Rows of a full page; where it is not said, as many as came count.
        limit: Option<u64>,
    },
    /// By what the page before gave.
    Cursor {
        /// Where it is in the document.
        path: JsonPath,
        /// What takes it.
        at: PagePlace,
    },
}

/// What of a request says which page is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PagePlace {
    /// A query parameter.
    Parameter(String),
    /// A key of the JSON that is sent, or of the variables of GraphQL; points lead to inner ones.
    Variable(String),
}

/// A path and query in which `{period_key}`, `{period_start}`, `{period_end}`,
/// `{period_first_day}` and `{period_last_day}` stand for the window: a period key, instants such
/// as `2026-04-30T22:00:00Z`, and local days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    wording: Wording,
}

/// Where the figures are in a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Extract {
    /// One figure.
    One(Place),
    /// A figure for each of several periods, or one of many rows.
    Rows(Box<RowsAt>),
    /// The same, in lists that run side by side: periods in one, figures in another.
    Lists {
        /// Matches a period for each row.
        period: JsonPath,
        /// Matches as many figures.
        figure: Place,
        /// Of the period.
        formats: DateFormats,
    },
    /// Rows of CSV.
    Csv(Box<Rows>),
    /// A sample of Prometheus.
    Sample(Selector),
    /// Two of them, for the parts of a ratio.
    Samples {
        /// What is counted.
        numerator: Selector,
        /// How many there are.
        denominator: Selector,
    },
    /// What PromQL gave.
    PromQl,
}

/// Rows of a document, and what is taken of them.
#[derive(Clone, Debug, PartialEq)]
pub struct RowsAt {
    /// Matches a node for each row.
    pub rows: JsonPath,
    /// The period of a row; none where all are of the one asked for.
    pub period: Option<PeriodPlace>,
    /// From a row, which is its `$`; none where rows are counted.
    pub figure: Option<Place>,
    /// Of the period.
    pub formats: DateFormats,
    /// Only rows that meet these conditions, by paths from the row.
    pub conditions: Vec<(JsonPath, Condition)>,
    /// How rows become one figure, where each is none by itself.
    pub aggregate: Option<RowAggregate>,
}

/// Where the period of a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeriodPlace {
    /// From a row, which is its `$`.
    Path(JsonPath),
    /// The key by which the row stands in its object.
    Key,
}

/// Where one figure is.
#[derive(Clone, Debug, PartialEq, Eq)]
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
