//! Questions to HTTP APIs, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::document::ReadingDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::FieldDoc,
    },
};

/// What is asked of an HTTP API, whoever reads the answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct RequestDoc {
    /// Path and query below the base URL; `{period_key}` and friends stand for the period.
    pub get: Option<Loc<String>>,
    /// Instead of `get`: the path and query to POST to.
    pub post: Option<Loc<String>>,
    /// Instead of `get`: the path and query to ask by another `method`.
    pub path: Option<Loc<String>>,
    /// Of a `path`: by which method it is asked, e.g. `SEARCH`, `PUT`, or `GET` with something sent along.
    pub method: Option<Loc<String>>,
    /// Instead of `get`: a query in PromQL, asked of Prometheus at the period's end, or now while it runs; `[$period]` is the span so far.
    pub promql: Option<Loc<String>>,
    /// Headers sent beside the connection's; `{period_key}` and friends stand for the period. A secret says where it is kept.
    pub headers: Option<Loc<Entries<FieldDoc>>>,
    /// JSON to send; in its texts `{period_key}` and friends stand for the period, and `{ env: NAME }` for a secret.
    pub json: Option<Loc<serde_json::Value>>,
    /// Fields of a form to send; `{period_key}` and friends stand for the period. A secret says where it is kept.
    pub form: Option<Loc<Entries<FieldDoc>>>,
    /// A GraphQL query to send, with `variables` in `json`.
    pub graphql: Option<Loc<String>>,
    /// A text to send; `{period_key}` and friends stand for the period, `{{` and `}}` for braces.
    pub body: Option<Loc<String>>,
    /// Of a `body`: what it is written in, e.g. `application/sql`; `text/plain; charset=utf-8` by default.
    pub content_type: Option<Loc<String>>,
    /// Of a series in JSON: how its further pages are found.
    pub pages: Option<Loc<PagesDoc>>,
    /// What comes: `json` (default), `csv` or `prometheus`.
    pub format: Option<Loc<FormatDoc>>,
    /// How its text is encoded, e.g. `windows-1252`; by default as the API says, or `utf-8`.
    pub encoding: Option<Loc<String>>,
    /// Of CSV: between fields; `,` by default.
    pub delimiter: Option<Loc<String>>,
    /// Of CSV: before the fraction of a number, `.` or `,`; `.` by default.
    pub decimal: Option<Loc<String>>,
    /// Of CSV: between groups of three digits; nothing by default.
    pub thousands: Option<Loc<String>>,
}

impl RequestDoc {
    /// Whether nothing of it is written.
    pub(crate) fn is_empty(&self) -> bool {
        let texts = [&self.get, &self.post, &self.path, &self.method, &self.promql];
        let sent = [&self.graphql, &self.body, &self.content_type, &self.encoding];
        let signs = [&self.delimiter, &self.decimal, &self.thousands];
        texts.into_iter().chain(sent).chain(signs).all(Option::is_none)
            && self.headers.is_none()
            && self.json.is_none()
            && self.form.is_none()
            && self.pages.is_none()
            && self.format.is_none()
    }
}

/// A question to an HTTP API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct HttpSourceDoc {
    /// The connection's id.
    pub from: Loc<String>,
    /// What one answer is; `value` by default.
    pub reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is asked again for; 3 by default.
    pub lookback: Option<Loc<u32>>,
    /// The name of one of the connection's `requests`, instead of `get`, `post`, `path` and all that belongs to them.
    pub named: Option<Loc<String>>,
    /// Path and query below the base URL; `{period_key}` and friends stand for the period.
    pub get: Option<Loc<String>>,
    /// Instead of `get`: the path and query to POST to.
    pub post: Option<Loc<String>>,
    /// Instead of `get`: the path and query to ask by another `method`.
    pub path: Option<Loc<String>>,
    /// Of a `path`: by which method it is asked, e.g. `SEARCH`, `PUT`, or `GET` with something sent along.
    pub method: Option<Loc<String>>,
    /// Instead of `get`: a query in PromQL, asked of Prometheus at the period's end, or now while it runs; `[$period]` is the span so far.
    pub promql: Option<Loc<String>>,
    /// Headers sent beside the connection's; `{period_key}` and friends stand for the period. A secret says where it is kept.
    pub headers: Option<Loc<Entries<FieldDoc>>>,
    /// JSON to send; in its texts `{period_key}` and friends stand for the period, and `{ env: NAME }` for a secret.
    pub json: Option<Loc<serde_json::Value>>,
    /// Fields of a form to send; `{period_key}` and friends stand for the period. A secret says where it is kept.
    pub form: Option<Loc<Entries<FieldDoc>>>,
    /// A GraphQL query to send, with `variables` in `json`.
    pub graphql: Option<Loc<String>>,
    /// A text to send; `{period_key}` and friends stand for the period, `{{` and `}}` for braces.
    pub body: Option<Loc<String>>,
    /// Of a `body`: what it is written in, e.g. `application/sql`; `text/plain; charset=utf-8` by default.
    pub content_type: Option<Loc<String>>,
    /// Of a series in JSON: how its further pages are found.
    pub pages: Option<Loc<PagesDoc>>,
    /// What comes: `json` (default), `csv` or `prometheus`.
    pub format: Option<Loc<FormatDoc>>,
    /// How its text is encoded, e.g. `windows-1252`; by default as the API says, or `utf-8`.
    pub encoding: Option<Loc<String>>,
    /// Of CSV: between fields; `,` by default.
    pub delimiter: Option<Loc<String>>,
    /// Of CSV: before the fraction of a number, `.` or `,`; `.` by default.
    pub decimal: Option<Loc<String>>,
    /// Of CSV: between groups of three digits; nothing by default.
    pub thousands: Option<Loc<String>>,
    /// Of a series in JSON: JSONPath to its rows. Of CSV: only rows in which these columns hold these texts.
    pub rows: Option<Loc<RowsDoc>>,
    /// Of a series in JSON: JSONPath, within a row, to its period key. Of CSV: the column of the period.
    pub period: Option<Loc<String>>,
    /// JSONPath to the value, of a series within a row; the column of CSV; the metric of Prometheus, with labels.
    pub value: Option<Loc<String>>,
    /// The same of what is counted.
    pub numerator: Option<Loc<String>>,
    /// The same of how many there are.
    pub denominator: Option<Loc<String>>,
    /// Of CSV: the column of the instant at which it was true.
    pub observed_at: Option<Loc<String>>,
    /// Of CSV: the column of the target.
    pub target: Option<Loc<String>>,
}

impl HttpSourceDoc {
    /// The part that says what is asked.
    pub(crate) fn request(&self) -> RequestDoc {
        RequestDoc {
            get: self.get.clone(),
            post: self.post.clone(),
            path: self.path.clone(),
            method: self.method.clone(),
            promql: self.promql.clone(),
            headers: self.headers.clone(),
            json: self.json.clone(),
            form: self.form.clone(),
            graphql: self.graphql.clone(),
            body: self.body.clone(),
            content_type: self.content_type.clone(),
            pages: self.pages.clone(),
            format: self.format.clone(),
            encoding: self.encoding.clone(),
            delimiter: self.delimiter.clone(),
            decimal: self.decimal.clone(),
            thousands: self.thousands.clone(),
        }
    }
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormatDoc {
    /// JSON.
    Json,
    /// CSV with names of columns in the first line.
    Csv,
    /// The text of Prometheus, or OpenMetrics.
    Prometheus,
}

/// Which rows are read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowsDoc {
    /// Of JSON: those at a JSONPath.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// Of CSV: those in which columns hold texts.
    #[schemars(untagged)]
    #[serde(rename = "<map>")]
    Map(Entries<String>),
}

/// How the further pages of an answer are found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PagesDoc {
    /// By the header `Link` with `rel="next"`.
    LinkHeader,
    /// JSONPath to the address of the next page, whole or below this one's.
    Next(Loc<String>),
    /// A query parameter counts them, from 1; a page without rows is the last.
    Number(Loc<String>),
    /// A query parameter takes what the page before gave.
    Cursor(CursorDoc),
}

/// A cursor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct CursorDoc {
    /// JSONPath to the cursor of the next page; null or missing on the last.
    pub path: Loc<String>,
    /// The query parameter that takes it.
    pub parameter: Loc<String>,
}
