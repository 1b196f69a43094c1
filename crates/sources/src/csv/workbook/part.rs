//! Which part of a workbook is read.

use std::cmp::Ordering;

use crate::{
    cell::shown,
    csv::cell_range::{COLUMNS_MAX, CellRange},
};

/// A name of a sheet is no longer.
const NAME_CHARS_MAX: usize = 64;

/// A sheet of a workbook, and a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkbookPart {
    /// The sheet; none where there is only one.
    pub sheet: Option<String>,
    /// Only these cells.
    pub range: Option<CellRange>,
    /// Only this table, by its name in Excel.
    pub table: Option<String>,
}

impl WorkbookPart {
    /// The name of the sheet that is meant, of all with whether people see them.
    pub(super) fn sheet(&self, sheets: &[(String, bool)]) -> Result<String, String> {
        let names = |sheets: &mut dyn Iterator<Item = &(String, bool)>| {
            let names = sheets.map(|(name, _)| shown(name, NAME_CHARS_MAX));
            names.collect::<Vec<_>>().join(", ")
        };
        if let Some(wanted) = &self.sheet {
            let is_meant = |(name, _): &&(String, bool)| {
                name.trim().to_lowercase() == wanted.trim().to_lowercase()
            };
            return sheets.iter().find(is_meant).map(|(name, _)| name.clone()).ok_or_else(|| {
                format!("has no sheet `{wanted}`; it has {}", names(&mut sheets.iter()))
            });
        }
        let mut seen = sheets.iter().filter(|(_, is_visible)| *is_visible);
        match (seen.next(), seen.next()) {
            (Some((name, _)), None) => Ok(name.clone()),
            (None, _) => Err("has no sheet that can be seen; name one by `sheet`".to_owned()),
            (Some(_), Some(_)) => {
                let seen = &mut sheets.iter().filter(|(_, is_visible)| *is_visible);
                Err(format!("has the sheets {}; name one by `sheet`", names(seen)))
            }
        }
    }

    pub(super) fn is_before(&self, row: u32) -> bool {
        self.range.is_some_and(|range| range.side(row) == Ordering::Less)
    }

    pub(super) fn is_after(&self, row: u32) -> bool {
        self.range.is_some_and(|range| range.side(row) == Ordering::Greater)
    }

    /// Where in a row a column comes, if it is read.
    pub(super) fn column(&self, column: u32) -> Option<usize> {
        let first = match self.range {
            Some(range) if !range.holds_column(column) => return None,
            Some(range) => range.first_column,
            None => 0,
        };
        (column < COLUMNS_MAX).then_some((column - first) as usize)
    }
}
