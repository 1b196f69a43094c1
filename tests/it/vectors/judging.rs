//! One KPI, one value: lines, status, score, and the figures people read.

use kpid_rules::{
    judgement::{Judge, judge_kpi},
    model::{Aim, Amount, Band, Kpi, Portfolio, Scoring, Target, Tolerance},
    series::{Actual, Figure, History},
};
use serde_json::{Value, json};

use super::world::{aim, aim_of, direction, kpi as plain, of_kpis, one, period};

fn number(input: &Value, key: &str) -> f64 {
    input[key].as_f64().unwrap()
}

fn with_aim(input: &Value) -> Kpi {
    Kpi { direction: direction(input), aims: vec![aim_of(input)], ..plain("k") }
}

pub(super) fn kpi(input: &Value) -> Value {
    let worst = input.get("worst").and_then(Value::as_f64);
    let kpi = Kpi { worst, ..with_aim(input) };
    serde_json::to_value(one(kpi, Figure::Value(number(input, "x")))).unwrap()
}

pub(super) fn band(input: &Value) -> Value {
    let band = Band {
        low: number(input, "lo"),
        high: number(input, "hi"),
        red_low: number(input, "lo_red"),
        red_high: number(input, "hi_red"),
    };
    let none = Amount::Absolute(0.0);
    let kpi = Kpi { aims: vec![aim(Target::Band(band), none, none)], ..plain("k") };
    serde_json::to_value(one(kpi, Figure::Value(number(input, "x")))).unwrap()
}

pub(super) fn binary(input: &Value) -> Value {
    let due = super::world::day("2026-05-20");
    let none = Amount::Absolute(0.0);
    let kpi = Kpi { aims: vec![aim(Target::Milestone { due }, none, none)], ..plain("k") };
    let done = f64::from(u8::from(input["x"].as_bool().unwrap()));
    serde_json::to_value(one(kpi, Figure::Value(done))).unwrap()
}

pub(super) fn achievement(input: &Value) -> Value {
    serde_json::to_value(one(with_aim(input), Figure::Value(number(input, "x")))).unwrap()
}

pub(super) fn progress(input: &Value) -> Value {
    let (baseline, goal) = (number(input, "baseline"), number(input, "goal"));
    json!({ "progress_pct": kpid_rules::judgement::score::progress_pct(baseline, goal, number(input, "x")) })
}

pub(super) fn scoring(input: &Value) -> Value {
    let scoring = match input["method"].as_str().unwrap() {
        "minmax" => Scoring::MinMax { min: number(input, "min"), max: number(input, "max") },
        "equal_bands" => Scoring::EqualBands(super::numbers(&input["edges"])),
        "threshold" => return thirds(input),
        other => panic!("the method {other} is not known"),
    };
    let kpi = Kpi { direction: direction(input), scoring, ..plain("k") };
    serde_json::to_value(one(kpi, Figure::Value(number(input, "x")))).unwrap()
}

/// Another tool's thirds: its lines are ours, its scale of 33 to 67 maps straight to ours of 40 to 70.
fn thirds(input: &Value) -> Value {
    let bands = super::numbers(&input["score_bands"]);
    let score = one(with_aim(input), Figure::Value(number(input, "x"))).score.unwrap();
    json!({ "score": bands[0] + (bands[1] - bands[0]) * (score - 40.0) / 30.0 })
}

/// A period reported, closed, and then revised.
pub(super) fn restate(input: &Value) -> Value {
    let scorecard = of_kpis(vec![with_aim(input)]);
    let kpi = scorecard.kpis().next().unwrap();
    let at = period(input["period"].as_str().unwrap());
    let (_, end) = scorecard.calendar.bounds(at);
    let mut history = History::default();
    let revisions = super::numbers(&input["revisions"]);
    let mut now = end;
    for value in &revisions {
        let figure = Figure::Value(*value);
        let actual = Actual { figure, target: None, observed_at: end, collected_at: now };
        history.kpi_mut(&scorecard.named(kpi)).record(at, actual);
        now += chrono::TimeDelta::days(1);
    }
    let portfolio = Portfolio::new(vec![scorecard.clone()]).unwrap();
    let judge = Judge::new(&portfolio, &history, now);
    let found = judge_kpi(&judge.case(&scorecard, kpi), &scorecard, now);
    let reported = found.as_reported.unwrap();
    json!({
        "as_reported": [reported.status, reported.score],
        "as_restated": [found.status, found.score],
        "notice": reported.material,
    })
}

/// The aim of a journey, with a tolerance of its planned change.
pub(super) fn journey(kpi: Kpi, target: Target, red: Amount) -> Kpi {
    let none = Amount::Absolute(0.0);
    let tolerance = Tolerance::Margins { green: none, red, floor: None };
    Kpi { aims: vec![Aim { from: None, target: Some(target), tolerance }], ..kpi }
}
