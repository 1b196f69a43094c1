//! An Excel workbook, row by row.

use std::io::Cursor;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use crate::csv::workbook::{
    archive::Archive,
    excel_table,
    grid_row::{GridRow, of_excel, uncalculated},
    part::WorkbookPart,
};

/// Gives each row of the sheet, with its number, until `take` has enough.
pub(super) fn rows(
    bytes: &[u8],
    archive: &mut Archive<'_>,
    part: &WorkbookPart,
    mut take: impl FnMut(u64, &GridRow) -> Result<bool, String>,
) -> Result<(), String> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| words(&error))?;
    let part = match &part.table {
        None => part.clone(),
        Some(table) => {
            book.load_tables().map_err(|error| words(&error))?;
            let range = excel_table::range(archive, table)?;
            let names = book.sheet_names();
            let sheet = names.into_iter().find(|sheet| {
                let tables = book.table_names_in_sheet(sheet);
                tables.iter().any(|name| name.eq_ignore_ascii_case(table))
            });
            let sheet = sheet.ok_or_else(|| excel_table::unknown(table, &book.table_names()))?;
            WorkbookPart { sheet: Some(sheet), range: Some(range), table: None }
        }
    };
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let sheets: Vec<(String, bool)> =
        sheets.map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible)).collect();
    let name = part.sheet(&sheets)?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(|error| words(&error))?;
    let (mut found, mut at) = (GridRow::default(), None);
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(|error| words(&error))? {
        let (row, column) = cell.pos;
        if part.is_before(row) {
            continue;
        }
        if part.is_after(row) {
            break;
        }
        match at {
            Some(held) if row < held => {
                return Err(
                    "has its rows out of order; save it in a spreadsheet program".to_owned()
                );
            }
            Some(held) if row > held => {
                if !take(u64::from(held) + 1, &found)? {
                    return Ok(());
                }
                found.cells.clear();
            }
            _ => {}
        }
        at = Some(row);
        if let Some(place) = part.column(column) {
            let value = match cell.value {
                DataRef::Empty if cell.formula.is_some() => uncalculated(),
                value => of_excel(&value),
            };
            found.put(place, value);
        }
    }
    if let Some(held) = at {
        take(u64::from(held) + 1, &found)?;
    }
    Ok(())
}

fn words(error: &XlsxError) -> String {
    match error {
        XlsxError::Password => {
            "is locked by a password, and is not read; save it without one".to_owned()
        }
        _ => "is a damaged or cut off workbook; save it again".to_owned(),
    }
}
