//! CSV files and workbooks in a folder as a source: named columns, rows picked by period and by what
//! stands in them.

mod beneath;
pub mod cell_range;
pub(crate) mod folder;
pub(crate) mod number;
pub(crate) mod records;
mod sheet;
mod sheet_columns;
mod sheet_row;
pub mod workbook;

use std::{path::PathBuf, time::Duration};

use encoding_rs::Encoding;

use crate::{
    csv::workbook::part::WorkbookPart,
    dates::period_format::DateFormats,
    figure_columns::FigureColumns,
    rows::{condition::Condition, row_aggregate::RowAggregate},
    wording::Wording,
};

/// A folder of CSV files that are written alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Folder {
    /// Where files are.
    pub path: PathBuf,
    /// How they are written.
    pub dialect: CsvDialect,
    /// How long reading one may take.
    pub timeout: Duration,
    /// Files read at once.
    pub concurrent_max: usize,
    /// The largest file read, in bytes.
    pub file_bytes_max: usize,
    /// More rows than this for one question are the wrong question.
    pub rows_max: usize,
}

/// How a program writes CSV. A line names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvDialect {
    /// Of a file that does not say itself, by a byte order mark.
    pub encoding: &'static Encoding,
    /// Between fields.
    pub delimiter: u8,
    /// Before the fraction of a number: a point or a comma. Where it is not said, a point that is
    /// not mistakable for a separator of thousands.
    pub decimal: Option<char>,
    /// Between groups of three digits, if anything is.
    pub thousands: Option<char>,
}

/// One question to a folder: a file, and what of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// The file, below the folder.
    pub file: Wording,
    /// Of a workbook: which part of it.
    pub part: WorkbookPart,
    /// What is taken out of it.
    pub rows: Rows,
}

/// Columns of a sheet, and which of its rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns of the figure; none where rows are counted.
    pub figure: Option<FigureColumns>,
    /// The column of the period: a key, or a day or instant in it. Only rows of the periods asked
    /// for are read.
    pub period: Option<String>,
    /// The column of the instant at which a figure was true.
    pub observed_at: Option<String>,
    /// The column of the target.
    pub target: Option<String>,
    /// The formats of the columns that say when.
    pub formats: DateFormats,
    /// Only rows in which these columns hold these texts.
    pub holding: Vec<(String, String)>,
    /// Only rows in which these columns meet these conditions.
    pub conditions: Vec<(String, Condition)>,
    /// How rows become one figure, where each is none by itself.
    pub aggregate: Option<RowAggregate>,
    /// Lines before the header; where it is not said, the first line that names all columns is it.
    pub skip: Option<u32>,
    /// The table ends before the line that begins with this.
    pub until: Option<String>,
    /// Lines that begin with one of these are left out; with nothing, those whose first field is
    /// empty.
    pub ignore: Vec<String>,
    /// Texts that may stand before or after a number, such as `€` or `%`.
    pub strip: Vec<String>,
}
