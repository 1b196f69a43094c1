//! Rows of a document in JSON: picked, and counted or added up where that is asked for.

use serde_json::Value;
use serde_json_path::{JsonPath, LocatedNode, PathElement};

use crate::http::{
    PeriodPlace, Place, RowsAt,
    absence::{self, Absence},
    matches::{descends_twice, matches, only, written},
};
use crate::{
    cell::Cell,
    question::Question,
    rows::{condition::Condition, tally::Tally},
    table::{Doubt, Table},
};
use kpid_rules::model::Period;

impl RowsAt {
    /// A row for each that matches, or why there is none.
    pub(super) fn table(&self, document: &Value, question: &Question<'_>) -> Result<Table, String> {
        let rows = &self.rows;
        let (keys, nodes) = match self.period {
            Some(PeriodPlace::Key) => keyed(rows, document)?,
            _ => (Vec::new(), matches(rows, document)?),
        };
        let doubt = match nodes.first() {
            Some(first) => self.figure.as_ref().and_then(|figure| figure.doubt(&nodes, first)),
            None => match absence::of(rows, document) {
                Absence::Empty => None,
                Absence::Null => {
                    return Err(format!("has null at `{rows}` where rows are expected"));
                }
                Absence::Doubted(doubt) => Some(doubt),
            },
        };
        let tally = self.aggregate.map(Tally::new);
        let looked = nodes.len();
        let mut table = Table { columns: self.columns(), doubt, tally, looked, ..Table::default() };
        let mut picked = Picked::by(&self.conditions);
        for (at, row) in nodes.into_iter().enumerate() {
            let placed = |misfit: String| format!("in row {} the column {misfit}", at + 1);
            if !picked.fits(row).map_err(placed)? {
                continue;
            }
            let period = match (&self.period, keys.get(at)) {
                (None, _) => None,
                (Some(_), Some(key)) => Some(Cell::Text(key.clone())),
                (Some(place), None) => Some(self.period_of(place, row)?),
            };
            let figure = self.cells(row)?;
            match &mut table.tally {
                Some(tally) => {
                    let period = period.map(|cell| self.read(&cell, question)).transpose();
                    let period = period.map_err(placed)?;
                    if period.is_none_or(|period| question.asks_for(period)) {
                        tally.take(period, &figure).map_err(placed)?;
                    }
                }
                None => table.rows.push(figure.into_iter().chain(period).collect()),
            }
        }
        if table.is_bare() && table.doubt.is_none() {
            table.doubt = picked.doubt();
        }
        Ok(table)
    }

    fn columns(&self) -> Vec<String> {
        let figure = self.figure.as_ref().map_or(&["value"][..], Place::columns);
        let period = self.period.as_ref().map(|_| "period");
        figure.iter().copied().chain(period).map(str::to_owned).collect()
    }

    /// The figure of a row; one that leaves it out says as little as one with null.
    fn cells(&self, row: &Value) -> Result<Vec<Cell>, String> {
        let paths = self.figure.as_ref().map(Place::paths).unwrap_or_default().into_iter();
        paths.map(|path| Ok(only(path, row)?.map_or(Cell::Null, Cell::from))).collect()
    }

    fn period_of(&self, place: &PeriodPlace, row: &Value) -> Result<Cell, String> {
        let PeriodPlace::Path(period) = place else { return Ok(Cell::Null) };
        match only(period, row)? {
            Some(period) => Ok(Cell::from(period)),
            // Whoever names the list means its entries; a row may be a list itself.
            None if row.is_array() => {
                let rows = &self.rows;
                Err(format!(
                    "has a list at `{rows}`, which as it is written is one row; write `{rows}[*]` \
                     for a row of each of its entries"
                ))
            }
            None => Ok(Cell::Null),
        }
    }

    /// The period of a row of several.
    fn read(&self, cell: &Cell, question: &Question<'_>) -> Result<Period, String> {
        let period = cell.period_within(question, &self.formats.period);
        period.map_err(|misfit| format!("`period` {misfit}"))
    }
}

/// Which rows are meant, and whether any was.
struct Picked<'s> {
    conditions: Vec<PickedBy<'s>>,
}

struct PickedBy<'s> {
    path: &'s JsonPath,
    condition: &'s Condition,
    /// Whether any row has something there.
    is_there: bool,
    /// Whether any row meets it.
    is_met: bool,
}

impl<'s> Picked<'s> {
    fn by(conditions: &'s [(JsonPath, Condition)]) -> Self {
        let conditions = conditions.iter().map(|(path, condition)| PickedBy {
            path,
            condition,
            is_there: false,
            is_met: false,
        });
        Self { conditions: conditions.collect() }
    }

    fn fits(&mut self, row: &Value) -> Result<bool, String> {
        let mut fits = true;
        for by in &mut self.conditions {
            let found = only(by.path, row)?;
            by.is_there |= found.is_some();
            let cell = found.map_or(Cell::Null, Cell::from);
            let is_met = by.condition.fits(&cell, || cell.clone());
            let is_met = is_met.map_err(|misfit| format!("`{}` {misfit}", written(by.path)))?;
            by.is_met |= is_met;
            fits &= is_met;
        }
        Ok(fits)
    }

    /// Why none may be meant though some are: a place or a word that no row has may be misspelt.
    fn doubt(&self) -> Option<Doubt> {
        self.conditions.iter().find_map(|by| {
            let path = written(by.path);
            if !by.is_there && !by.condition.is_of_null() {
                return Some(Doubt::Nowhere(format!(
                    "has nothing at `{path}` of any row; check `where`"
                )));
            }
            (!by.is_met && by.condition.is_by_word()).then(|| {
                Doubt::Unmatched(format!(
                    "has no row whose `{path}` is {}; check `where`, which may be misspelt",
                    by.condition
                ))
            })
        })
    }
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
pub(super) fn side_by_side(
    period: &JsonPath,
    figure: &Place,
    document: &Value,
) -> Result<Table, String> {
    let columns = figure.columns().iter().chain(&["period"]).map(|name| (*name).to_owned());
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
    let rows = (0..periods).map(row).collect();
    Ok(Table { columns: columns.collect(), rows, ..Table::default() })
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
    if !nodes.is_empty() {
        return Ok(nodes);
    }
    match absence::of(path, document) {
        Absence::Empty => Ok(nodes),
        Absence::Doubted(doubt) => Err(doubt.words().to_owned()),
        Absence::Null => Err(format!("has null at `{}` where a list is expected", written(path))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        dates::period_format::DateFormats,
        question::asked_of_may,
        rows::{
            condition::{Literal, Test},
            row_aggregate::RowAggregate,
        },
    };

    fn path(text: &str) -> JsonPath {
        JsonPath::parse(text).unwrap()
    }

    fn rows(rows: &str, period: Option<&str>, value: Option<&str>) -> RowsAt {
        RowsAt {
            rows: path(rows),
            period: period.map(|period| match period {
                "key" => PeriodPlace::Key,
                period => PeriodPlace::Path(path(period)),
            }),
            figure: value.map(|value| Place::Value(path(value))),
            formats: DateFormats::default(),
            conditions: Vec::new(),
            aggregate: None,
        }
    }

    fn table(rows: &RowsAt, document: &Value) -> Result<Table, String> {
        asked_of_may(|question| rows.table(document, question))
    }

    fn month(key: &str) -> Cell {
        Cell::Text(key.to_owned())
    }

    #[test]
    fn a_list_that_is_named_without_its_entries_is_told() {
        for document in [json!({"data": [{"m": "2026-05", "v": 3}]}), json!({"data": []})] {
            let error = table(&rows("$.data", Some("$.m"), Some("$.v")), &document).unwrap_err();
            assert!(error.contains("write `$.data[*]` for a row of each"), "{error}");
        }
        let lists = json!({"data": [["2026-05", 3]]});
        let table = table(&rows("$.data[*]", Some("$[0]"), Some("$[1]")), &lists).unwrap();
        assert_eq!(table.rows, [[Cell::Int(3), month("2026-05")]]);
    }

    #[test]
    fn a_series_has_a_row_for_each_match() {
        let document = json!({"data": [{"m": "2026-04", "v": 3}, {"m": "2026-05"}]});
        let series = rows("$.data[*]", Some("$.m"), Some("$.v"));
        let found = table(&series, &document).unwrap();
        assert_eq!(found.columns, ["value", "period"]);
        assert_eq!(found.rows, [[Cell::Int(3), month("2026-04")], [Cell::Null, month("2026-05")]]);
        let empty = table(&series, &json!({"data": []})).unwrap();
        assert_eq!((empty.rows.len(), empty.doubt), (0, None));
        let elsewhere = table(&series, &json!({"items": []})).unwrap();
        assert!(elsewhere.doubt.unwrap().words().contains("has nothing at `$.data[*]`"));
        let null = table(&series, &json!({"data": null})).unwrap_err();
        assert!(null.contains("null at `$.data[*]`"), "{null}");
        let misspelt = table(&series, &json!({"data": [{"m": "2026-05", "w": 3}]})).unwrap();
        assert!(misspelt.doubt.unwrap().words().contains("has nothing at `$.v`"));
    }

    #[test]
    fn a_period_may_be_the_key_of_its_row() {
        let document = json!({ "2026-04": { "n": 1 }, "2026-05": { "n": 2 } });
        let found = table(&rows("$.*", Some("key"), Some("$.n")), &document).unwrap();
        assert_eq!(
            found.rows,
            [[Cell::Int(1), month("2026-04")], [Cell::Int(2), month("2026-05")]]
        );
        let whole = table(&rows("$.*", Some("key"), Some("$")), &json!({ "2026-05": 7 })).unwrap();
        assert_eq!(whole.rows, [[Cell::Int(7), month("2026-05")]]);
        let list = table(&rows("$[*]", Some("key"), Some("$.n")), &json!([{ "n": 1 }]));
        assert!(list.unwrap_err().contains("such as `period: $.key`"));
    }

    #[test]
    fn lists_run_side_by_side_only_if_they_are_as_long() {
        let read = |document: &Value| {
            side_by_side(&path("$.x[*]"), &Place::Value(path("$.y[*]")), document)
        };
        let found = read(&json!({ "x": ["2026-04", "2026-05"], "y": [1, null] })).unwrap();
        assert_eq!(found.rows, [[Cell::Int(1), month("2026-04")], [Cell::Null, month("2026-05")]]);
        for (document, part) in [
            (json!({ "x": ["2026-04"], "y": [1, 2] }), "has 1 periods at `$.x[*]` and 2 figures"),
            (json!({ "x": ["2026-04"] }), "has nothing at `$.y[*]`"),
            (json!({ "x": null, "y": [1] }), "has null at `$.x[*]` where a list is expected"),
        ] {
            let told = read(&document).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }

    /// The figures of a document's orders, settled.
    fn figures(rows: &RowsAt, document: &Value) -> Result<Vec<Vec<Cell>>, String> {
        Ok(table(rows, document)?.settled().rows)
    }

    fn orders() -> Value {
        json!({ "orders": [
            { "at": "2026-05-01T10:00:00Z", "status": "paid", "total": 10.5, "by": "a" },
            { "at": "2026-05-31T21:59:59Z", "status": "open", "total": 4, "by": "b" },
            { "at": "2026-05-31T22:00:00Z", "status": "paid", "total": 99, "by": "c" },
            { "at": "2026-05-09T10:00:00Z", "status": "paid", "total": null, "by": "a" },
        ] })
    }

    #[test]
    fn rows_that_fall_in_a_period_make_its_figure() {
        let by = |aggregate, value| RowsAt {
            aggregate: Some(aggregate),
            ..rows("$.orders[*]", Some("$.at"), value)
        };
        let may = Cell::Period(Period::Month(2026, 5));
        for (aggregate, value, figure) in [
            (RowAggregate::Count, None, Cell::Unsigned(3)),
            (RowAggregate::Count, Some("$.total"), Cell::Unsigned(2)),
            (RowAggregate::Distinct, Some("$.by"), Cell::Unsigned(2)),
            (RowAggregate::Sum, Some("$.total"), Cell::Float(14.5)),
            (RowAggregate::Least, Some("$.total"), Cell::Float(4.0)),
        ] {
            let found = figures(&by(aggregate, value), &orders()).unwrap();
            assert_eq!(found, [[figure, may.clone()]], "{aggregate}");
        }
    }

    #[test]
    fn conditions_pick_rows_and_a_misspelt_one_is_told() {
        let by = |at: &str, test: Test| RowsAt {
            aggregate: Some(RowAggregate::Count),
            conditions: vec![(path(at), Condition { tests: vec![test] })],
            ..rows("$.orders[*]", None, None)
        };
        let is = |word: &str| Test::OneOf(vec![Literal::Text(word.to_owned())]);
        let paid = figures(&by("$.status", is("paid")), &orders()).unwrap();
        assert_eq!(paid, [[Cell::Unsigned(3)]]);
        let large = figures(&by("$.total", Test::Above(5.0)), &orders()).unwrap();
        assert_eq!(large, [[Cell::Unsigned(2)]]);
        for (at, test, part) in [
            ("$.status", is("payd"), "has no row whose `$.status` is `payd`"),
            ("$.staus", is("paid"), "has nothing at `$.staus` of any row"),
            ("$.staus", Test::Above(1.0), "has nothing at `$.staus` of any row"),
        ] {
            let doubt = table(&by(at, test), &orders()).unwrap().doubt.unwrap();
            assert!(doubt.words().contains(part), "{doubt:?}");
        }
        let none = table(&by("$.total", Test::Above(1e6)), &orders()).unwrap();
        assert_eq!((none.is_bare(), none.doubt), (true, None), "nothing is above that");
        let misfit = table(&by("$.status", Test::Above(1.0)), &orders()).unwrap_err();
        assert!(misfit.contains("in row 1 the column `$.status` is the text"), "{misfit}");
    }
}
