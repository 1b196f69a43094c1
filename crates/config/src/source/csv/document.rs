//! CSV files as a source, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::reading::ReadingDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::{ScaleDoc, TextsDoc},
    },
};

/// A folder of CSV files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CsvDoc {
    /// The folder; relative to this file.
    pub(crate) folder: Loc<String>,
    /// Of files without a byte order mark, e.g. `windows-1252`; `utf-8` by default.
    pub(crate) encoding: Option<Loc<String>>,
    /// Between fields; `,` by default.
    pub(crate) delimiter: Option<Loc<String>>,
    /// Before the fraction of a number, `.` or `,`; `.` by default.
    pub(crate) decimal: Option<Loc<String>>,
    /// Between groups of three digits; nothing by default.
    pub(crate) thousands: Option<Loc<String>>,
    /// How long reading a file may take; 30s by default.
    pub(crate) timeout: Option<Loc<String>>,
    /// Files at once; 4 by default.
    pub(crate) max_concurrent: Option<Loc<u32>>,
    /// Bytes a file may have; 8388608 by default.
    pub(crate) max_bytes: Option<Loc<u64>>,
    /// Rows that may fit one question; 10000 by default.
    pub(crate) max_rows: Option<Loc<u32>>,
}

/// Rows of a CSV file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CsvSourceDoc {
    /// The connection's id.
    pub(crate) from: Loc<String>,
    /// What one answer is; `value` by default.
    pub(crate) reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is read again for; 3 by default.
    pub(crate) lookback: Option<Loc<u32>>,
    /// The file, below the folder; `{period_key}` and friends stand for the period.
    pub(crate) file: Loc<String>,
    /// Of a workbook (.xlsx, .ods): the sheet; the only one that can be seen by default.
    pub(crate) sheet: Option<Loc<String>>,
    /// Of a workbook: only these cells, e.g. `B4:D20`, or `B4:D` for all rows from the fourth on.
    pub(crate) range: Option<Loc<String>>,
    /// Of an Excel workbook: only this table, without its row of totals.
    pub(crate) table: Option<Loc<String>>,
    /// Only rows in which these columns hold these texts.
    pub(crate) rows: Option<Loc<Entries<String>>>,
    /// The column of the period; `period` for a series.
    pub(crate) period: Option<Loc<String>>,
    /// The column of the value; `value` by default.
    pub(crate) value: Option<Loc<String>>,
    /// The column of what is counted.
    pub(crate) numerator: Option<Loc<String>>,
    /// The column of how many there are.
    pub(crate) denominator: Option<Loc<String>>,
    /// The column of the instant at which it was true.
    pub(crate) observed_at: Option<Loc<String>>,
    /// The column of the target.
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
    /// Lines before the one that names the columns; by default that is the first which names all of them.
    pub(crate) skip: Option<Loc<u32>>,
    /// The table ends before the line that begins with this, e.g. `Total`.
    pub(crate) until: Option<Loc<String>>,
    /// Lines that begin with this are left out; with `""` those whose first field is empty.
    pub(crate) ignore: Option<Loc<TextsDoc>>,
    /// What stands before or after numbers, e.g. `€` or `%`, and is no part of them.
    pub(crate) strip: Option<Loc<TextsDoc>>,
    /// By what figures are multiplied, e.g. `1/100` for cents, `1/3600` for seconds in hours; not the parts of a ratio.
    pub(crate) scale: Option<Loc<ScaleDoc>>,
}
