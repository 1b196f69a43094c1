//! From a document to rows of cells.

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::http::{
    Extract, Format, Place,
    absence::{self, Absence},
    document::Document,
    envelope,
    exposition::Selector,
    matches::{matches, only, written},
    promql,
    rows_at::side_by_side,
};
use crate::{
    cell::Cell,
    csv::records,
    question::Question,
    table::{Doubt, Table},
};

/// More rows of CSV than this are the wrong question: as of files and queries, unless they say
/// otherwise.
const ROWS_MAX: usize = 10_000;

impl Extract {
    /// The rows that the document has at these places; none only where it says that there are none.
    pub(crate) fn table(
        &self,
        document: &Document,
        format: Format,
        question: &Question<'_>,
    ) -> Result<Table, String> {
        match (self, document, format) {
            (Self::Csv(rows), Document::Csv(bytes), Format::Csv(dialect)) => {
                records::table(bytes, dialect, ROWS_MAX, rows, question)
            }
            (Self::Sample(selector), Document::Text(text), _) => {
                one(&["value"], vec![sample(selector, text)?])
            }
            (Self::Samples { numerator, denominator }, Document::Text(text), _) => {
                one(&PARTS, vec![sample(numerator, text)?, sample(denominator, text)?])
            }
            (Self::PromQl, Document::Json(document), _) => promql::table(document),
            (_, Document::Json(document), _) => self.rows(document, question),
            _ => Err("came in another format than was asked for".to_owned()),
        }
    }

    /// The rows of a document in JSON that is not an error itself.
    fn rows(&self, document: &Value, question: &Question<'_>) -> Result<Table, String> {
        let is_wanted = |name: &str| self.goes_through(name);
        if let Some(error) = envelope::error(document, is_wanted) {
            return Err(error);
        }
        let table = self.rows_of(document, question);
        let is_nothing = table.as_ref().is_ok_and(Table::is_nothing);
        match envelope::failure(document, is_wanted) {
            Some(failure) if is_nothing || table.is_err() => Err(failure),
            _ => table,
        }
    }

    fn rows_of(&self, document: &Value, question: &Question<'_>) -> Result<Table, String> {
        match self {
            Self::One(place) => one(place.columns(), place.found(document)?),
            Self::Rows(rows) => rows.table(document, question),
            Self::Lists { period, figure, .. } => side_by_side(period, figure, document),
            Self::Csv(_) | Self::Sample(_) | Self::Samples { .. } | Self::PromQl => {
                Err("came as JSON, which was not asked for".to_owned())
            }
        }
    }

    /// Whether its rows are not held but taken together, page by page.
    pub(crate) fn is_tallied(&self) -> bool {
        match self {
            Self::Rows(rows) => rows.aggregate.is_some(),
            Self::Csv(rows) => rows.aggregate.is_some(),
            _ => false,
        }
    }

    /// Whether its path leaves entries out, so that rows do not say how many there are.
    pub(crate) fn is_filtered(&self) -> bool {
        match self {
            Self::Rows(at) => written(&at.rows).contains('?'),
            _ => false,
        }
    }

    /// Whether only rows of the period asked for are taken.
    pub(crate) fn picks_period(&self) -> bool {
        match self {
            Self::Csv(rows) => rows.period.is_some(),
            Self::Rows(rows) => rows.aggregate.is_some() && rows.period.is_some(),
            _ => false,
        }
    }

    /// Whether its figures are at or below that key of the document.
    fn goes_through(&self, name: &str) -> bool {
        let is_within = |path: &JsonPath| {
            let text = written(path);
            let rest = text.strip_prefix("$.").or_else(|| text.strip_prefix("$['"));
            let rest = rest.and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '\'']))
        };
        match self {
            Self::One(Place::Value(path)) => is_within(path),
            Self::One(Place::Ratio { numerator, denominator }) => {
                is_within(numerator) || is_within(denominator)
            }
            Self::Rows(at) => is_within(&at.rows),
            Self::Lists { period, figure, .. } => {
                is_within(period) || figure.paths().into_iter().any(is_within)
            }
            Self::Csv(_) | Self::Sample(_) | Self::Samples { .. } | Self::PromQl => false,
        }
    }
}

/// What is at a place of a document.
enum Found {
    Cell(Cell),
    /// The place says that there is nothing.
    Nothing,
}

/// One row, if all of its cells are there, or none, if none is.
fn one(columns: &[&str], cells: Vec<Found>) -> Result<Table, String> {
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    if cells.iter().all(|found| matches!(found, Found::Nothing)) {
        return Ok(Table { columns, ..Table::default() });
    }
    let cell = |(found, name): (Found, &String)| match found {
        Found::Cell(cell) => Ok(cell),
        Found::Nothing => Err(format!("came without a {name}: nothing matches")),
    };
    let row = cells.into_iter().zip(&columns).map(cell).collect::<Result<_, String>>()?;
    Ok(Table { columns, rows: vec![row], ..Table::default() })
}

/// The columns of a ratio.
const PARTS: [&str; 2] = ["numerator", "denominator"];

impl Place {
    pub(super) fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Value(_) => &["value"],
            Self::Ratio { .. } => &PARTS,
        }
    }

    pub(super) fn paths(&self) -> Vec<&JsonPath> {
        match self {
            Self::Value(path) => vec![path],
            Self::Ratio { numerator, denominator } => vec![numerator, denominator],
        }
    }

    fn found(&self, document: &Value) -> Result<Vec<Found>, String> {
        self.paths().into_iter().map(|path| found(path, document)).collect()
    }

    /// Why the figure may be misspelt: no row has anything at its place.
    pub(super) fn doubt(&self, rows: &[&Value], first: &Value) -> Option<Doubt> {
        self.paths().into_iter().find_map(|path| {
            let has_none = |row: &&Value| matches(path, row).is_ok_and(|found| found.is_empty());
            let is_anywhere = !rows.iter().all(has_none);
            match absence::of(path, first) {
                Absence::Doubted(doubt) if !is_anywhere => Some(doubt),
                _ => None,
            }
        })
    }
}

/// What the path matches, or that its place is empty; an error where there is no such place.
fn found(path: &JsonPath, document: &Value) -> Result<Found, String> {
    if let Some(node) = only(path, document)? {
        return Ok(Found::Cell(Cell::from(node)));
    }
    match absence::of(path, document) {
        Absence::Empty => Ok(Found::Nothing),
        Absence::Null => Ok(Found::Cell(Cell::Null)),
        Absence::Doubted(doubt) => Err(doubt.words().to_owned()),
    }
}

fn sample(selector: &Selector, text: &str) -> Result<Found, String> {
    Ok(selector.find(text)?.map_or(Found::Nothing, Found::Cell))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::question::asked_of_may;

    fn path(text: &str) -> JsonPath {
        JsonPath::parse(text).unwrap()
    }

    fn rows(extract: &Extract, document: &Value) -> Result<Table, String> {
        asked_of_may(|question| extract.rows(document, question))
    }

    fn value(text: &str) -> Extract {
        Extract::One(Place::Value(path(text)))
    }

    fn ratio(numerator: &str, denominator: &str) -> Place {
        Place::Ratio { numerator: path(numerator), denominator: path(denominator) }
    }

    #[test]
    fn a_path_finds_one_cell_or_none() {
        let document =
            json!({"a": 1, "b": null, "c": [1, 2], "d": "7", "e": false, "f": 1.5, "g": []});
        for (at, expected) in [
            ("$.a", vec![vec![Cell::Int(1)]]),
            ("$.b", vec![vec![Cell::Null]]),
            ("$.c", vec![vec![Cell::Other("an array".into())]]),
            ("$.d", vec![vec![Cell::Text("7".into())]]),
            ("$.e", vec![vec![Cell::Bool(false)]]),
            ("$.f", vec![vec![Cell::Float(1.5)]]),
            ("$.g[0].n", vec![]),
            ("$.b.n", vec![vec![Cell::Null]]),
        ] {
            assert_eq!(rows(&value(at), &document).unwrap().rows, expected, "{at}");
        }
        let absent = rows(&value("$.x"), &document).unwrap_err();
        assert!(absent.contains("has nothing at `$.x`"), "{absent}");
        assert!(rows(&value("$.c[*]"), &document).unwrap_err().contains("2 matches of"));
    }

    #[test]
    fn a_ratio_has_both_parts_or_none() {
        let document = json!({"n": 9, "d": 10, "e": []});
        let rows = |at: Place| rows(&Extract::One(at), &document);
        assert_eq!(rows(ratio("$.n", "$.d")).unwrap().rows, [[Cell::Int(9), Cell::Int(10)]]);
        assert!(rows(ratio("$.e[0]", "$.e[1]")).unwrap().rows.is_empty());
        assert!(rows(ratio("$.n", "$.e[0]")).unwrap_err().contains("without a denominator"));
        assert!(rows(ratio("$.n", "$.y")).unwrap_err().contains("has nothing at `$.y`"));
    }
}
