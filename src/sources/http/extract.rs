//! From a JSON document to rows of cells.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Extract, Place};
use crate::sources::{cell::Cell, table::Table};

impl Extract {
    /// The rows that the document has at these places; none where nothing matches.
    pub(super) fn rows(&self, document: &Value) -> Result<Table, String> {
        match self {
            Self::One(place) => {
                let row = place.cells(document)?;
                let is_empty = row.iter().all(Option::is_none);
                let missing = row.iter().position(Option::is_none);
                match missing {
                    _ if is_empty => Ok(Table { columns: place.columns(), ..Table::default() }),
                    Some(at) => Err(format!(
                        "came without a {}: its path matches nothing",
                        place.columns()[at]
                    )),
                    None => Ok(Table {
                        columns: place.columns(),
                        rows: vec![row.into_iter().flatten().collect()],
                        ..Table::default()
                    }),
                }
            }
            Self::Series { rows, period, figure } => {
                let mut columns = figure.columns();
                columns.push("period".to_owned());
                let rows = rows.query(document).all().into_iter().map(|row| {
                    let period = cell(period, row)?.unwrap_or(Cell::Null);
                    // A row that leaves its figure out says as little as one with null.
                    let figures = figure.cells(row)?.into_iter();
                    let figures = figures.map(|found| found.unwrap_or(Cell::Null));
                    Ok(figures.chain([period]).collect())
                });
                let rows = rows.collect::<Result<_, String>>()?;
                Ok(Table { columns, rows, ..Table::default() })
            }
        }
    }
}

impl Place {
    fn columns(&self) -> Vec<String> {
        match self {
            Self::Value(_) => vec!["value".to_owned()],
            Self::Ratio { .. } => vec!["numerator".to_owned(), "denominator".to_owned()],
        }
    }

    fn cells(&self, document: &Value) -> Result<Vec<Option<Cell>>, String> {
        match self {
            Self::Value(path) => Ok(vec![cell(path, document)?]),
            Self::Ratio { numerator, denominator } => {
                Ok(vec![cell(numerator, document)?, cell(denominator, document)?])
            }
        }
    }
}

/// What the path matches, which is one node or none.
fn cell(path: &JsonPath, document: &Value) -> Result<Option<Cell>, String> {
    let nodes = path.query(document).all();
    match nodes.as_slice() {
        [] => Ok(None),
        [node] => Ok(Some(Cell::from(*node))),
        [..] => Err(format!(
            "has {} matches of `{path}` where one is expected; narrow the path",
            nodes.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> JsonPath {
        JsonPath::parse(text).unwrap()
    }

    fn value(text: &str) -> Extract {
        Extract::One(Place::Value(path(text)))
    }

    fn ratio(numerator: &str, denominator: &str) -> Place {
        Place::Ratio { numerator: path(numerator), denominator: path(denominator) }
    }

    #[test]
    fn a_path_finds_one_cell_or_none() {
        let document = json!({"a": 1, "b": null, "c": [1, 2], "d": "7", "e": false, "f": 1.5});
        for (at, rows) in [
            ("$.a", vec![vec![Cell::Int(1)]]),
            ("$.b", vec![vec![Cell::Null]]),
            ("$.c", vec![vec![Cell::Other("an array".into())]]),
            ("$.d", vec![vec![Cell::Text("7".into())]]),
            ("$.e", vec![vec![Cell::Bool(false)]]),
            ("$.f", vec![vec![Cell::Float(1.5)]]),
            ("$.x", vec![]),
        ] {
            assert_eq!(value(at).rows(&document).unwrap().rows, rows, "{at}");
        }
        assert!(value("$.c[*]").rows(&document).unwrap_err().contains("2 matches of"));
    }

    #[test]
    fn a_ratio_has_both_parts_or_none() {
        let document = json!({"n": 9, "d": 10});
        let rows = |at: Place| Extract::One(at).rows(&document);
        assert_eq!(rows(ratio("$.n", "$.d")).unwrap().rows, [[Cell::Int(9), Cell::Int(10)]]);
        assert!(rows(ratio("$.x", "$.y")).unwrap().rows.is_empty());
        assert!(rows(ratio("$.n", "$.y")).unwrap_err().contains("without a denominator"));
    }

    #[test]
    fn a_series_has_a_row_for_each_match() {
        let document = json!({"data": [{"m": "2026-04", "v": 3}, {"m": "2026-05"}]});
        let series = Extract::Series {
            rows: path("$.data[*]"),
            period: path("$.m"),
            figure: Place::Value(path("$.v")),
        };
        let table = series.rows(&document).unwrap();
        assert_eq!(table.columns, ["value", "period"]);
        let month = |key: &str| Cell::Text(key.to_owned());
        assert_eq!(table.rows, [[Cell::Int(3), month("2026-04")], [Cell::Null, month("2026-05")]]);
        assert!(series.rows(&json!({"data": []})).unwrap().rows.is_empty());
    }
}
