//! Many values: aggregates, natural limits, arrows, forecasts.

use chrono::{DateTime, TimeDelta};
use kpid_rules::{
    judgement::{
        forecast::{self, SeriesShape},
        signal::{self, Limits},
        trend as arrow,
    },
    model::{Aggregate, Kpi, SignalRules},
    series::{Figure, Reading, ReadingKind, reading},
};
use serde_json::{Value, json};

use super::{
    numbers,
    world::{amount, direction, kpi, one},
};

pub(super) fn aggregate(input: &Value) -> Value {
    if let Some(numerator) = input.get("num").and_then(Value::as_f64) {
        let denominator = input["den"].as_f64().unwrap();
        let kpi = Kpi { min_n: input["min_n"].as_f64().unwrap(), ..kpi("k") };
        let found = one(kpi, Figure::Ratio { numerator, denominator });
        return json!({ "value": found.value, "status": found.status, "reason": found.gap });
    }
    let readings = readings(&numbers(&input["readings"]));
    let (kind, aggregate) = match (input["reading"].as_str(), input["method"].as_str()) {
        (Some("to_date"), _) => (ReadingKind::ToDate, Aggregate::Last),
        (Some("counter"), _) => (ReadingKind::Counter, Aggregate::Last),
        (_, Some(method)) => (ReadingKind::Value, method_named(method)),
        _ => panic!("no kind of aggregate is like {input}"),
    };
    let figure = reading::actual(kind, aggregate, 1.0, &readings).unwrap();
    json!({ "value": figure.value(1.0) })
}

fn method_named(name: &str) -> Aggregate {
    match name {
        "last" => Aggregate::Last,
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Avg,
        "max" => Aggregate::Max,
        "count" => Aggregate::Count,
        "median" => Aggregate::Median,
        "p95" => Aggregate::Percentile(95.0),
        other => panic!("the method {other} is not known"),
    }
}

fn readings(values: &[f64]) -> Vec<Reading> {
    let start = DateTime::UNIX_EPOCH;
    let each = values.iter().enumerate().map(|(at, value)| Reading {
        observed_at: start + TimeDelta::hours(at as i64),
        collected_at: start,
        figure: Figure::Value(*value),
    });
    each.collect()
}

fn limits(input: &Value) -> Limits {
    let baseline = numbers(&input["baseline"]);
    Limits::of(&baseline.into_iter().map(Some).collect::<Vec<_>>(), false).unwrap()
}

pub(super) fn xmr(input: &Value) -> Value {
    if let Some(values) = input.get("values") {
        let values = numbers(values);
        let series: Vec<_> = values.iter().copied().map(Some).collect();
        let screen = input["screen_outliers"].as_bool().unwrap();
        let limits = Limits::of_all(&series, screen).unwrap();
        let outside: Vec<usize> =
            (0..values.len()).filter(|at| limits.is_outside(values[*at])).collect();
        return json!({
            "mean": limits.mean, "lower": limits.lower, "upper": limits.upper, "outside": outside,
        });
    }
    let limits = limits(input);
    let new = input.get("new").map(numbers).unwrap_or_default();
    let series = [numbers(&input["baseline"]), new].concat();
    let found = limits.signal(SignalRules::Two, &series);
    json!({
        "mean": limits.mean,
        "mr_bar": limits.mean_range,
        "lower": limits.lower,
        "upper": limits.upper,
        "range_limit": signal::range_limit(limits.mean_range),
        "signal": found.map(|(signal, _)| signal),
        "side": found.map(|(_, side)| side),
    })
}

pub(super) fn assurance(input: &Value) -> Value {
    let target = input["target"].as_f64().unwrap();
    json!({ "assurance": limits(input).assurance(direction(input), target) })
}

pub(super) fn trend(input: &Value) -> Value {
    let (previous, current) =
        (input["previous"].as_f64().unwrap(), input["current"].as_f64().unwrap());
    json!({ "trend": arrow(previous, current, direction(input), amount(&input["dead_band"])) })
}

pub(super) fn forecast(input: &Value) -> Value {
    if let Some(to_date) = input.get("actual_to_date").and_then(Value::as_f64) {
        let last_year = |key: &str| input[key].as_f64().unwrap();
        let (part, total) = (last_year("last_year_to_date"), last_year("last_year_total"));
        return json!({ "forecast": forecast::seasonal_pace(to_date, part, total) });
    }
    let history: Vec<_> = numbers(&input["history"]).into_iter().map(Some).collect();
    let horizon = input["horizon"].as_u64().unwrap() as u32;
    let found = forecast::forecast(&history, None, horizon, SeriesShape::Moving);
    json!({ "forecast": found.map(|found| found.value) })
}
