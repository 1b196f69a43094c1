//! CSV files as a source, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::document::ReadingDoc,
    yaml::located::{Entries, Loc},
};

/// A folder of CSV files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct CsvDoc {
    /// The folder; relative to this file.
    pub folder: Loc<String>,
    /// Of files without a byte order mark, e.g. `windows-1252`; `utf-8` by default.
    pub encoding: Option<Loc<String>>,
    /// Between fields; `,` by default.
    pub delimiter: Option<Loc<String>>,
    /// Before the fraction of a number, `.` or `,`; `.` by default.
    pub decimal: Option<Loc<String>>,
    /// Between groups of three digits; nothing by default.
    pub thousands: Option<Loc<String>>,
    /// How long reading a file may take; 30s by default.
    pub timeout: Option<Loc<String>>,
    /// Files at once; 4 by default.
    pub max_concurrent: Option<Loc<u32>>,
    /// Bytes a file may have; 8388608 by default.
    pub max_bytes: Option<Loc<u64>>,
    /// Rows that may fit one question; 10000 by default.
    pub max_rows: Option<Loc<u32>>,
}

/// Rows of a CSV file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct CsvSourceDoc {
    /// The connection's id.
    pub from: Loc<String>,
    /// What one answer is; `value` by default.
    pub reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is read again for; 3 by default.
    pub lookback: Option<Loc<u32>>,
    /// The file, below the folder; `{period_key}` and friends stand for the period.
    pub file: Loc<String>,
    /// Only rows in which these columns hold these texts.
    pub rows: Option<Loc<Entries<String>>>,
    /// The column of the period; `period` for a series.
    pub period: Option<Loc<String>>,
    /// The column of the value; `value` by default.
    pub value: Option<Loc<String>>,
    /// The column of what is counted.
    pub numerator: Option<Loc<String>>,
    /// The column of how many there are.
    pub denominator: Option<Loc<String>>,
    /// The column of the instant at which it was true.
    pub observed_at: Option<Loc<String>>,
    /// The column of the target.
    pub target: Option<Loc<String>>,
}
