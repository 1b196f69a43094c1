//! One row of a sheet, whatever file it is in.

use std::borrow::Cow;

use crate::{cell::Cell, csv::number::NumberReader};

/// One row of a sheet.
pub(super) trait SheetRow {
    /// How many fields it has.
    fn len(&self) -> usize;

    /// A field as a text; empty where there is none.
    fn text(&self, at: usize) -> Cow<'_, str>;

    /// A field as it is, null where it is empty.
    fn cell(&self, at: usize) -> Cell;

    /// A field as a number.
    fn number(&self, at: usize, numbers: &NumberReader<'_>) -> Cell;

    /// Whether a row of another length than the header is damaged.
    fn is_counted(&self) -> bool;

    /// Whether all its fields are empty.
    fn is_blank(&self) -> bool {
        (0..self.len()).all(|at| self.text(at).trim().is_empty())
    }
}
