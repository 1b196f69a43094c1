//! Where a KPI is collected, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::{
        command::document::CommandSourceDoc, csv::document::CsvSourceDoc,
        http::document::HttpSourceDoc, push::document::PushSourceDoc,
    },
    yaml::located::Loc,
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
    /// Figures that their system pushes.
    Push(PushSourceDoc),
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
