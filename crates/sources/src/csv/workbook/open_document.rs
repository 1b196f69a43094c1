//! An OpenDocument spreadsheet, row by row. It is read whole, so that its cells are counted before.

use std::io::{BufReader, Cursor};

use calamine::{Data, Ods, Range, Reader, SheetVisible};
use quick_xml::{
    Reader as XmlReader,
    events::{BytesStart, Event},
};

use crate::csv::workbook::{
    archive::Archive,
    grid_row::{GridRow, of_open_document, uncalculated},
    part::WorkbookPart,
};

/// More cells than these are not held at once.
const CELLS_MAX: u64 = 1_000_000;

/// Gives each row of the sheet, with its number, until `take` has enough.
pub(super) fn rows(
    bytes: &[u8],
    archive: &mut Archive<'_>,
    part: &WorkbookPart,
    mut take: impl FnMut(u64, &GridRow) -> Result<bool, String>,
) -> Result<(), String> {
    if part.table.is_some() {
        return Err(
            "is an OpenDocument spreadsheet, which has no tables; name a `range`".to_owned()
        );
    }
    check_cells(archive)?;
    let damaged = |_| "is a damaged or cut off spreadsheet; save it again".to_owned();
    let mut book: Ods<_> = Ods::new(Cursor::new(bytes)).map_err(|error| match error {
        calamine::OdsError::Password => {
            "is locked by a password, and is not read; save it without one".to_owned()
        }
        other => damaged(other),
    })?;
    let sheets = book.sheets_metadata().iter();
    let sheets: Vec<(String, bool)> =
        sheets.map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible)).collect();
    let name = part.sheet(&sheets)?;
    let cells = book.worksheet_range(&name).map_err(damaged)?;
    let formulas = book.worksheet_formula(&name).map_err(damaged)?;
    let (top, left) = cells.start().unwrap_or_default();
    for (row, values) in (top..).zip(cells.rows()) {
        if part.is_before(row) {
            continue;
        }
        if part.is_after(row) {
            break;
        }
        let mut found = GridRow::default();
        for (column, value) in (left..).zip(values) {
            if let Some(at) = part.column(column) {
                let is_formula = || has_formula(&formulas, row, column);
                let cell = match value {
                    Data::Empty if is_formula() => uncalculated(),
                    value => of_open_document(value),
                };
                found.put(at, cell);
            }
        }
        if !take(u64::from(row) + 1, &found)? {
            break;
        }
    }
    Ok(())
}

fn has_formula(formulas: &Range<String>, row: u32, column: u32) -> bool {
    formulas.get_value((row, column)).is_some_and(|formula| !formula.is_empty())
}

/// Counts the cells, repeated ones as often as they are, before they are held.
fn check_cells(archive: &mut Archive<'_>) -> Result<(), String> {
    let damaged = || "is a damaged or cut off spreadsheet; save it again".to_owned();
    let content = archive.by_name("content.xml").map_err(|_| damaged())?;
    let mut reader = XmlReader::from_reader(BufReader::new(content));
    let (mut count, mut buffer) = (CellCount::default(), Vec::new());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| damaged())? {
            Event::Start(element) => count.begin(&element),
            Event::Empty(element) => {
                count.begin(&element);
                count.end(element.name().as_ref());
            }
            Event::End(element) => count.end(element.name().as_ref()),
            Event::Eof => return Ok(()),
            _ => {}
        }
        if count.all() > CELLS_MAX {
            return Err(format!(
                "has a sheet with more than {CELLS_MAX} cells, which are not held at once; split \
                 it, or save it as .xlsx or CSV, which is read row by row"
            ));
        }
    }
}

/// Cells of all sheets so far.
#[derive(Debug, Default)]
struct CellCount {
    /// Of the sheets before.
    before: u64,
    /// Of this sheet: rows down to the last that holds anything, and the widest.
    rows: u64,
    rows_below: u64,
    widest: u64,
    /// Of this row: how often it is repeated, and columns up to the last that holds anything.
    repeated: u64,
    columns: u64,
    columns_right: u64,
}

impl CellCount {
    fn all(&self) -> u64 {
        let width = self.widest.max(self.columns);
        self.before.saturating_add(self.rows.saturating_add(1).saturating_mul(width))
    }

    fn begin(&mut self, element: &BytesStart<'_>) {
        let attribute = |name: &str| {
            let found = element.try_get_attribute(name).ok().flatten();
            found.and_then(|found| found.value.parse::<u64>().ok())
        };
        let has = |name: &str| matches!(element.try_get_attribute(name), Ok(Some(_)));
        match element.name().as_ref() {
            "table:table-row" => {
                self.repeated = attribute("table:number-rows-repeated").unwrap_or(1);
                (self.columns, self.columns_right) = (0, 0);
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let repeated = attribute("table:number-columns-repeated").unwrap_or(1);
                self.columns_right = self.columns_right.saturating_add(repeated);
                if has("office:value-type") || has("table:formula") || has("calcext:value-type") {
                    self.columns = self.columns_right;
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "table:table-row" => {
                self.rows_below = self.rows_below.saturating_add(self.repeated);
                if self.columns > 0 {
                    self.rows = self.rows_below;
                }
                self.widest = self.widest.max(self.columns);
                self.columns = 0;
            }
            "table:table" => {
                let before = self.all();
                *self = Self { before, ..Self::default() };
            }
            _ => {}
        }
    }
}
