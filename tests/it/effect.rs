//! Keys that are accepted count: one that has no effect is an error with the reason.

use serde_json::Value;

use crate::world::kpid::Kpid;

const CONFIG: &str = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections:
  books: { sqlite: { path: books.db } }
  api: { http: { base_url: http://127.0.0.1:1/ } }
  files: { csv: { folder: . } }
  mes: { push: { tokens: { line: { sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' } } } }
channels:
  mail: { email: { folder: mail, from: Scorecard <kpid@example.com> } }
people:
  ann: { name: Ann, email: ann@example.com }
";

const ASKED: &str = "schedule: { every: 1d }, source: { sql: { from: books, query: \"select 1 where :period_key <> ''\" } }";
const TO_DATE: &str = "schedule: { every: 1d }, source: { sql: { from: books, reading: to_date, query: \"select 1 where :period_key <> ''\" } }";
const SERIES: &str = "schedule: { every: 1d }, source: { sql: { from: books, reading: series, query: \"select 1 where :period_key <> ''\" } }";
const COUNTER: &str = "schedule: { every: 1d }, source: { sql: { from: books, reading: counter, query: \"select 1 where :period_key <> ''\" } }";
const DELTA: &str = "schedule: { every: 1d }, source: { sql: { from: books, reading: delta, query: \"select 1 where :period_key <> ''\" } }";
const PARTS: &str = "schedule: { every: 1d }, source: { http: { from: api, get: \"x/{period_key}\", numerator: $.a, denominator: $.b } }";
const WHOLE: &str =
    "schedule: { every: 1d }, source: { http: { from: api, get: \"x/{period_key}\", value: $.a } }";
const PUSHED: &str = "source: { push: { from: mes } }";
const BAND: &str = "target: { band: { low: 1, high: 2 } }";
const DUE: &str = "target: { milestone: { due: 2026-09-30 } }";

/// The errors of each KPI written in a line of its own.
async fn errors(kpis: &[String]) -> Vec<Vec<String>> {
    let mut scorecard = "scorecard: acme
perspectives:
  p:
    objectives:
      o:
        kpis:
"
    .to_owned();
    let above = scorecard.lines().count();
    for (at, kpi) in kpis.iter().enumerate() {
        scorecard += &format!("          k{at}: {{ {kpi} }}\n");
    }
    let kpid = Kpid::new(CONFIG, &scorecard);
    let checked = kpid.run(&["check", "--format", "json"]).await;
    let json: Value = serde_json::from_str(&checked.stdout).unwrap();
    let mut errors = vec![Vec::new(); kpis.len()];
    for problem in json["problems"].as_array().unwrap() {
        if problem["severity"] == "error" {
            let line = usize::try_from(problem["line"].as_u64().unwrap()).unwrap();
            let file = problem["file"].as_str().unwrap();
            assert!(file.ends_with("acme.yaml"), "{problem}");
            errors[line - above - 1].push(problem["message"].as_str().unwrap().to_owned());
        }
    }
    errors
}

#[tokio::test]
async fn a_key_without_effect_is_an_error_with_the_reason() {
    let cases: Vec<(String, &str)> = [
        ("nature: flow, target: 1, scale: 0.01", WHOLE, "`scale` multiplies numerator / denominator, and the source gives one `value`"),
        ("nature: flow, target: 1, scale: 0.01", ASKED, "only a `nature: ratio` has these"),
        ("nature: flow, target: 1, scale: 0.01", PARTS, ""),
        ("nature: ratio, target: 1, scale: 0.01", ASKED, ""),
        ("nature: ratio, target: 1, min_n: 5", WHOLE, "`min_n` is the smallest denominator, and the source gives one `value`"),
        ("nature: ratio, target: 1, min_n: 5, formula: k0 / k1", "", "a `formula` gives one value"),
        ("nature: level, target: 1, min_n: 5", ASKED, "only a `nature: ratio` has these"),
        ("nature: ratio, target: 1, min_n: 5", PUSHED, ""),
        ("nature: flow, target: 1, max_age: 2d", ASKED, "`max_age` is of a level"),
        ("nature: ratio, target: 1, max_age: 2d", ASKED, "`max_age` is of a level"),
        ("nature: level, target: 1, max_age: 2d, carry_forward: 1", ASKED, ""),
        ("nature: event, max_age: 2d, target: { milestone: { due: 2026-09-30 } }", ASKED, "a milestone is done or not"),
        ("nature: event, carry_forward: 2, target: { milestone: { due: 2026-09-30 } }", ASKED, "a milestone is done or not"),
        ("nature: event, lag: 3d, target: { milestone: { due: 2026-09-30 } }", ASKED, "a milestone is done or not"),
        ("nature: level, steps: [{ from: 5, status: on_track }, { from: 7, status: off_track }]", ASKED, "whatever reaches this row reaches one above it"),
        ("nature: level, steps: [{ status: on_track }, { from: 7, status: off_track }]", ASKED, "whatever reaches this row reaches one above it"),
        ("nature: level, steps: [{ from: 5, status: on_track }, { from: 5, status: off_track }]", ASKED, "whatever reaches this row reaches one above it"),
        ("nature: level, direction: lower, steps: [{ from: 7, status: on_track }, { from: 5, status: off_track }]", ASKED, "whatever reaches this row reaches one above it"),
        ("nature: level, direction: lower, steps: [{ from: 5, status: on_track }, { from: 7, status: at_risk }, { status: off_track }]", ASKED, ""),
        ("nature: level, target: 1, pace: { basis: calendar_days }", ASKED, "only the running period of a flow has a pace"),
        ("nature: ratio, target: 1, pace: { basis: calendar_days }", SERIES, "only the running period of a flow has a pace"),
        ("nature: flow, target: 1, pace: { basis: calendar_days }", ASKED, "is asked when its period has ended"),
        ("nature: flow, target: 1, pace: { basis: calendar_days }", TO_DATE, ""),
        ("nature: flow, target: 1, pace: { basis: calendar_days }, cumulative: quarter", TO_DATE, "judged by its sum, and has no pace"),
        ("nature: flow, pace: { basis: calendar_days }", TO_DATE, "there is no such target"),
        ("nature: flow, pace: { basis: calendar_days }, target: { band: { low: 1, high: 2 } }", TO_DATE, "there is no such target"),
        ("nature: flow, target: 1, aggregate: sum", SERIES, "each row of a `reading: series` is the figure of its period"),
        ("nature: flow, target: 1, aggregate: sum", TO_DATE, "of a `reading: to_date` the last one"),
        ("nature: flow, target: 1, aggregate: sum", COUNTER, "what the meter rose by"),
        ("nature: flow, target: 1, aggregate: sum", "", "what is imported is one figure a period"),
        ("nature: flow, target: 1, aggregate: sum, formula: k0 + k1", "", "a `formula` gives one figure a period"),
        ("nature: flow, target: 1, aggregate: sum", DELTA, ""),
        ("nature: level, target: 1, aggregate: avg", ASKED, ""),
        ("nature: level, target: 1, aggregate: wavg", WHOLE, "made of numerators and denominators"),
        ("nature: flow, target: 1, empty: zero", PUSHED, "its system pushes, and nothing is asked"),
        ("nature: flow, target: 1, empty: zero", "", "it has no source, and nothing is asked"),
        ("nature: flow, target: 1, empty: zero", COUNTER, "a meter that is not there does not stand at 0"),
        ("nature: flow, target: 1, empty: zero", SERIES, ""),
        ("nature: flow, target: 1, jitter: 5m", "", "it has no source, and nothing is asked"),
        ("nature: flow, target: 1, jitter: 5m", PUSHED, "its system pushes, and nothing is asked"),
        ("nature: flow, target: 1, jitter: 5m", ASKED, ""),
        ("nature: flow, target: 1, schedule: { every: 1d }, formula: k0 + k1", "", "it is made of other KPIs"),
        ("nature: flow, target: 1, schedule: { every: 1d }", "", "it has no source"),
        ("nature: flow, target: 1, schedule: { every: 1d }, source: { sql: { from: books, query: \"select 1 where :period_key <> ''\", lookback: 2 } }", "", "only a `reading: series` is asked again"),
        ("nature: flow, target: 1, schedule: { every: 1d }, source: { csv: { from: files, file: a.csv, period: month, lookback: 2 } }", "", "only a `reading: series` is asked again"),
        ("nature: flow, target: 1, schedule: { every: 1d }, source: { sql: { from: books, reading: series, query: select 1, lookback: 2 } }", "", ""),
        ("nature: flow, period: year, target: 1, cumulative: fiscal_year", ASKED, "no shorter than what they are added up over"),
        ("nature: flow, period: quarter, target: 1, cumulative: quarter", ASKED, "no shorter than what they are added up over"),
        ("nature: flow, period: quarter, target: 1, cumulative: fiscal_year", ASKED, ""),
        ("nature: flow, target: 1, tolerance: 1, lines: { green: 2, red: 1 }", ASKED, "say where green and red begin"),
        ("nature: flow, target: 1, green_tolerance: 1, steps: [{ status: on_track }]", ASKED, "say where green and red begin"),
        ("nature: flow, target: 1, lines: { green: 2, red: 1 }, steps: [{ status: on_track }]", ASKED, "`lines` say where green and red begin"),
        ("nature: level, tolerance: 1", "target: { band: { low: 1, high: 2 } }", "a band or milestone says itself"),
        ("nature: level, lines: { green: 2, red: 1 }", BAND, "a band or milestone says itself"),
        ("nature: event, tolerance: 1", DUE, "a band or milestone says itself"),
        ("nature: level, tolerance: 1", "target: { maintain: 40 }", ""),
        ("nature: level, target: [{ target: 1 }, { from: 2026-04, target: { band: { low: 1, high: 2 } }, tolerance: 1 }]", ASKED, "a band or milestone says itself"),
        ("nature: level, tolerance: 1, target: [{ target: 1, tolerance: 2 }, { from: 2026-04, target: 2, tolerance: 1 }]", ASKED, "every row of `target` has a tolerance of its own"),
        ("nature: level, tolerance: 1, target: [{ target: 1 }, { from: 2026-04, target: 2, tolerance: 1 }]", ASKED, ""),
        ("nature: level, tolerance: 1", WHOLE, "there is no `target` that it is measured from"),
        ("nature: level, tolerance: 1", ASKED, ""),
        ("nature: level, target: 5, tolerance: 1, tolerance_floor: 2", ASKED, "the tolerance is not in %"),
        ("nature: level, target: 5, tolerance: 10%, tolerance_floor: 2", ASKED, ""),
        ("nature: level, target: 5, tolerance_floor: 2", ASKED, ""),
        ("nature: level, target: 5, tolerance: 1, green_tolerance: 5%, tolerance_floor: 2", ASKED, ""),
        ("nature: level, target: 5, best: 9, scoring: binary", ASKED, "only with `scoring: threshold`"),
        ("nature: level, target: 5, worst: 1, steps: [{ status: on_track }]", ASKED, "each row of `steps` has a score of its own"),
        ("nature: level, best: 9", ASKED, "without a `target` there is no score"),
        ("nature: level, target: 5, best: 9, worst: 1", ASKED, ""),
        ("nature: level, credit_overachievement: false", ASKED, "without a `target` there is no score"),
        ("nature: level, credit_overachievement: false, scoring: { minmax: { min: 1, max: 2 } }", ASKED, ""),
        ("nature: level, scoring: achievement", WHOLE, "without a `target` there is no score"),
        ("nature: level, scoring: achievement, target: { band: { low: 1, high: 2 } }", WHOLE, "there is no single value to reach"),
        ("nature: level, direction: lower", BAND, "has no better side"),
        ("nature: level, direction: lower, target: { maintain: 40 }", ASKED, "has no better side"),
        ("nature: level, direction: lower, target: 5", ASKED, ""),
    ]
    .map(|(key, source, part)| {
        let comma = if source.is_empty() { "" } else { ", " };
        (format!("{key}{comma}{source}"), part)
    })
    .into();
    let kpis: Vec<String> = cases.iter().map(|(kpi, _)| kpi.clone()).collect();
    for ((kpi, part), found) in cases.iter().zip(errors(&kpis).await) {
        match *part {
            "" => assert!(found.is_empty(), "{kpi}: {found:?}"),
            part => assert!(
                found.len() == 1 && found[0].contains(part),
                "{kpi}: expected {part}: {found:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_guard_or_an_escalation_without_effect_is_an_error() {
    let scorecard = "scorecard: acme
perspectives:
  a:
    rollup: { manual: on_track }
    min_coverage: 0.9
    alert: { to: [ann], escalate_after: 3 }
    objectives: { o: { rollup: worst_of, red_guard: true } }
  b:
    missing: block
    min_coverage: 0.9
    alert: { to: [ann], escalate_to: [ann], escalate_after: 0, escalate_unacknowledged: 2 }
    objectives: { q: { red_guard: false, missing: worst, min_coverage: 0.5 } }
";
    let kpid = Kpid::new(CONFIG, scorecard);
    let checked = kpid.run(&["check"]).await;
    let errors: Vec<&str> =
        checked.stdout.lines().filter(|line| line.contains(": error: ")).collect();
    let told = [
        "acme.yaml:5:19: error: a `manual` status stands whatever the children are",
        "acme.yaml:6:41: error: there is no `escalate_to`",
        "acme.yaml:7:53: error: only a `weighted_mean` has a `red_guard`",
        "acme.yaml:10:19: error: with `missing: block` all children must have data",
        "acme.yaml:11:89: error: `escalate_after: 0` means never",
    ];
    assert_eq!(errors.len(), told.len(), "{errors:#?}");
    for part in told {
        assert!(errors.iter().any(|error| error.contains(part)), "{part}: {errors:#?}");
    }
}
