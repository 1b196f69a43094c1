//! What is asked of an HTTP API, as its author writes it, in `requests:` or in a source.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{
    located::{Entries, Loc},
    scalar::FieldDoc,
};

/// What is asked of an HTTP API, whoever reads the answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RequestDoc {
    /// Path and query below the base URL; `{period_key}` and friends stand for the period.
    pub(crate) get: Option<Loc<String>>,
    /// Instead of `get`: the path and query to POST to.
    pub(crate) post: Option<Loc<String>>,
    /// Instead of `get`: the path and query to ask by another `method`.
    pub(crate) path: Option<Loc<String>>,
    /// Of a `path`: by which method it is asked, e.g. `SEARCH`, `PUT`, or `GET` with something sent along.
    pub(crate) method: Option<Loc<String>>,
    /// Instead of `get`: a query in PromQL, asked of Prometheus at the period's end, or now while it runs; `[$period]` is the span so far.
    pub(crate) promql: Option<Loc<String>>,
    /// Headers sent beside the connection's; `{period_key}` and friends stand for the period. A secret says where it is kept.
    pub(crate) headers: Option<Loc<Entries<FieldDoc>>>,
    /// JSON to send; in its texts `{period_key}` and friends stand for the period, and `{ env: NAME }` for a secret.
    pub(crate) json: Option<Loc<serde_json::Value>>,
    /// Fields of a form to send; `{period_key}` and friends stand for the period. A secret says where it is kept.
    pub(crate) form: Option<Loc<Entries<FieldDoc>>>,
    /// A GraphQL query to send, with `variables` in `json`.
    pub(crate) graphql: Option<Loc<String>>,
    /// A text to send; `{period_key}` and friends stand for the period, `{{` and `}}` for braces.
    pub(crate) body: Option<Loc<String>>,
    /// Of a `body`: what it is written in, e.g. `application/sql`; `text/plain; charset=utf-8` by default.
    pub(crate) content_type: Option<Loc<String>>,
    /// Of a series in JSON: how its further pages are found.
    pub(crate) pages: Option<Loc<PagesDoc>>,
    /// By what in its document the last page is known, beside `pages`: `{ $.end_of_stream: true }`.
    pub(crate) last_page: Option<Loc<serde_json::Value>>,
    /// What must hold of an answer in JSON: `{ $.timed_out: false }`; one that does not meet it is an error.
    pub(crate) require: Option<Loc<serde_json::Value>>,
    /// Statuses with which an answer is read beside 200 to 299, e.g. `[404]`.
    pub(crate) accept_status: Option<Loc<Vec<Loc<u16>>>>,
    /// What comes: `json` (default), `csv` or `prometheus`.
    pub(crate) format: Option<Loc<FormatDoc>>,
    /// How its text is encoded, e.g. `windows-1252`; by default as the API says, or `utf-8`.
    pub(crate) encoding: Option<Loc<String>>,
    /// Of CSV: between fields; `,` by default.
    pub(crate) delimiter: Option<Loc<String>>,
    /// Of CSV: before the fraction of a number, `.` or `,`; `.` by default.
    pub(crate) decimal: Option<Loc<String>>,
    /// Of CSV: between groups of three digits; nothing by default.
    pub(crate) thousands: Option<Loc<String>>,
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
            && self.last_page.is_none()
            && self.require.is_none()
            && self.accept_status.is_none()
            && self.format.is_none()
    }
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FormatDoc {
    /// JSON.
    Json,
    /// CSV with names of columns in the first line.
    Csv,
    /// The text of Prometheus, or OpenMetrics.
    Prometheus,
}

/// How the further pages of an answer are found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PagesDoc {
    /// By the header `Link` with `rel="next"`.
    LinkHeader,
    /// JSONPath to the address of the next page, whole or below this one's.
    Next(Loc<String>),
    /// Their number: a query parameter that counts from 1, or more of it; a page without rows is the last.
    Number(Loc<NumberDoc>),
    /// How many rows come before; a page without rows is the last, or one with fewer than `limit`.
    Offset(OffsetDoc),
    /// What the page before gave.
    Cursor(CursorDoc),
}

/// How pages are counted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NumberDoc {
    /// A query parameter, from 1.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// Where the number goes, and where it begins.
    #[schemars(untagged)]
    #[serde(rename = "<map>")]
    Map(CounterDoc),
}

/// A number of pages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CounterDoc {
    /// The query parameter that takes it.
    pub(crate) parameter: Option<Loc<String>>,
    /// Instead: the key of `json` that takes it, e.g. `page` or `paging.page`.
    pub(crate) variable: Option<Loc<String>>,
    /// Of the first page; 1 by default.
    pub(crate) from: Option<Loc<u64>>,
}

/// An offset.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct OffsetDoc {
    /// The query parameter that takes it.
    pub(crate) parameter: Option<Loc<String>>,
    /// Instead: the key of `json` that takes it.
    pub(crate) variable: Option<Loc<String>>,
    /// Of the first page; 0 by default.
    pub(crate) from: Option<Loc<u64>>,
    /// Rows of a full page, as the request asks for; as many as came by default.
    pub(crate) limit: Option<Loc<u64>>,
}

/// A cursor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CursorDoc {
    /// JSONPath to the cursor of the next page; null or missing on the last.
    pub(crate) path: Loc<String>,
    /// The query parameter that takes it.
    pub(crate) parameter: Option<Loc<String>>,
    /// Instead: the key of `json` that takes it, also of the variables of GraphQL.
    pub(crate) variable: Option<Loc<String>>,
}
