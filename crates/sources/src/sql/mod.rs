//! A SQL database as a source: read-only, with a server-side time limit and bound parameters.

pub mod comparison;
pub(crate) mod mysql;
mod number_columns;
pub mod parameters;
pub(crate) mod pool;
pub(crate) mod postgres;
mod power;
pub(crate) mod sqlite;

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use crate::{
    dates::period_format::DateFormats, figure_columns::FigureColumns, parameter::Parameter,
};

/// How to reach a SQL database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Which one.
    pub address: Address,
    /// How long one query may take, enforced by the server.
    pub timeout: Duration,
    /// Queries in flight at once.
    pub concurrent_max: u32,
    /// More rows than this are the wrong query.
    pub rows_max: usize,
}

/// Which database, by kind.
#[derive(Clone, Debug)]
pub enum Address {
    /// PostgreSQL.
    Postgres(Server),
    /// MySQL or MariaDB.
    MySql(Server),
    /// A SQLite file, opened read-only.
    Sqlite(PathBuf),
}

/// A database server and who we are there.
#[derive(Clone, Debug)]
pub struct Server {
    /// Host name, address, or a socket's folder (PostgreSQL).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database name.
    pub database: String,
    /// User name.
    pub user: String,
    /// Password, if it wants one.
    pub password: Option<SecretString>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// The authority whose certificates are trusted, beside the system's, in PEM.
    pub authority: Option<Vec<u8>>,
}

/// How a server reads the text of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlDialect {
    /// As PostgreSQL does.
    Standard,
    /// As SQLite does: a `$` quotes nothing, and a comment is not part of another.
    Sqlite,
    /// As MySQL and MariaDB do: `#` begins a comment, `--` only before a space, a backslash escapes.
    MySql,
}

/// How far a database connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Disable,
    /// If the server can; the default.
    Prefer,
    /// Always, any certificate.
    Require,
    /// Always, with a certificate of a known authority for that host.
    Verify,
}

/// One question to a database, with `:period_start` and friends as bound parameters. Columns by
/// name: `value`, or `numerator` and `denominator`; with `period` for a series; `observed_at` and
/// `target` if it likes. A single column is the value, whatever its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pieces: Vec<QueryPiece>,
    /// The columns of the figure, if they have other names.
    pub figure: Option<FigureColumns>,
    /// The formats of `period` and `observed_at`, where they are texts or numbers.
    pub formats: DateFormats,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum QueryPiece {
    Text(String),
    Parameter(Parameter),
}
