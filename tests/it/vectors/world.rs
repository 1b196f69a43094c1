//! Scorecards small enough for one case.

use std::sync::Arc;

use kpid_rules::{
    judgement::{Judge, KpiStanding, ScorecardStanding, judge_kpi},
    model::{
        Aim, AlertPolicy, Amount, Calendar, Direction, Id, Kpi, Nature, Objective, Period,
        Perspective, Portfolio, Rollup, Scorecard, Target, Tolerance,
    },
    series::{Actual, Figure, History},
};
use serde_json::Value;

pub(crate) fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

pub(crate) fn period(key: &str) -> Period {
    Period::parse(key).unwrap()
}

pub(crate) fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn amsterdam() -> Calendar {
    Calendar::plain("Europe/Amsterdam".parse().unwrap())
}

pub(crate) fn direction(input: &Value) -> Direction {
    if input["direction"] == "lower" { Direction::Lower } else { Direction::Higher }
}

/// `3` or `"10%"`.
pub(crate) fn amount(value: &Value) -> Amount {
    match value.as_str() {
        Some(text) => Amount::Percent(text.trim_end_matches('%').parse().unwrap()),
        None => Amount::Absolute(value.as_f64().unwrap()),
    }
}

pub(crate) fn kpi(name: &str) -> Kpi {
    Kpi::plain(id(name), Nature::Ratio)
}

pub(crate) fn aim(target: Target, green: Amount, red: Amount) -> Aim {
    Aim {
        from: None,
        target: Some(target),
        tolerance: Tolerance::Margins { green, red, floor: None },
    }
}

/// The aim of a row: target, tolerance (10 % unless it says otherwise), green tolerance.
pub(crate) fn aim_of(input: &Value) -> Aim {
    let or = |key: &str, default| input.get(key).map_or(default, amount);
    let green = or("green_tolerance", Amount::Absolute(0.0));
    let red = or("tolerance", Amount::Percent(10.0));
    aim(Target::Fixed(input["target"].as_f64().unwrap()), green, red)
}

pub(crate) fn objective(name: &str, weight: f64, critical: bool, kpis: Vec<Kpi>) -> Objective {
    Objective {
        alert: None,
        was: Vec::new(),
        id: id(name),
        name: name.to_owned(),
        weight,
        critical,
        owner: None,
        rollup: Rollup::default(),
        drives: Vec::new(),
        contributions: Vec::new(),
        aligned: Vec::new(),
        initiatives: Vec::new(),
        kpis,
    }
}

pub(crate) fn perspective(name: &str, weight: f64, objectives: Vec<Objective>) -> Perspective {
    Perspective {
        id: id(name),
        was: Vec::new(),
        name: name.to_owned(),
        weight,
        critical: false,
        owner: None,
        rollup: Rollup::default(),
        alert: AlertPolicy::default(),
        objectives,
    }
}

pub(crate) fn scorecard(perspectives: Vec<Perspective>) -> Scorecard {
    Scorecard {
        alert: None,
        report: None,
        id: id("card"),
        name: "Card".to_owned(),
        owner: None,
        calendar: Arc::new(amsterdam()),
        rollup: Rollup::default(),
        show_overall: true,
        private: false,
        materiality_pct: 1.0,
        freeze_after: None,
        perspectives,
    }
}

pub(crate) fn of_kpis(kpis: Vec<Kpi>) -> Scorecard {
    scorecard(vec![perspective("view", 1.0, vec![objective("aim", 1.0, false, kpis)])])
}

/// Records a figure of a period as it came, on time, at the period's end.
pub(crate) fn record(
    history: &mut History,
    scorecard: &Scorecard,
    kpi: &str,
    at: &str,
    figure: Figure,
) {
    let (_, end) = scorecard.calendar.bounds(period(at));
    let named = scorecard.named(scorecard.kpi(&id(kpi)).unwrap());
    let actual = Actual { figure, target: None, observed_at: end, collected_at: end };
    history.kpi_mut(&named).record(period(at), actual);
}

/// The standing of a scorecard alone, at the end of a period.
pub(crate) fn judged(scorecard: &Scorecard, history: &History, at: &str) -> ScorecardStanding {
    let portfolio = Portfolio::new(vec![scorecard.clone()]).unwrap();
    let (_, end) = scorecard.calendar.bounds(period(at));
    let judge = Judge::new(&portfolio, history, end);
    judge.scorecard(scorecard, &std::collections::HashMap::new())
}

/// One KPI with one value, in May 2026.
pub(crate) fn one(kpi: Kpi, figure: Figure) -> KpiStanding {
    let scorecard = of_kpis(vec![kpi]);
    let kpi = scorecard.kpis().next().unwrap();
    let mut history = History::default();
    record(&mut history, &scorecard, kpi.id.as_str(), "2026-05", figure);
    let portfolio = Portfolio::new(vec![scorecard.clone()]).unwrap();
    let (_, end) = scorecard.calendar.bounds(period("2026-05"));
    let judge = Judge::new(&portfolio, &history, end);
    judge_kpi(&judge.case(&scorecard, kpi), &scorecard, end)
}
