//! Databases: the connection, and the source of a KPI, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::reading::ReadingDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::{ScaleDoc, SecretDoc},
    },
};

/// A database server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ServerDoc {
    /// Name or address.
    pub(crate) host: Loc<String>,
    /// TCP port; the usual one by default.
    pub(crate) port: Option<Loc<u16>>,
    /// Database name.
    pub(crate) database: Loc<String>,
    /// User name; best one that may only read.
    pub(crate) user: Loc<String>,
    /// Password.
    pub(crate) password: Option<Loc<SecretDoc>>,
    /// `disable`, `prefer` (default), `require` or `verify`.
    pub(crate) tls: Option<Loc<TlsDoc>>,
    /// With `verify`, a PEM file of the authority to trust beside the system's; relative to this file.
    pub(crate) ca: Option<Loc<String>>,
    /// Queries that several KPIs read, by name.
    pub(crate) queries: Option<Loc<Entries<String>>>,
    /// How long a query may take; 30s by default.
    pub(crate) timeout: Option<Loc<String>>,
    /// Queries at once; 4 by default.
    pub(crate) max_concurrent: Option<Loc<u32>>,
    /// Rows a query may return; 10000 by default.
    pub(crate) max_rows: Option<Loc<u32>>,
}

/// How far a database connection is encrypted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TlsDoc {
    /// Never.
    Disable,
    /// If the server can.
    Prefer,
    /// Always, any certificate.
    Require,
    /// Always, with a certificate of a known authority.
    Verify,
}

/// A SQLite file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct SqliteDoc {
    /// The file; relative to this file. Opened read-only.
    pub(crate) path: Loc<String>,
    /// Queries that several KPIs read, by name.
    pub(crate) queries: Option<Loc<Entries<String>>>,
    /// How long a query may take; 30s by default.
    pub(crate) timeout: Option<Loc<String>>,
    /// Queries at once; 4 by default.
    pub(crate) max_concurrent: Option<Loc<u32>>,
    /// Rows a query may return; 10000 by default.
    pub(crate) max_rows: Option<Loc<u32>>,
}

/// A question to a database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct SqlSourceDoc {
    /// The connection's id.
    pub(crate) from: Loc<String>,
    /// What one answer is; `value` by default.
    pub(crate) reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is asked again for; 3 by default.
    pub(crate) lookback: Option<Loc<u32>>,
    /// SQL that returns `value`, or `numerator` and `denominator`; with `period` for a series.
    pub(crate) query: Option<Loc<String>>,
    /// Instead: the name of one of the connection's `queries`.
    pub(crate) named: Option<Loc<String>>,
    /// The column of the value, if it has another name.
    pub(crate) value: Option<Loc<String>>,
    /// The column of what is counted, if it has another name.
    pub(crate) numerator: Option<Loc<String>>,
    /// The column of how many there are, if it has another name.
    pub(crate) denominator: Option<Loc<String>>,
    /// The format of the period, by name (`epoch_seconds`) or pattern (`dd.mm.yyyy`, `%d.%m.%Y`); any that can mean only one thing by default.
    pub(crate) period_format: Option<Loc<String>>,
    /// The same of `observed_at`.
    pub(crate) observed_at_format: Option<Loc<String>>,
    /// By what figures are multiplied, e.g. `1/100` for cents, `1/3600` for seconds in hours; not the parts of a ratio.
    pub(crate) scale: Option<Loc<ScaleDoc>>,
}
