//! A part of a spreadsheet, written as its users do: `B4:D20`, `B4:D` or `B:D`.

/// A rectangle of cells; rows and columns are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRange {
    pub(crate) first_row: u32,
    pub(crate) first_column: u32,
    /// None where it goes on to the end.
    pub(crate) last_row: Option<u32>,
    pub(crate) last_column: u32,
}

/// Why a text is no range of cells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a range of cells; write one such as B4:D20, or B4:D for all rows from the fourth on"
)]
pub struct CellRangeError(pub String);

/// Columns that a spreadsheet has at most.
pub(crate) const COLUMNS_MAX: u32 = 16_384;

impl CellRange {
    /// Reads a range.
    pub fn parse(text: &str) -> Result<Self, CellRangeError> {
        let read = || {
            let (first, last) = text.split_once(':')?;
            let ((first_column, first_row), (last_column, last_row)) =
                (corner(first)?, corner(last)?);
            let first_row = first_row.unwrap_or(0);
            let is_forward =
                first_column <= last_column && last_row.is_none_or(|last| first_row <= last);
            is_forward.then_some(Self { first_row, first_column, last_row, last_column })
        };
        read().ok_or_else(|| CellRangeError(text.to_owned()))
    }

    pub(crate) fn holds_column(&self, column: u32) -> bool {
        (self.first_column..=self.last_column).contains(&column)
    }

    /// Whether a row comes before it, is in it, or comes after it.
    pub(crate) fn side(&self, row: u32) -> std::cmp::Ordering {
        if row < self.first_row {
            std::cmp::Ordering::Less
        } else if self.last_row.is_some_and(|last| row > last) {
            std::cmp::Ordering::Greater
        } else {
            std::cmp::Ordering::Equal
        }
    }
}

/// Column and row of `$B$4`, or the column of `B`.
fn corner(text: &str) -> Option<(u32, Option<u32>)> {
    let text = text.trim().replace('$', "").to_ascii_uppercase();
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let (letters, digits) = text.split_at(letters);
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let column = letters.bytes().fold(0, |sum, letter| sum * 26 + u32::from(letter - b'A') + 1);
    let row = match digits {
        "" => None,
        digits => Some(digits.parse::<u32>().ok()?.checked_sub(1)?),
    };
    (column <= COLUMNS_MAX).then_some((column - 1, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_written_as_in_a_spreadsheet() {
        let range = |first_row, first_column, last_row, last_column| {
            Ok(CellRange { first_row, first_column, last_row, last_column })
        };
        for (text, expected) in [
            ("B4:D20", range(3, 1, Some(19), 3)),
            ("$B$4:$D$20", range(3, 1, Some(19), 3)),
            ("b4:d", range(3, 1, None, 3)),
            ("A:AA", range(0, 0, None, 26)),
            ("A1:XFD1048576", range(0, 0, Some(1_048_575), 16_383)),
        ] {
            assert_eq!(CellRange::parse(text), expected, "{text}");
        }
        for text in
            ["", "B4", "D4:B4", "B9:D4", "B0:D4", "4:9", "B4:XFE5", "Sheet1!A1:B2", "B-4:D5"]
        {
            assert!(CellRange::parse(text).is_err(), "{text}");
        }
    }
}
