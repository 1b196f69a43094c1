//! Where a KPI is collected, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    command::CommandSourceDoc,
    csv::CsvSourceDoc,
    located::{Entries, Loc},
};

/// Where a KPI is collected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceDoc {
    /// A question to a database.
    Sql(Box<SqlSourceDoc>),
    /// A question to an HTTP API.
    Http(Box<HttpSourceDoc>),
    /// Rows of a CSV file.
    Csv(Box<CsvSourceDoc>),
    /// A command that prints a number or JSON.
    Command(Box<CommandSourceDoc>),
}

/// A question to a database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SqlSourceDoc {
    /// The connection's id.
    pub from: Loc<String>,
    /// What one answer is; `value` by default.
    pub reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is asked again for; 3 by default.
    pub lookback: Option<Loc<u32>>,
    /// SQL that returns `value`, or `numerator` and `denominator`; with `period` for a series.
    pub query: Option<Loc<String>>,
    /// Instead: the name of one of the connection's `queries`.
    pub named: Option<Loc<String>>,
    /// The column of the value, if it has another name.
    pub value: Option<Loc<String>>,
    /// The column of what is counted, if it has another name.
    pub numerator: Option<Loc<String>>,
    /// The column of how many there are, if it has another name.
    pub denominator: Option<Loc<String>>,
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
    /// Path and query below the base URL; `{period_key}` and friends stand for the period.
    pub get: Option<Loc<String>>,
    /// Instead of `get`: the path and query to POST to.
    pub post: Option<Loc<String>>,
    /// Headers sent beside the connection's; `{period_key}` and friends stand for the period.
    pub headers: Option<Loc<Entries<String>>>,
    /// Of a POST: JSON; in its texts `{period_key}` and friends stand for the period.
    pub json: Option<Loc<serde_json::Value>>,
    /// Of a POST: fields of a form.
    pub form: Option<Loc<Entries<String>>>,
    /// Of a POST: a GraphQL query, with `variables` in `json`.
    pub graphql: Option<Loc<String>>,
    /// Of a series: how its further pages are found.
    pub pages: Option<Loc<PagesDoc>>,
    /// Of a series: JSONPath to its rows.
    pub rows: Option<Loc<String>>,
    /// Of a series: JSONPath, within a row, to its period key.
    pub period: Option<Loc<String>>,
    /// JSONPath to the value; of a series, within a row.
    pub value: Option<Loc<String>>,
    /// JSONPath to what is counted.
    pub numerator: Option<Loc<String>>,
    /// JSONPath to how many there are.
    pub denominator: Option<Loc<String>>,
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

/// What one answer of a source is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingDoc {
    /// A sample of the present value.
    Value,
    /// A part; the parts of a period add up.
    Delta,
    /// Already cumulative in the period.
    ToDate,
    /// A meter that only rises.
    Counter,
    /// Rows of period and figure.
    Series,
}
