//! A row of a spreadsheet, whose cells have types.

use std::borrow::Cow;

use calamine::{Data, DataRef, ExcelDateTime};

use crate::{
    cell::Cell,
    csv::{number::NumberReader, sheet_row::SheetRow},
};
use kpid_rules::model::Moment;

/// Cells from the first column that is read.
#[derive(Debug, Default)]
pub(super) struct GridRow {
    pub(super) cells: Vec<Cell>,
}

impl GridRow {
    /// Puts a cell in its place, after those before it, which may be empty.
    pub(super) fn put(&mut self, at: usize, cell: Cell) {
        if cell == Cell::Null {
            return;
        }
        if self.cells.len() <= at {
            self.cells.resize(at + 1, Cell::Null);
        }
        self.cells[at] = cell;
    }
}

impl SheetRow for GridRow {
    fn len(&self) -> usize {
        self.cells.len()
    }

    fn text(&self, at: usize) -> Cow<'_, str> {
        match self.cells.get(at) {
            None | Some(Cell::Null) => Cow::Borrowed(""),
            Some(Cell::Text(text)) => Cow::Borrowed(text),
            Some(other) => Cow::Owned(other.bare()),
        }
    }

    fn cell(&self, at: usize) -> Cell {
        self.cells.get(at).cloned().unwrap_or(Cell::Null)
    }

    fn number(&self, at: usize, numbers: &NumberReader<'_>) -> Cell {
        match self.cells.get(at) {
            None => Cell::Null,
            Some(Cell::Text(text)) => numbers.cell(text),
            Some(other) => other.clone(),
        }
    }

    fn is_counted(&self) -> bool {
        false
    }
}

/// A cell of an Excel workbook.
pub(super) fn of_excel(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Null,
        DataRef::Int(n) => Cell::Int(*n),
        DataRef::Float(value) => Cell::Float(*value),
        DataRef::Bool(yes) => Cell::Bool(*yes),
        DataRef::String(text) => text_of(text),
        DataRef::SharedString(text) => text_of(text),
        DataRef::DateTime(time) => time_of(time),
        DataRef::DateTimeIso(text) => dated(text),
        DataRef::DurationIso(_) => Cell::Other("a duration".to_owned()),
        DataRef::Error(error) => failed(&error.to_string()),
    }
}

/// A cell of an OpenDocument spreadsheet.
pub(super) fn of_open_document(value: &Data) -> Cell {
    match value {
        Data::Empty => Cell::Null,
        Data::Int(n) => Cell::Int(*n),
        Data::Float(value) => Cell::Float(*value),
        Data::Bool(yes) => Cell::Bool(*yes),
        // LibreOffice writes the word of an error where the result would be.
        Data::String(text) if is_error(text) => failed(text),
        Data::String(text) => text_of(text),
        Data::DateTime(time) => time_of(time),
        Data::DateTimeIso(text) => dated(text),
        Data::DurationIso(_) => Cell::Other("a duration".to_owned()),
        Data::Error(error) => failed(&error.to_string()),
    }
}

/// A formula whose result is not in the file.
pub(super) fn uncalculated() -> Cell {
    Cell::Misspelt {
        text: "=…".to_owned(),
        problem:
            "which is a formula without a result; open the file in a spreadsheet program, and \
                  save it"
                .to_owned(),
    }
}

fn is_error(text: &str) -> bool {
    let is_word = |text: &str| {
        ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"].contains(&text)
    };
    is_word(text) || (text.starts_with("Err:") && text[4..].bytes().all(|b| b.is_ascii_digit()))
}

fn failed(text: &str) -> Cell {
    let problem = "which is an error in the spreadsheet; correct the formula there".to_owned();
    Cell::Misspelt { text: text.to_owned(), problem }
}

fn text_of(text: &str) -> Cell {
    match text.trim() {
        "" => Cell::Null,
        text => Cell::Text(text.to_owned()),
    }
}

fn time_of(time: &ExcelDateTime) -> Cell {
    if time.is_duration() {
        return Cell::Other("a duration".to_owned());
    }
    let read = time.as_datetime().map(Cell::Local);
    read.unwrap_or_else(|| Cell::Other("a date that is none".to_owned()))
}

fn dated(text: &str) -> Cell {
    match Moment::parse(text) {
        Some(Moment::Day(day)) => Cell::Day(day),
        Some(Moment::Local(time)) => Cell::Local(time),
        Some(Moment::Instant(at)) => Cell::Instant(at),
        None => Cell::Text(text.to_owned()),
    }
}
