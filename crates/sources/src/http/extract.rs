//! From a document to rows of cells.

use serde_json::Value;
use serde_json_path::{JsonPath, LocatedNode, PathElement};

use crate::http::{
    Extract, Format, PeriodPlace, Place,
    absence::{self, Absence},
    document::Document,
    envelope,
    exposition::Selector,
    matches::{descends_twice, matches, written},
    promql,
};
use crate::{
    cell::Cell,
    csv::sheet,
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
            (Self::Rows(rows), Document::Csv(bytes), Format::Csv(dialect)) => {
                sheet::table(bytes, dialect, ROWS_MAX, rows, question)
            }
            (Self::Sample(selector), Document::Text(text), _) => {
                one(&["value"], vec![sample(selector, text)?])
            }
            (Self::Samples { numerator, denominator }, Document::Text(text), _) => {
                one(&PARTS, vec![sample(numerator, text)?, sample(denominator, text)?])
            }
            (Self::PromQl, Document::Json(document), _) => promql::table(document),
            (_, Document::Json(document), _) => self.rows(document),
            _ => Err("came in another format than was asked for".to_owned()),
        }
    }

    /// The rows of a document in JSON that is not an error itself.
    fn rows(&self, document: &Value) -> Result<Table, String> {
        let is_wanted = |name: &str| self.goes_through(name);
        if let Some(error) = envelope::error(document, is_wanted) {
            return Err(error);
        }
        let table = self.rows_of(document);
        let is_nothing = table.as_ref().is_ok_and(Table::is_nothing);
        match envelope::failure(document, is_wanted) {
            Some(failure) if is_nothing || table.is_err() => Err(failure),
            _ => table,
        }
    }

    fn rows_of(&self, document: &Value) -> Result<Table, String> {
        match self {
            Self::One(place) => one(place.columns(), place.found(document)?),
            Self::Series { rows, period, figure, .. } => series(rows, period, figure, document),
            Self::Lists { period, figure, .. } => lists(period, figure, document),
            Self::Rows(_) | Self::Sample(_) | Self::Samples { .. } | Self::PromQl => {
                Err("came as JSON, which was not asked for".to_owned())
            }
        }
    }

    /// Whether only rows of the period asked for are taken.
    pub(crate) fn picks_period(&self) -> bool {
        match self {
            Self::Rows(rows) => rows.period.is_some(),
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
            Self::Series { rows, .. } => is_within(rows),
            Self::Lists { period, figure, .. } => {
                is_within(period) || figure.paths().into_iter().any(is_within)
            }
            Self::Rows(_) | Self::Sample(_) | Self::Samples { .. } | Self::PromQl => false,
        }
    }
}

/// A row for each that matches, or why there is none.
fn series(
    rows: &JsonPath,
    period: &PeriodPlace,
    figure: &Place,
    document: &Value,
) -> Result<Table, String> {
    let columns = columns_of_series(figure);
    let (keys, nodes) = match period {
        PeriodPlace::Path(_) => (Vec::new(), matches(rows, document)?),
        PeriodPlace::Key => keyed(rows, document)?,
    };
    let doubt = match nodes.first() {
        Some(first) => figure.doubt(&nodes, first),
        None => match absence::of(rows, document) {
            Absence::Empty => None,
            Absence::Null => return Err(format!("has null at `{rows}` where rows are expected")),
            Absence::Doubted(doubt) => Some(doubt),
        },
    };
    let row = |(at, row): (usize, &Value)| {
        let period = match period {
            PeriodPlace::Key => Cell::Text(keys.get(at).cloned().unwrap_or_default()),
            PeriodPlace::Path(period) => match node(period, row)? {
                Some(period) => Cell::from(period),
                // Whoever names the list means its entries; a row may be a list itself.
                None if row.is_array() => {
                    return Err(format!(
                        "has a list at `{rows}`, which as it is written is one row; write \
                         `{rows}[*]` for a row of each of its entries"
                    ));
                }
                None => Cell::Null,
            },
        };
        // A row that leaves its figure out says as little as one with null.
        let figures = figure.paths().into_iter();
        let figures = figures.map(|path| Ok(node(path, row)?.map_or(Cell::Null, Cell::from)));
        figures.chain([Ok(period)]).collect()
    };
    let rows = nodes.iter().copied().enumerate().map(row).collect::<Result<_, String>>()?;
    Ok(Table { columns, rows, doubt, ..Table::default() })
}

fn columns_of_series(figure: &Place) -> Vec<String> {
    figure.columns().iter().chain(&["period"]).map(|name| (*name).to_owned()).collect()
}

/// Rows, and the keys by which they stand in their objects.
fn keyed<'d>(
    rows: &JsonPath,
    document: &'d Value,
) -> Result<(Vec<String>, Vec<&'d Value>), String> {
    if descends_twice(rows) {
        return Err(format!("cannot be read by `{}`; name the steps on the way", written(rows)));
    }
    let key = |node: LocatedNode<'d>| match node.location().last() {
        Some(PathElement::Name(name)) => Ok(((*name).to_owned(), node.node())),
        _ => Err(format!(
            "has a list at `{rows}`, whose entries have no keys; write the path from an entry to its \
             period, such as `period: $.key`"
        )),
    };
    let keyed = rows.query_located(document).into_iter().map(key);
    Ok(keyed.collect::<Result<Vec<_>, String>>()?.into_iter().unzip())
}

/// A row for each period, with the figures at the same places of their lists.
fn lists(period: &JsonPath, figure: &Place, document: &Value) -> Result<Table, String> {
    let columns = columns_of_series(figure);
    let paths = figure.paths().into_iter().chain([period]);
    let found = paths.map(|path| list(path, document)).collect::<Result<Vec<_>, String>>()?;
    let periods = found.last().map_or(0, Vec::len);
    for (path, list) in figure.paths().into_iter().zip(&found) {
        if list.len() != periods {
            return Err(format!(
                "has {periods} periods at `{}` and {} figures at `{}`; they must be as many",
                written(period),
                list.len(),
                written(path)
            ));
        }
    }
    let row = |at: usize| found.iter().map(|list| Cell::from(list[at])).collect();
    Ok(Table { columns, rows: (0..periods).map(row).collect(), ..Table::default() })
}

/// The entries of one of several lists, or that it is empty.
fn list<'d>(path: &JsonPath, document: &'d Value) -> Result<Vec<&'d Value>, String> {
    let nodes = matches(path, document)?;
    if let [Value::Array(_)] = nodes.as_slice() {
        let path = written(path);
        return Err(format!(
            "has a list at `{path}`, which as it is written is one entry; write `{path}[*]` for each"
        ));
    }
    match absence::of(path, document) {
        Absence::Doubted(doubt) if nodes.is_empty() => Err(doubt.words().to_owned()),
        Absence::Null if nodes.is_empty() => {
            Err(format!("has null at `{}` where a list is expected", written(path)))
        }
        _ => Ok(nodes),
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
    fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Value(_) => &["value"],
            Self::Ratio { .. } => &PARTS,
        }
    }

    fn paths(&self) -> Vec<&JsonPath> {
        match self {
            Self::Value(path) => vec![path],
            Self::Ratio { numerator, denominator } => vec![numerator, denominator],
        }
    }

    fn found(&self, document: &Value) -> Result<Vec<Found>, String> {
        self.paths().into_iter().map(|path| found(path, document)).collect()
    }

    /// Why the figure may be misspelt: no row has anything at its place.
    fn doubt(&self, rows: &[&Value], first: &Value) -> Option<Doubt> {
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
    if let Some(node) = node(path, document)? {
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

/// What the path matches, which is one node or none.
fn node<'d>(path: &JsonPath, document: &'d Value) -> Result<Option<&'d Value>, String> {
    let nodes = matches(path, document)?;
    match nodes.as_slice() {
        [] => Ok(None),
        [node] => Ok(Some(*node)),
        [..] => Err(format!(
            "has {} matches of `{}` where one is expected; narrow the path",
            nodes.len(),
            written(path)
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dates::period_format::DateFormats;

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
        let document =
            json!({"a": 1, "b": null, "c": [1, 2], "d": "7", "e": false, "f": 1.5, "g": []});
        for (at, rows) in [
            ("$.a", vec![vec![Cell::Int(1)]]),
            ("$.b", vec![vec![Cell::Null]]),
            ("$.c", vec![vec![Cell::Other("an array".into())]]),
            ("$.d", vec![vec![Cell::Text("7".into())]]),
            ("$.e", vec![vec![Cell::Bool(false)]]),
            ("$.f", vec![vec![Cell::Float(1.5)]]),
            ("$.g[0].n", vec![]),
            ("$.b.n", vec![vec![Cell::Null]]),
        ] {
            assert_eq!(value(at).rows(&document).unwrap().rows, rows, "{at}");
        }
        let absent = value("$.x").rows(&document).unwrap_err();
        assert!(absent.contains("has nothing at `$.x`"), "{absent}");
        assert!(value("$.c[*]").rows(&document).unwrap_err().contains("2 matches of"));
    }

    #[test]
    fn a_ratio_has_both_parts_or_none() {
        let document = json!({"n": 9, "d": 10, "e": []});
        let rows = |at: Place| Extract::One(at).rows(&document);
        assert_eq!(rows(ratio("$.n", "$.d")).unwrap().rows, [[Cell::Int(9), Cell::Int(10)]]);
        assert!(rows(ratio("$.e[0]", "$.e[1]")).unwrap().rows.is_empty());
        assert!(rows(ratio("$.n", "$.e[0]")).unwrap_err().contains("without a denominator"));
        assert!(rows(ratio("$.n", "$.y")).unwrap_err().contains("has nothing at `$.y`"));
    }

    #[test]
    fn a_list_that_is_named_without_its_entries_is_told() {
        let series = |rows: &str, period: &str, value: &str| Extract::Series {
            rows: path(rows),
            period: PeriodPlace::Path(path(period)),
            figure: Place::Value(path(value)),
            formats: DateFormats::default(),
        };
        for document in [json!({"data": [{"m": "2026-05", "v": 3}]}), json!({"data": []})] {
            let error = series("$.data", "$.m", "$.v").rows(&document).unwrap_err();
            assert!(error.contains("write `$.data[*]` for a row of each"), "{error}");
        }
        let lists = json!({"data": [["2026-05", 3]]});
        let table = series("$.data[*]", "$[0]", "$[1]").rows(&lists).unwrap();
        assert_eq!(table.rows, [[Cell::Int(3), Cell::Text("2026-05".into())]]);
    }

    #[test]
    fn a_series_has_a_row_for_each_match() {
        let document = json!({"data": [{"m": "2026-04", "v": 3}, {"m": "2026-05"}]});
        let series = Extract::Series {
            rows: path("$.data[*]"),
            period: PeriodPlace::Path(path("$.m")),
            figure: Place::Value(path("$.v")),
            formats: DateFormats::default(),
        };
        let table = series.rows(&document).unwrap();
        assert_eq!(table.columns, ["value", "period"]);
        let month = |key: &str| Cell::Text(key.to_owned());
        assert_eq!(table.rows, [[Cell::Int(3), month("2026-04")], [Cell::Null, month("2026-05")]]);
        let empty = series.rows(&json!({"data": []})).unwrap();
        assert_eq!((empty.rows.len(), empty.doubt), (0, None));
        let elsewhere = series.rows(&json!({"items": []})).unwrap();
        assert!(elsewhere.doubt.unwrap().words().contains("has nothing at `$.data[*]`"));
        assert!(series.rows(&json!({"data": null})).unwrap_err().contains("null at `$.data[*]`"));
        let misspelt = series.rows(&json!({"data": [{"m": "2026-05", "w": 3}]})).unwrap();
        assert!(misspelt.doubt.unwrap().words().contains("has nothing at `$.v`"));
    }
}
