//! From a document to rows of cells.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Extract, Format, Place, document::Document, promql};
use crate::sources::{Question, cell::Cell, csv::sheet, table::Table};

/// More rows of CSV than this are the wrong question: as of files and queries, unless they say
/// otherwise.
const ROWS_MAX: usize = 10_000;

impl Extract {
    /// The rows that the document has at these places; none where nothing matches.
    pub(super) fn table(
        &self,
        document: &Document,
        format: Format,
        question: &Question<'_>,
    ) -> Result<Table, String> {
        match (self, document, format) {
            (Self::Rows(rows), Document::Csv(bytes), Format::Csv(dialect)) => {
                sheet::table(bytes, dialect, ROWS_MAX, rows, question)
            }
            (Self::Sample(selector), Document::Text(text), _) => {
                one(&["value"], vec![selector.find(text)?])
            }
            (Self::Samples { numerator, denominator }, Document::Text(text), _) => {
                one(&PARTS, vec![numerator.find(text)?, denominator.find(text)?])
            }
            (Self::PromQl, Document::Json(document), _) => promql::table(document),
            (_, Document::Json(document), _) => self.rows(document),
            _ => Err("came in another format than was asked for".to_owned()),
        }
    }

    fn rows(&self, document: &Value) -> Result<Table, String> {
        match self {
            Self::One(place) => one(place.columns(), place.cells(document)?),
            Self::Series { rows, period, figure } => {
                let columns = figure.columns().iter().chain(&["period"]);
                let columns = columns.map(|name| (*name).to_owned()).collect();
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
            Self::Rows(_) | Self::Sample(_) | Self::Samples { .. } | Self::PromQl => {
                Err("came as JSON, which was not asked for".to_owned())
            }
        }
    }
}

/// One row, if all of its cells are there, or none, if none is.
fn one(columns: &[&str], cells: Vec<Option<Cell>>) -> Result<Table, String> {
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    if cells.iter().all(Option::is_none) {
        return Ok(Table { columns, ..Table::default() });
    }
    let missing = cells.iter().zip(&columns).find(|(cell, _)| cell.is_none());
    if let Some((_, name)) = missing {
        return Err(format!("came without a {name}: nothing matches"));
    }
    Ok(Table { columns, rows: vec![cells.into_iter().flatten().collect()], ..Table::default() })
}

/// The columns of a ratio.
const PARTS: [&str; 2] = ["numerator", "denominator"];

impl Place {
    fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Value(_) => &["value"],
            Self::Ratio { .. } => &PARTS,
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
