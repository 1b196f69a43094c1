//! The table of the rules' cases, every row of it, run through the real types.
#![expect(clippy::panic, reason = "a row nobody knows how to run stops the test")]

mod alerts;
mod calendar;
mod demo;
mod judging;
mod parents;
mod series;
mod targets;
pub(crate) mod world;

use kpid_rules::judgement::rounding;
use serde_json::Value;

/// Figures of the table are rounded to two or four digits.
const FIGURE_WITHIN: f64 = 0.006;

/// Scores, shares and changes are rounded to one.
const SCORE_WITHIN: f64 = 0.06;

/// What the rules make of a row's input, under the keys of the table.
type Runner = fn(&Value) -> Value;

/// Who runs the rows of which area.
const RUNNERS: [(&str, Runner); 21] = [
    ("kpi", judging::kpi),
    ("band", judging::band),
    ("binary", judging::binary),
    ("achievement", judging::achievement),
    ("progress", judging::progress),
    ("scoring", judging::scoring),
    ("target", targets::target),
    ("aggregate", series::aggregate),
    ("calendar", calendar::calendar),
    ("freshness", calendar::freshness),
    ("xmr", series::xmr),
    ("assurance", series::assurance),
    ("trend", series::trend),
    ("forecast", series::forecast),
    ("restate", judging::restate),
    ("rollup", parents::rollup),
    ("manual", parents::manual),
    ("cascade", parents::cascade),
    ("explain", parents::explain),
    ("alert", alerts::alert),
    ("demo", demo::demo),
];

struct Row {
    id: String,
    area: String,
    input: Value,
    expected: Value,
}

fn rows() -> Vec<Row> {
    let mut reader = csv::Reader::from_path("tests/data/vectors.csv").unwrap();
    let row = |record: csv::StringRecord| Row {
        id: record[0].to_owned(),
        area: record[1].to_owned(),
        input: serde_json::from_str(&record[3]).unwrap(),
        expected: serde_json::from_str(&record[4]).unwrap(),
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn every_row_holds() {
    let rows = rows();
    assert_eq!(rows.len(), 121);
    let mut wrong = Vec::new();
    for row in &rows {
        let runner = RUNNERS.iter().find(|(area, _)| *area == row.area);
        let (_, run) = runner.unwrap_or_else(|| panic!("nobody runs the area {}", row.area));
        let found = run(&row.input);
        for (key, expected) in row.expected.as_object().unwrap() {
            let within = if found[key].is_array() || key.contains("score") {
                SCORE_WITHIN
            } else {
                FIGURE_WITHIN
            };
            // The table names a mistake, to be avoided; there is nothing to compute.
            if key != "wrong_mean"
                && !same(expected, &found[key], within)
                && !shown_as(expected, &found[key])
            {
                wrong.push(format!("{}: {key} is {}, not {expected}", row.id, found[key]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_area_has_a_runner_and_every_runner_an_area() {
    let areas: std::collections::BTreeSet<String> =
        rows().into_iter().map(|row| row.area).collect();
    let run: std::collections::BTreeSet<String> =
        RUNNERS.iter().map(|(area, _)| (*area).to_owned()).collect();
    assert_eq!(areas, run);
}

fn same(expected: &Value, found: &Value, within: f64) -> bool {
    match (expected, found) {
        (Value::Number(expected), Value::Number(found)) => {
            (expected.as_f64().unwrap() - found.as_f64().unwrap()).abs() <= within
        }
        (Value::Array(expected), Value::Array(found)) => {
            let pairs = expected.iter().zip(found);
            expected.len() == found.len() && pairs.into_iter().all(|(a, b)| same(a, b, within))
        }
        _ => expected == found,
    }
}

/// A score just below a band is shown below it.
fn shown_as(expected: &Value, found: &Value) -> bool {
    let pair = expected.as_f64().zip(found.as_f64());
    pair.is_some_and(|(expected, found)| rounding::score(found) == format!("{expected:.1}"))
}

/// The numbers of a list.
fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}
