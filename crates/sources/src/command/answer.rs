//! From what a command printed to rows of cells.

use indexmap::IndexSet;
use serde_json::{Map, Value};

use crate::{
    cell::{Cell, decimal, shown},
    json,
    table::Table,
};

/// What is shown of an answer that does not fit.
const EXCERPT_CHARS_MAX: usize = 200;

/// A number or null is one value; an object is one row, a list of objects several, and an empty list
/// no rows. A program that printed nothing has not said that there is nothing.
pub(crate) fn table(text: &str) -> Result<Table, String> {
    let text = text.trim();
    if text.is_empty() {
        let told = "printed nothing, as a program does that fails unseen; print `[]` where there are \
                    no rows, `null` where there is no figure, or 0";
        return Err(told.to_owned());
    }
    if decimal(text).is_some() {
        return Ok(one(Cell::Text(text.to_owned())));
    }
    let misfit =
        || format!("printed neither a number nor JSON: {}", shown(text, EXCERPT_CHARS_MAX));
    let read = json::parse(text).map_err(|error| {
        if error.is_data() { format!("printed JSON that is ambiguous: {error}") } else { misfit() }
    });
    match read? {
        Value::Null => Ok(one(Cell::Null)),
        Value::Object(row) => Ok(rows(&[row])),
        Value::Array(list) => {
            let objects = list.into_iter().map(|item| match item {
                Value::Object(row) => Ok(row),
                other => Err(format!(
                    "printed a list with {} in it; make it a list of objects",
                    Cell::from(&other)
                )),
            });
            Ok(rows(&objects.collect::<Result<Vec<_>, _>>()?))
        }
        Value::Number(number) => Ok(one(Cell::Text(number.to_string()))),
        Value::Bool(_) | Value::String(_) => Err(misfit()),
    }
}

fn one(cell: Cell) -> Table {
    Table { columns: vec!["value".to_owned()], rows: vec![vec![cell]], ..Table::default() }
}

/// A key that a row leaves out is null there.
fn rows(objects: &[Map<String, Value>]) -> Table {
    let columns: IndexSet<&String> = objects.iter().flat_map(Map::keys).collect();
    let row = |object: &Map<String, Value>| {
        columns.iter().map(|key| object.get(*key).map_or(Cell::Null, Cell::from)).collect()
    };
    let rows = objects.iter().map(row).collect();
    Table { rows, columns: columns.into_iter().cloned().collect(), ..Table::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_a_number_or_json() {
        let text = |number: &str| Cell::Text(number.to_owned());
        for (printed, rows) in [
            ("41.50\n", vec![vec![text("41.50")]]),
            ("null", vec![vec![Cell::Null]]),
            (r#"{"value": 7}"#, vec![vec![Cell::Int(7)]]),
            ("[]", vec![]),
            (
                r#"[{"period": "2026-04", "value": 1}, {"period": "2026-05"}]"#,
                vec![vec![text("2026-04"), Cell::Int(1)], vec![text("2026-05"), Cell::Null]],
            ),
        ] {
            assert_eq!(table(printed).unwrap().rows, rows, "{printed}");
        }
    }

    #[test]
    fn anything_else_is_told() {
        for (printed, part) in [
            ("", "printed nothing"),
            (" \n", "print `[]` where there are no rows"),
            ("12 orders", "neither a number nor JSON: 12 orders"),
            ("NaN", "neither a number nor JSON"),
            ("\"7\"", "neither a number nor JSON"),
            ("true", "neither a number nor JSON"),
            ("[1, 2]", "a list with 1 in it"),
            (r#"{"value": 1, "value": 2}"#, "ambiguous: the key `value` is in one object twice"),
        ] {
            let error = table(printed).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
