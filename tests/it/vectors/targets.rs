//! From what is wanted in general to what is wanted in one period.

use chrono::TimeDelta;
use kpid_rules::{
    judgement::{Judge, improved, judge_kpi, trajectory},
    model::{Amount, Gap, Kpi, Nature, Portfolio, Scorecard, Span, Target, TrajectoryShape},
    series::{Figure, History, KpiContext},
};
use serde_json::{Value, json};

use super::{
    judging::journey,
    numbers,
    world::{aim, aim_of, amount, day, direction, kpi, of_kpis, one, period, record},
};

const NONE: Amount = Amount::Absolute(0.0);

/// The rows of this area are told apart by what they give.
pub(super) fn target(input: &Value) -> Value {
    let has = |key: &str| input.get(key).is_some();
    match () {
        () if has("annual") => annual(input),
        () if has("phased") => cumulative(input),
        () if has("tolerance_base") => on_the_way(input),
        () if has("points") => steps(input),
        () if has("ref") => relative(input),
        () if has("history") => rolling(input),
        () if has("elapsed") => pace(input),
        () => panic!("no kind of target is like {input}"),
    }
}

fn with_case<T>(scorecard: &Scorecard, history: &History, look: impl Fn(KpiContext<'_>) -> T) -> T {
    let portfolio = Portfolio::new(vec![scorecard.clone()]).unwrap();
    let judge = Judge::new(&portfolio, history, chrono::DateTime::UNIX_EPOCH);
    look(judge.case(scorecard, scorecard.kpis().next().unwrap()))
}

fn annual(input: &Value) -> Value {
    let target = Target::Annual {
        total: input["annual"].as_f64().unwrap(),
        weights: numbers(&input["weights"]),
    };
    let scorecard = of_kpis(vec![Kpi { aims: vec![aim(target, NONE, NONE)], ..kpi("k") }]);
    let at = period(&format!("2026-{:02}", input["month"].as_u64().unwrap()));
    let wanted = with_case(&scorecard, &History::default(), |case| case.period_lines(at).unwrap());
    json!({ "target": wanted.target })
}

fn cumulative(input: &Value) -> Value {
    let months = ["2026-01", "2026-02", "2026-03"];
    let phased = months.iter().map(|month| period(month)).zip(numbers(&input["phased"])).collect();
    let scorecard = of_kpis(vec![Kpi {
        nature: Nature::Flow,
        cumulative: Some(Span::FiscalYear),
        aims: vec![aim(Target::Phased(phased), NONE, NONE)],
        ..kpi("k")
    }]);
    let mut history = History::default();
    for (month, value) in months.iter().zip(numbers(&input["actuals"])) {
        record(&mut history, &scorecard, "k", month, Figure::Value(value));
    }
    let at = period(months[input["upto"].as_u64().unwrap() as usize - 1]);
    let verdict = with_case(&scorecard, &history, |case| case.judge_period(at));
    json!({ "target": verdict.target, "actual": verdict.value })
}

/// The journey from 8 to 5 in 2026, at the end of June.
fn on_the_way(input: &Value) -> Value {
    let points = vec![(day("2025-12-31"), 8.0), (day("2026-12-31"), 5.0)];
    let target = Target::Trajectory { points, shape: TrajectoryShape::Linear };
    let kpi = journey(
        Kpi { direction: direction(input), ..kpi("k") },
        target,
        amount(&input["tolerance"]),
    );
    let scorecard = of_kpis(vec![kpi]);
    let mut history = History::default();
    record(&mut history, &scorecard, "k", "2026-06", Figure::Value(input["x"].as_f64().unwrap()));
    let verdict = with_case(&scorecard, &history, |case| case.judge_period(period("2026-06")));
    assert!((verdict.target.unwrap() - input["target"].as_f64().unwrap()).abs() < 1e-4);
    json!({ "status": verdict.status, "score": verdict.score })
}

fn steps(input: &Value) -> Value {
    let points: Vec<_> = input["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| (day(point[0].as_str().unwrap()), point[1].as_f64().unwrap()))
        .collect();
    json!({ "target": trajectory(&points, TrajectoryShape::Step, day(input["at"].as_str().unwrap())) })
}

fn relative(input: &Value) -> Value {
    let reference = input["ref"].as_f64().unwrap();
    json!({ "target": improved(reference, amount(&input["improve"]), direction(input)) })
}

fn rolling(input: &Value) -> Value {
    let target = Target::Rolling {
        periods: input["k"].as_u64().unwrap() as u32,
        min: input["min_n"].as_u64().unwrap() as u32,
    };
    let scorecard = of_kpis(vec![Kpi { aims: vec![aim(target, NONE, NONE)], ..kpi("k") }]);
    let mut history = History::default();
    for (at, value) in ["2026-04", "2026-03"].iter().zip(numbers(&input["history"])) {
        record(&mut history, &scorecard, "k", at, Figure::Value(value));
    }
    match with_case(&scorecard, &history, |case| case.period_lines(period("2026-05"))) {
        Ok(wanted) => json!({ "target": wanted.target, "status": null }),
        Err(gap @ Gap::NoTarget) => json!({ "target": null, "status": gap }),
        Err(gap) => panic!("{gap:?}"),
    }
}

/// October 2026 has 22 working days, and ends on a Saturday, when all of them are over.
fn pace(input: &Value) -> Value {
    let scorecard =
        of_kpis(vec![Kpi { nature: Nature::Flow, aims: vec![aim_of(input)], ..kpi("k") }]);
    let kpi = scorecard.kpis().next().unwrap();
    let calendar = &scorecard.calendar;
    let (first, last) = (day("2026-10-01"), day("2026-10-31"));
    assert_eq!(calendar.working_days(first, last), input["total"].as_u64().unwrap() as u32);
    let elapsed = input["elapsed"].as_u64().unwrap() as u32;
    let is_today = |today: &chrono::NaiveDate| {
        today.pred_opt().is_some_and(|before| calendar.working_days(first, before) == elapsed)
    };
    let today = first.iter_days().find(is_today).unwrap();
    let now = calendar.midnight(today) + TimeDelta::hours(12);
    let mut history = History::default();
    let value = input.get("actual").and_then(Value::as_f64).unwrap_or(1.0);
    record(&mut history, &scorecard, "k", "2026-10", Figure::Value(value));
    let portfolio = Portfolio::new(vec![scorecard.clone()]).unwrap();
    let judge = Judge::new(&portfolio, &history, now);
    let pacing = judge_kpi(&judge.case(&scorecard, kpi), &scorecard, now).pace.unwrap();
    json!({ "target_to_date": pacing.target_to_date, "status": pacing.status })
}

#[test]
fn a_sample_too_small_has_no_value() {
    let kpi = Kpi { min_n: 20.0, scale: 100.0, ..kpi("k") };
    let found = one(kpi, Figure::Ratio { numerator: 2.0, denominator: 3.0 });
    assert_eq!(found.value, None);
}
