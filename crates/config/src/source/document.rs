//! Where a KPI is collected, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::{
    command::document::CommandSourceDoc, csv::document::CsvSourceDoc,
    http::document::HttpSourceDoc, push::document::PushSourceDoc, sql::document::SqlSourceDoc,
};

/// Where a KPI is collected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceDoc {
    /// A question to a database.
    Sql(Box<SqlSourceDoc>),
    /// A question to an HTTP API.
    Http(Box<HttpSourceDoc>),
    /// Rows of a CSV file.
    Csv(Box<CsvSourceDoc>),
    /// A command that prints a number or JSON.
    Command(Box<CommandSourceDoc>),
    /// Figures that their system pushes.
    Push(Box<PushSourceDoc>),
}
