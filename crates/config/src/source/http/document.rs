//! Questions to HTTP APIs, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::{
        http::request::document::{FormatDoc, PagesDoc, RequestDoc},
        reading::ReadingDoc,
    },
    yaml::{
        located::{Entries, Loc},
        scalar::{FieldDoc, ScaleDoc, TextsDoc},
    },
};

/// A question to an HTTP API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct HttpSourceDoc {
    /// The connection's id.
    pub(crate) from: Loc<String>,
    /// What one answer is; `value` by default.
    pub(crate) reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is asked again for; 3 by default.
    pub(crate) lookback: Option<Loc<u32>>,
    /// The name of one of the connection's `requests`, instead of `get`, `post`, `path` and all that belongs to them.
    pub(crate) named: Option<Loc<String>>,
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
    /// Of a series in JSON: JSONPath to its rows. Of CSV: only rows in which these columns hold these texts.
    pub(crate) rows: Option<Loc<RowsDoc>>,
    /// Of a series in JSON: JSONPath, within a row, to its period key. Of CSV: the column of the period.
    pub(crate) period: Option<Loc<String>>,
    /// JSONPath to the value, of a series within a row; the column of CSV; the metric of Prometheus, with labels.
    pub(crate) value: Option<Loc<String>>,
    /// The same of what is counted.
    pub(crate) numerator: Option<Loc<String>>,
    /// The same of how many there are.
    pub(crate) denominator: Option<Loc<String>>,
    /// Of CSV: the column of the instant at which it was true.
    pub(crate) observed_at: Option<Loc<String>>,
    /// Of CSV: the column of the target.
    pub(crate) target: Option<Loc<String>>,
    /// The format of the period, by name (`epoch_seconds`) or pattern (`dd.mm.yyyy`, `%d.%m.%Y`); any that can mean only one thing by default.
    pub(crate) period_format: Option<Loc<String>>,
    /// The same of `observed_at`.
    pub(crate) observed_at_format: Option<Loc<String>>,
    /// Only rows that meet these conditions, by column; by JSONPath within a row of JSON: `{ Status: paid, Total: { above: 0 } }`.
    #[serde(rename = "where")]
    pub(crate) conditions: Option<Loc<serde_json::Value>>,
    /// How the rows of a period become its figure: `count`, `distinct`, `sum`, `avg`, `min`, `max`, `median` or a percentile such as `p95`; by default each row is one.
    pub(crate) aggregate: Option<Loc<String>>,
    /// Of CSV: lines before the one that names the columns; by default that is the first which names all of them.
    pub(crate) skip: Option<Loc<u32>>,
    /// Of CSV: the table ends before the line that begins with this, e.g. `Total`.
    pub(crate) until: Option<Loc<String>>,
    /// Of CSV: lines that begin with this are left out; with `""` those whose first field is empty.
    pub(crate) ignore: Option<Loc<TextsDoc>>,
    /// Of CSV: what stands before or after numbers, e.g. `€` or `%`, and is no part of them.
    pub(crate) strip: Option<Loc<TextsDoc>>,
    /// By what figures are multiplied, e.g. `1/100` for cents, `1/3600` for seconds in hours; not the parts of a ratio.
    pub(crate) scale: Option<Loc<ScaleDoc>>,
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
            last_page: self.last_page.clone(),
            require: self.require.clone(),
            accept_status: self.accept_status.clone(),
            format: self.format.clone(),
            encoding: self.encoding.clone(),
            delimiter: self.delimiter.clone(),
            decimal: self.decimal.clone(),
            thousands: self.thousands.clone(),
        }
    }
}

/// Which rows are read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowsDoc {
    /// Of JSON: those at a JSONPath.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// Of CSV: those in which columns hold texts.
    #[schemars(untagged)]
    #[serde(rename = "<map>")]
    Map(Entries<String>),
}
