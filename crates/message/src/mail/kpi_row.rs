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
use kpid_language::{Language, text};
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
    pub(crate) fn of(language: &Language, kpi: &KpiFacts) -> Self {
        Self {
            name: line(&kpi.name),
            value: value(language, kpi),
            target: target(language, kpi),
            red: red(language, kpi).unwrap_or_default(),
            variance: variance(language, kpi),
            status: language.status(kpi.status).to_uppercase(),
            tone: kpi.status.tone(),
            share: share(language, kpi),
            notes: notes(language, kpi),
            spark: sparkline::spark(language, kpi),
        }
    }
}

/// What a KPI needs to be green, if it can be said; of a flow, also what its running period needs.
pub(crate) fn need(language: &Language, kpi: &KpiFacts) -> Option<String> {
    let need = kpi.need?;
    let name = line(&kpi.name);
    let green = figures::reachable(language, kpi, need.green_line, need.missing);
    if let Some(count) = need.count {
        let shown = |number: f64| language.plain_number(&rounding::value(number, None, &[], None));
        let (by, of) = (shown(count.more.abs()), shown(count.of));
        return Some(if count.more < 0.0 {
            text!(language, "mail-need-fewer", name = name, line = green, count = by, of = of)
        } else {
            text!(language, "mail-need-more-of", name = name, line = green, count = by, of = of)
        });
    }
    let missing = figures::enough(language, kpi, need.missing);
    let need = if need.missing < 0.0 {
        text!(language, "mail-need-less", name = name, line = green, gap = missing)
    } else {
        text!(language, "mail-need-more", name = name, line = green, gap = missing)
    };
    Some(match early::required(language, kpi) {
        Some(required) => format!("{need}; {required}"),
        None => need,
    })
}

/// What the running period of a flow needs to be green.
pub(crate) fn required(language: &Language, kpi: &KpiFacts) -> Option<String> {
    early::required(language, kpi).map(|required| format!("{} {required}", line(&kpi.name)))
}

/// The value with its unit.
pub(crate) fn value(language: &Language, kpi: &KpiFacts) -> String {
    match kpi.value {
        None => language.text("no-value").into_owned(),
        Some(value) if kpi.direction == Better::Binary => {
            language.text(if value > 0.0 { "mail-done" } else { "mail-not-done" }).into_owned()
        }
        Some(value) => figures::amount(language, kpi, value),
    }
}

/// The target, or where green begins if that is elsewhere.
fn target(language: &Language, kpi: &KpiFacts) -> String {
    if kpi.direction == Better::Binary {
        return language.text("mail-target-done").into_owned();
    }
    let target = kpi.target.map(|target| figures::number(language, kpi, target));
    let green = kpi.green_line.map(|green| figures::number(language, kpi, green));
    match (target, green, figures::red_side(kpi)) {
        (None, None, _) => language.text("mail-no-target").into_owned(),
        (Some(target), None, _) => text!(language, "mail-target", value = target),
        (Some(target), Some(green), _) if target == green => {
            text!(language, "mail-target", value = target)
        }
        (_, Some(green), Some(Direction::Higher)) => {
            text!(language, "mail-green-up-to", value = green)
        }
        (_, Some(green), Some(Direction::Lower)) => {
            text!(language, "mail-green-from", value = green)
        }
        (_, Some(green), None) => text!(language, "mail-green-at", value = green),
    }
}

/// Where red begins, if that can be said.
fn red(language: &Language, kpi: &KpiFacts) -> Option<String> {
    let red = figures::number(language, kpi, kpi.red_line?);
    match (kpi.direction, figures::red_side(kpi)?) {
        (Better::Binary, _) => None,
        (_, Direction::Higher) => Some(text!(language, "mail-red-above", value = red)),
        (_, Direction::Lower) => Some(text!(language, "mail-red-below", value = red)),
    }
}

fn variance(language: &Language, kpi: &KpiFacts) -> String {
    match kpi.variance {
        None => language.text("mail-difference-unknown").into_owned(),
        Some(0.0) => language.text("mail-no-difference").into_owned(),
        Some(variance) => {
            let sign = if variance < 0.0 { '-' } else { '+' };
            format!("{sign}{}", figures::difference(language, kpi, variance))
        }
    }
}

fn share(language: &Language, kpi: &KpiFacts) -> String {
    match kpi.share_pct {
        Some(share) if share > 0.0 => format!("{} %", share.round()),
        _ => language.text("mail-share-none").into_owned(),
    }
}

/// Signal or noise, how long, what the process can do, and the units behind it.
fn notes(language: &Language, kpi: &KpiFacts) -> Vec<String> {
    let streak = kpi.streak.filter(|&streak| streak > 1).map(|streak| {
        let status = language.status(kpi.status);
        text!(language, "mail-periods-in-a-row", count = streak, status = status)
    });
    let assurance = kpi.assurance.and_then(|assurance| match assurance {
        Assurance::Pass => None,
        Assurance::Fail => Some("mail-assurance-fail"),
        Assurance::HitAndMiss => Some("mail-assurance-chance"),
    });
    let assurance = assurance.map(|key| language.text(key).into_owned());
    let units: Vec<String> = kpi.units.iter().map(|unit| unit_value(language, kpi, unit)).collect();
    let units = (!units.is_empty()).then(|| units.join(", "));
    signal(language, kpi).into_iter().chain(streak).chain(assurance).chain(units).collect()
}

/// Signal or noise, where that is known; otherwise the two-point comparison.
fn signal(language: &Language, kpi: &KpiFacts) -> Option<String> {
    let range = kpi.usual_range.map(|range| {
        let number = |value| figures::number(language, kpi, value);
        text!(language, "mail-range", low = number(range.low), high = number(range.high))
    });
    Some(match (kpi.signal, range, kpi.trend) {
        (Some(Signal::Outside), Some(range), _) => {
            text!(language, "mail-signal-outside-range", range = range)
        }
        (Some(Signal::NearLimit), Some(range), _) => {
            text!(language, "mail-signal-near-range", range = range)
        }
        (Some(Signal::Outside), None, _) => language.text("mail-signal-outside").into_owned(),
        (Some(Signal::NearLimit), None, _) => language.text("mail-signal-near").into_owned(),
        (Some(Signal::Run), ..) => language.text("mail-signal-run").into_owned(),
        (Some(Signal::Drift), ..) => language.text("mail-signal-drift").into_owned(),
        (None, Some(range), _) => text!(language, "mail-within-range", range = range),
        (None, None, Some(Trend::Improving)) => language.text("mail-trend-better").into_owned(),
        (None, None, Some(Trend::Steady)) => language.text("mail-trend-steady").into_owned(),
        (None, None, Some(Trend::Worsening)) => language.text("mail-trend-worse").into_owned(),
        (None, None, None) => return None,
    })
}

fn unit_value(language: &Language, kpi: &KpiFacts, unit: &UnitFacts) -> String {
    let value = unit.value.map(|value| figures::amount(language, kpi, value));
    let value = value.unwrap_or_else(|| language.text("no-value").into_owned());
    format!("{} {value}", line(&unit.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::kpi::{CountNeed, Need},
        samples,
    };
    use kpid_language::english;

    #[test]
    fn what_green_needs_is_said_in_what_is_counted() {
        let fewer = CountNeed { more: -12.0, of: 400.0 };
        let of = |line| {
            need(english(), &KpiFacts { need: Some(line), ..samples::kpis::on_time_delivery() })
                .unwrap()
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
        let words = |kpi: &KpiFacts| {
            format!("{} {}", target(english(), kpi), red(english(), kpi).unwrap_or_default())
        };
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
