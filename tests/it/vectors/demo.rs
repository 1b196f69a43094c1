//! Calder Cycles in May 2026, from the table's values and lines to the overall score.

use kpid_rules::{
    judgement::{Judge, Verdict},
    model::{Aim, Amount, Band, Kpi, Objective, Portfolio, Scorecard, Target, Tolerance},
    series::{Figure, History},
};
use serde_json::{Map, Value, json};

use super::world::{
    aim, direction, id, judged, kpi, objective, period, perspective, record, scorecard,
};

/// The rows of this area build on each other: what one gives, another refers to.
pub(super) fn demo(input: &Value) -> Value {
    let (kpis, tree) = (given("V139", "kpis"), given("V141", "perspectives"));
    let weights = given("V141", "perspective_weights");
    let card = calder(&kpis, &tree, &weights);
    let mut history = History::default();
    for kpi in kpis.as_array().unwrap() {
        if let Some(value) = kpi["x"].as_f64() {
            record(
                &mut history,
                &card,
                kpi["id"].as_str().unwrap(),
                "2026-05",
                Figure::Value(value),
            );
        }
    }
    if let Some(april) = input.get("april") {
        for (kpi, value) in april.as_object().unwrap() {
            let value = Figure::Value(value.as_f64().unwrap());
            record(&mut history, &april_lines(&card), kpi, "2026-04", value);
        }
        return told_of_april(explained(&april_lines(&card), "C", &history));
    }
    all_nodes(&card, &history)
}

fn given(row: &str, key: &str) -> Value {
    super::rows().into_iter().find(|held| held.id == row).unwrap().input[key].clone()
}

fn calder(kpis: &Value, tree: &Value, weights: &Value) -> Scorecard {
    let views = tree.as_object().unwrap().iter().map(|(name, aims)| {
        let aims = aims.as_array().unwrap().iter().map(|aim| aim_of(kpis, aim));
        perspective(name, weights[name].as_f64().unwrap(), aims.collect())
    });
    scorecard(views.collect())
}

fn aim_of(kpis: &Value, input: &Value) -> Objective {
    let name = input["objective"].as_str().unwrap();
    let own = kpis.as_array().unwrap().iter().filter(|kpi| kpi["objective"] == name);
    let weight = input["weight"].as_f64().unwrap();
    objective(name, weight, input["critical"].as_bool().unwrap(), own.map(kpi_of).collect())
}

fn kpi_of(input: &Value) -> Kpi {
    let number = |key: &str| input[key].as_f64();
    let none = Amount::Absolute(0.0);
    let lines =
        |green, red| Aim { from: None, target: None, tolerance: Tolerance::Lines { green, red } };
    let aims = match (number("green"), number("lo")) {
        (Some(green), _) => vec![lines(green, number("red").unwrap())],
        (None, Some(low)) => {
            let (high, red_low, red_high) = ("hi", "lo_red", "hi_red");
            let edge = |key| number(key).unwrap();
            let band =
                Band { low, high: edge(high), red_low: edge(red_low), red_high: edge(red_high) };
            vec![aim(Target::Band(band), none, none)]
        }
        (None, None) => vec![lines(85.0, 75.0)],
    };
    Kpi {
        weight: input["weight"].as_f64().unwrap(),
        critical: input["critical"].as_bool().unwrap(),
        direction: direction(input),
        aims,
        ..kpi(input["id"].as_str().unwrap())
    }
}

/// The NPS is on a journey: in April its lines were those of 30 April.
fn april_lines(card: &Scorecard) -> Scorecard {
    let mut card = card.clone();
    let objectives = card.perspectives.iter_mut().flat_map(|view| &mut view.objectives);
    let journey = objectives.flat_map(|aim| &mut aim.kpis).find(|kpi| kpi.id == id("K07")).unwrap();
    let points = ["2026-03-31", "2027-03-31"].map(super::world::day).into_iter().zip([38.0, 50.0]);
    let target = Target::Trajectory {
        points: points.collect(),
        shape: kpid_rules::model::TrajectoryShape::Linear,
    };
    journey.aims = vec![aim(target, Amount::Absolute(0.0), Amount::Percent(20.0))];
    card
}

fn all_nodes(card: &Scorecard, history: &History) -> Value {
    let found = judged(card, history, "2026-05");
    let tell = |verdict: &Verdict| {
        json!([verdict.status, verdict.score, verdict.reason, verdict.coverage])
    };
    let mut nodes = Map::new();
    nodes.insert("scorecard".to_owned(), tell(&found.verdict));
    for view in &found.perspectives {
        nodes.insert(view.id.to_string(), tell(&view.verdict));
        for aim in &view.objectives {
            let Verdict { status, score, reason, .. } = aim.verdict;
            nodes.insert(aim.id.to_string(), json!([status, score, reason]));
            for kpi in &aim.kpis {
                nodes.insert(kpi.id.to_string(), json!([kpi.status, kpi.score]));
            }
        }
    }
    nodes.into()
}

/// A perspective of May 2026 taken apart, against April.
pub(super) fn explained(card: &Scorecard, view: &str, history: &History) -> Value {
    let portfolio = Portfolio::new(vec![card.clone()]).unwrap();
    let (_, end) = card.calendar.bounds(period("2026-05"));
    let judge = Judge::new(&portfolio, history, end);
    let found = judge.explain(card, card.perspective(&id(view)).unwrap(), period("2026-05"), true);
    let each = |look: fn(&kpid_rules::analysis::Part) -> Option<f64>| -> Vec<Option<f64>> {
        found.parts.iter().map(look).collect()
    };
    json!({
        "score": found.verdict.score,
        "previous": found.before.verdict.score,
        "change": each(|part| part.change),
        "shortfall": each(|part| part.shortfall),
        "shortfall_share_pct": each(|part| part.share_pct),
    })
}

fn told_of_april(found: Value) -> Value {
    json!({
        "april_score": found["previous"],
        "may_score": found["score"],
        "change": found["change"],
        "shortfall_share_pct": found["shortfall_share_pct"],
    })
}
