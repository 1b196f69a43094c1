//! Workbooks of spreadsheet programs: .xlsx and .ods.

mod archive;
mod excel;
mod excel_table;
mod grid_row;
mod open_document;
pub mod part;

use crate::{
    csv::{
        CsvDialect, Rows,
        number::NumberReader,
        sheet::SheetReader,
        workbook::{archive::WorkbookKind, part::WorkbookPart},
    },
    question::Question,
    table::Table,
};

/// What an archive begins with.
const ZIP: &[u8] = b"PK\x03\x04";

/// What a workbook of Excel before 2007 begins with, and one that is locked.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0";

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bytes_max: usize,
    pub(crate) rows_max: usize,
}

/// Whether these are the bytes of a workbook.
pub(crate) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP) || bytes.starts_with(COMPOUND)
}

/// The rows that are asked for, under the names by which tables are read.
pub(crate) fn table(
    bytes: &[u8],
    dialect: CsvDialect,
    limits: Limits,
    (part, rows): (&WorkbookPart, &Rows),
    question: &Question<'_>,
) -> Result<Table, String> {
    if bytes.starts_with(COMPOUND) {
        return Err(
            "is an Excel workbook of the old kind (.xls), or locked by a password; save it \
                    as .xlsx without one"
                .to_owned(),
        );
    }
    let (mut archive, kind) = archive::open(bytes, limits.bytes_max)?;
    // No sign parts the fields of a workbook, so that a text with a comma may be a number.
    let dialect = CsvDialect { delimiter: b';', ..dialect };
    let numbers = NumberReader { dialect, strip: &rows.strip };
    let mut sheet = SheetReader::new(rows, numbers, limits.rows_max, question);
    let take = |line, row: &_| sheet.take(line, row);
    match kind {
        WorkbookKind::Excel => excel::rows(bytes, &mut archive, part, take)?,
        WorkbookKind::OpenDocument => open_document::rows(bytes, &mut archive, part, take)?,
    }
    sheet.finish()
}
