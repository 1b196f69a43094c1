//! `connections:` as its author writes it: the systems that hold actuals.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::{
    command::document::CommandDoc,
    csv::document::CsvDoc,
    http::connection::document::HttpDoc,
    push::document::PushDoc,
    sql::document::{ServerDoc, SqliteDoc},
};

/// A system that holds actuals.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConnectionDoc {
    /// A PostgreSQL database.
    Postgres(ServerDoc),
    /// A MySQL or MariaDB database.
    Mysql(ServerDoc),
    /// A SQLite file.
    Sqlite(SqliteDoc),
    /// An HTTP API.
    Http(Box<HttpDoc>),
    /// A folder of CSV files.
    Csv(CsvDoc),
    /// Programs of your own.
    Command(CommandDoc),
    /// A system that pushes its figures.
    Push(PushDoc),
}
