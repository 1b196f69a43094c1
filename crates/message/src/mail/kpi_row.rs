//! One KPI in a mail, worded.

use serde::Serialize;

use crate::{
    facts::kpi::{Better, KpiFacts, UnitFacts},
    mail::{
        early, figures,
        sparkline::{self, Sparkline},
    },
    wording::line,
};
use kpid_rules::{
    judgement::{Signal, Trend, rounding, signal::Assurance},
    model::Direction,
};

/// One KPI, worded.
#[derive(Debug, Serialize)]
pub(crate) struct KpiRow {
    name: String,
    value: String,
    target: String,
    red: String,
    variance: String,
    status: String,
    tone: &'static str,
    share: String,
    notes: Vec<String>,
    spark: Option<Sparkline>,
}

impl KpiRow {
    /// Words one KPI.
    pub(crate) fn of(kpi: &KpiFacts) -> Self {
        Self {
            name: line(&kpi.name),
            value: value(kpi),
            target: target(kpi),
            red: red(kpi).unwrap_or_default(),
            variance: variance(kpi),
            status: kpi.status.words().to_uppercase(),
            tone: kpi.status.tone(),
            share: share(kpi),
            notes: notes(kpi),
            spark: sparkline::spark(kpi),
        }
    }
}

/// What a KPI needs to be green, if it can be said; of a flow, also what its running period needs.
pub(crate) fn need(kpi: &KpiFacts) -> Option<String> {
    let need = kpi.need?;
    let (name, green) = (line(&kpi.name), figures::reachable(kpi, need.green_line, need.missing));
    if let Some(count) = need.count {
        let shown = |number: f64| rounding::value(number, None, &[], None);
        let (by, of) = (shown(count.more.abs()), shown(count.of));
        let word = if count.more < 0.0 { "fewer" } else { "more" };
        return Some(format!("{name} {green}, i.e. {by} {word} of {of}"));
    }
    let word = if need.missing < 0.0 { "less" } else { "more" };
    let missing = figures::enough(kpi, need.missing);
    let now = early::required(kpi).map(|required| format!("; {required}"));
    Some(format!("{name} {green}, i.e. {missing} {word}{}", now.unwrap_or_default()))
}

/// What the running period of a flow needs to be green.
pub(crate) fn required(kpi: &KpiFacts) -> Option<String> {
    early::required(kpi).map(|required| format!("{} {required}", line(&kpi.name)))
}

/// The value with its unit.
pub(crate) fn value(kpi: &KpiFacts) -> String {
    match kpi.value {
        None => "no value".to_owned(),
        Some(value) if kpi.direction == Better::Binary => {
            if value > 0.0 { "done" } else { "not done" }.to_owned()
        }
        Some(value) => figures::amount(kpi, value),
    }
}

/// The target, or where green begins if that is elsewhere.
fn target(kpi: &KpiFacts) -> String {
    if kpi.direction == Better::Binary {
        return "target done".to_owned();
    }
    let target = kpi.target.map(|target| figures::number(kpi, target));
    let green = kpi.green_line.map(|green| figures::number(kpi, green));
    match (target, green, figures::red_side(kpi)) {
        (None, None, _) => "no target".to_owned(),
        (Some(target), None, _) => format!("target {target}"),
        (Some(target), Some(green), _) if target == green => format!("target {target}"),
        (_, Some(green), Some(Direction::Higher)) => format!("green up to {green}"),
        (_, Some(green), Some(Direction::Lower)) => format!("green from {green}"),
        (_, Some(green), None) => format!("green at {green}"),
    }
}

/// Where red begins, if that can be said.
fn red(kpi: &KpiFacts) -> Option<String> {
    let red = figures::number(kpi, kpi.red_line?);
    match (kpi.direction, figures::red_side(kpi)?) {
        (Better::Binary, _) => None,
        (_, Direction::Higher) => Some(format!("(red above {red})")),
        (_, Direction::Lower) => Some(format!("(red below {red})")),
    }
}

fn variance(kpi: &KpiFacts) -> String {
    match kpi.variance {
        None => "no difference known".to_owned(),
        Some(0.0) => "no difference".to_owned(),
        Some(variance) => {
            let sign = if variance < 0.0 { '-' } else { '+' };
            format!("{sign}{}", figures::difference(kpi, variance))
        }
    }
}

fn share(kpi: &KpiFacts) -> String {
    match kpi.share_pct {
        Some(share) if share > 0.0 => format!("{} %", share.round()),
        _ => "none".to_owned(),
    }
}

/// Signal or noise, how long, what the process can do, and the units behind it.
fn notes(kpi: &KpiFacts) -> Vec<String> {
    let streak = kpi
        .streak
        .filter(|&streak| streak > 1)
        .map(|streak| format!("{streak} periods {} in a row", kpi.status.words()));
    let assurance = kpi.assurance.and_then(|assurance| match assurance {
        Assurance::Pass => None,
        Assurance::Fail => Some("will not meet its target unless the process changes"),
        Assurance::HitAndMiss => {
            Some("as things are, whether it meets its target is down to chance")
        }
    });
    let units: Vec<String> = kpi.units.iter().map(|unit| unit_value(kpi, unit)).collect();
    let units = (!units.is_empty()).then(|| units.join(", "));
    signal(kpi).into_iter().chain(streak).chain(assurance.map(str::to_owned)).chain(units).collect()
}

/// Signal or noise, where that is known; otherwise the two-point comparison.
fn signal(kpi: &KpiFacts) -> Option<String> {
    let range = kpi.usual_range.map_or_else(String::new, |range| {
        let (low, high) = (figures::number(kpi, range.low), figures::number(kpi, range.high));
        format!(" {low} to {high}")
    });
    let words = match (kpi.signal, kpi.usual_range, kpi.trend) {
        (Some(Signal::Outside), ..) => {
            format!("outside its usual range{range}: signal, not noise")
        }
        (Some(Signal::Run), ..) => "a long run on one side of its mean: signal, not noise".into(),
        (Some(Signal::Drift), ..) => "a long rise or fall: signal, not noise".into(),
        (Some(Signal::NearLimit), ..) => {
            format!("near a limit of its usual range{range} again: signal, not noise")
        }
        (None, Some(_), _) => format!("within its usual range{range}: may be noise"),
        (None, None, Some(Trend::Improving)) => "better than the period before".into(),
        (None, None, Some(Trend::Steady)) => "about the same as the period before".into(),
        (None, None, Some(Trend::Worsening)) => "worse than the period before".into(),
        (None, None, None) => return None,
    };
    Some(words)
}

fn unit_value(kpi: &KpiFacts, unit: &UnitFacts) -> String {
    let value = unit.value.map(|value| figures::amount(kpi, value));
    format!("{} {}", line(&unit.name), value.unwrap_or_else(|| "no value".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::kpi::{CountNeed, Need},
        samples,
    };

    #[test]
    fn what_green_needs_is_said_in_what_is_counted() {
        let fewer = CountNeed { more: -12.0, of: 400.0 };
        let of = |line| {
            need(&KpiFacts { need: Some(line), ..samples::kpis::on_time_delivery() }).unwrap()
        };
        let line = Need { green_line: 95.0, missing: -4.9, count: Some(fewer) };
        assert_eq!(of(line), "On-time delivery 95 %, i.e. 12 fewer of 400");
        let parts = CountNeed { more: 30_000.0, of: 1_000_000.11 };
        let money = Need { count: Some(parts), ..line };
        assert_eq!(of(money), "On-time delivery 95 %, i.e. 30000 more of 1000000");
        let line = Need { count: None, ..line };
        assert_eq!(of(line), "On-time delivery 95 %, i.e. 4.9 points less");
    }

    #[test]
    fn every_kind_of_target_has_words() {
        let kpi = |target, green, red, direction| KpiFacts {
            value: Some(1.0),
            target,
            green_line: green,
            red_line: red,
            direction,
            ..samples::kpis::on_time_delivery()
        };
        let words = |kpi: &KpiFacts| format!("{} {}", target(kpi), red(kpi).unwrap_or_default());
        for (case, said) in [
            (kpi(Some(95.0), Some(95.0), Some(92.0), Better::Higher), "target 95 (red below 92)"),
            (
                kpi(Some(95.0), Some(93.0), Some(90.0), Better::Higher),
                "green from 93 (red below 90)",
            ),
            (kpi(None, Some(45.0), Some(55.0), Better::Band), "green up to 45 (red above 55)"),
            (kpi(Some(0.0), Some(0.0), Some(0.0), Better::Lower), "target 0 (red above 0)"),
            (kpi(Some(1.0), Some(1.0), Some(1.0), Better::Binary), "target done "),
            (kpi(None, None, None, Better::Higher), "no target "),
        ] {
            assert_eq!(words(&case), said);
        }
    }
}
