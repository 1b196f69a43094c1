//! Children make a parent, units make a whole, and both can be explained.

use kpid_rules::{
    judgement::{Child, manual_score, roll_up},
    model::{
        Contribution, Input, Kpi, KpiRef, ObjectiveRef, Portfolio, Rollup, RollupRule, Scoring,
        Status,
    },
    series::{Figure, History},
};
use serde_json::{Value, json};

use super::{
    demo::explained,
    numbers,
    world::{id, judged, kpi, objective, of_kpis, perspective, record, scorecard},
};

pub(super) fn rollup(input: &Value) -> Value {
    let rule = match input["rule"].as_str() {
        None => RollupRule::WeightedMean,
        Some("worst_of") => RollupRule::WorstOf,
        Some("majority") => RollupRule::Majority,
        Some("count_red") => RollupRule::CountRed { red: 2, amber: 1 },
        Some(other) => panic!("the rule {other} is not known"),
    };
    let red_guard = input["red_guard"].as_bool().unwrap_or(true);
    let rollup = Rollup { rule, red_guard, ..Rollup::default() };
    let children: Vec<_> =
        input["children"].as_array().unwrap().iter().enumerate().map(child).collect();
    serde_json::to_value(roll_up(&rollup, &children).verdict).unwrap()
}

fn child((at, input): (usize, &Value)) -> Child {
    Child {
        id: id(&format!("c{at}")),
        status: serde_json::from_value(input["status"].clone()).unwrap(),
        score: input["score"].as_f64(),
        weight: input["weight"].as_f64().unwrap(),
        critical: input["critical"].as_bool().unwrap_or(false),
    }
}

pub(super) fn manual(input: &Value) -> Value {
    let status: Status = serde_json::from_value(input["manual"].clone()).unwrap();
    let rollup = Rollup { rule: RollupRule::Manual(status), ..Rollup::default() };
    let verdict = roll_up(&rollup, &[]).verdict;
    assert_eq!(verdict.score, manual_score(status));
    serde_json::to_value(verdict).unwrap()
}

/// The rows of this area are told apart by what they give.
pub(super) fn cascade(input: &Value) -> Value {
    if let Some(units) = input.get("units") {
        return whole(units.as_array().unwrap(), input["scale"].as_f64().unwrap());
    }
    if input.get("links").is_some() { circle(input) } else { rollup(input) }
}

/// A KPI that units share, with the sums that each of them has.
fn whole(units: &[Value], scale: f64) -> Value {
    let names: Vec<String> = (0..units.len()).map(|at| format!("k{at}")).collect();
    let named = |name: &String| KpiRef { scorecard: id("card"), kpi: id(name) };
    let input = Input::Shared(names.iter().map(named).collect());
    let shared = Kpi { input, scale, ..kpi("whole") };
    let parts = names.iter().map(|name| kpi(name));
    let card = of_kpis(parts.chain([shared]).collect());
    let mut history = History::default();
    for (name, unit) in names.iter().zip(units.iter().map(numbers)) {
        let figure = Figure::Ratio { numerator: unit[0], denominator: unit[1] };
        record(&mut history, &card, name, "2026-05", figure);
    }
    let standing = judged(&card, &history, "2026-05");
    let kpis = &standing.perspectives[0].objectives[0].kpis;
    json!({ "value": kpis.last().unwrap().value })
}

/// Objectives of two scorecards, each a contribution to the other.
fn circle(input: &Value) -> Value {
    let links = input["links"].as_array().unwrap().iter();
    let scorecards = links.map(|link| {
        let (child, parent) = (named(&link[0]), named(&link[1]));
        let contribution = Contribution { objective: child, weight: 1.0, critical: false };
        let mut aim = objective(parent.objective.as_str(), 1.0, false, Vec::new());
        aim.contributions.push(contribution);
        let mut card = scorecard(vec![perspective("view", 1.0, vec![aim])]);
        card.id = parent.scorecard;
        card
    });
    let errors = Portfolio::new(scorecards.collect()).unwrap_err();
    let is_cycle =
        errors.iter().any(|error| matches!(error, kpid_rules::model::LinkError::Cycle(..)));
    json!({ "error": if is_cycle { "cycle" } else { "none" } })
}

fn named(path: &Value) -> ObjectiveRef {
    let (scorecard, objective) = path.as_str().unwrap().split_once('/').unwrap();
    ObjectiveRef { scorecard: id(scorecard), objective: id(objective) }
}

/// Three KPIs whose values are their scores, in April and in May.
pub(super) fn explain(input: &Value) -> Value {
    let weights = numbers(&input["weights"]);
    let plain = |at: usize| Kpi {
        weight: weights[at],
        scoring: Scoring::MinMax { min: 0.0, max: 100.0 },
        ..kpi(&format!("k{at}"))
    };
    let kpis: Vec<Kpi> = (0..weights.len()).map(plain).collect();
    let names: Vec<String> = kpis.iter().map(|kpi| kpi.id.to_string()).collect();
    let card = scorecard(vec![perspective("view", 1.0, vec![objective("aim", 1.0, false, kpis)])]);
    let mut history = History::default();
    for (month, key) in [("2026-04", "previous"), ("2026-05", "scores")] {
        for (name, value) in names.iter().zip(numbers(&input[key])) {
            record(&mut history, &card, name, month, Figure::Value(value));
        }
    }
    explained(&card, "view", &history)
}
