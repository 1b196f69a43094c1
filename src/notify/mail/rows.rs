//! The KPIs in a mail: those that made the event a row each, the others a sentence a status.

use serde::Serialize;

use crate::{
    notify::{
        facts::{Better, Facts, KpiFacts, UnitFacts},
        mail::{
            figures, headline,
            spark::{self, Spark},
            view::line,
        },
    },
    scorecard::{Direction, Event, Signal, Status, Trend, signal::Assurance},
};

/// A manager reads so many rows; the rest is on the board.
const ROWS_MAX: usize = 5;

/// The share of the shortfall that the rows explain at least, if five rows can.
const SHARE_EXPLAINED_PCT: f64 = 80.0;

/// A sentence with more names is a list; the list is on the board.
const NAMES_MAX: usize = 8;

/// Parts of a change named one by one; what is left is named together, so that they add up.
const PARTS_MAX: usize = 6;

/// A contribution smaller than this is shown as 0.0 and moved nothing.
const POINTS_MIN: f64 = 0.05;

/// One KPI, worded.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: String,
    value: String,
    target: String,
    red: String,
    variance: String,
    status: String,
    tone: &'static str,
    share: String,
    notes: Vec<String>,
    spark: Option<Spark>,
}

/// The KPIs that made the event: most of the shortfall, or at a recovery what moved most.
pub(super) fn shown(facts: &Facts) -> Vec<&KpiFacts> {
    match facts.event {
        Event::Opened | Event::Escalated => short(facts),
        Event::Recovered => moved(facts),
    }
}

fn short(facts: &Facts) -> Vec<&KpiFacts> {
    let mut explained = 0.0;
    let mut shown = Vec::new();
    for kpi in facts.kpis.iter().filter(|kpi| kpi.share_pct.is_some_and(|share| share > 0.0)) {
        if explained >= SHARE_EXPLAINED_PCT || shown.len() == ROWS_MAX {
            break;
        }
        explained += kpi.share_pct.unwrap_or(0.0);
        shown.push(kpi);
    }
    shown
}

fn moved(facts: &Facts) -> Vec<&KpiFacts> {
    let size = |kpi: &KpiFacts| kpi.contribution.map_or(0.0, f64::abs);
    let mut moved: Vec<_> = facts.kpis.iter().filter(|kpi| size(kpi) >= POINTS_MIN).collect();
    moved.sort_by(|a, b| size(b).total_cmp(&size(a)));
    moved.truncate(ROWS_MAX);
    moved
}

impl Row {
    /// Words one KPI.
    pub(super) fn of(kpi: &KpiFacts) -> Self {
        Self {
            name: line(&kpi.name),
            value: value(kpi),
            target: target(kpi),
            red: red(kpi).unwrap_or_default(),
            variance: variance(kpi),
            status: kpi.status.words().to_uppercase(),
            tone: figures::tone(kpi.status),
            share: share(kpi),
            notes: notes(kpi),
            spark: spark::spark(kpi),
        }
    }
}

/// What a KPI needs to be green, if it can be said.
pub(super) fn need(kpi: &KpiFacts) -> Option<String> {
    let need = kpi.need?;
    let (name, green) = (line(&kpi.name), figures::amount(kpi, need.green_line));
    if let Some(count) = need.count {
        let (by, word) = (count.more.abs(), if count.more < 0.0 { "fewer" } else { "more" });
        return Some(format!("{name} {green}, i.e. {by} {word} of {}", count.of));
    }
    let word = if need.missing < 0.0 { "less" } else { "more" };
    Some(format!("{name} {green}, i.e. {} {word}", figures::difference(kpi, need.missing)))
}

/// The KPIs without a row, a sentence a status.
pub(super) fn others(facts: &Facts, shown: &[&KpiFacts]) -> Vec<String> {
    [Status::OffTrack, Status::AtRisk, Status::OnTrack, Status::NoData, Status::Pending]
        .into_iter()
        .filter_map(|status| {
            let rowless = |kpi: &&KpiFacts| !shown.iter().any(|row| row.id == kpi.id);
            let of: Vec<_> =
                facts.kpis.iter().filter(|kpi| kpi.status == status).filter(rowless).collect();
            (!of.is_empty()).then(|| others_of(facts, status, &of))
        })
        .collect()
}

fn others_of(facts: &Facts, status: Status, kpis: &[&KpiFacts]) -> String {
    let names: Vec<String> = kpis.iter().map(|kpi| with_value(kpi)).collect();
    let verb = match (status, kpis.len()) {
        (Status::NoData, 1) => "has no data".to_owned(),
        (Status::NoData, _) => "have no data".to_owned(),
        (_, 1) => format!("is {}", status.words()),
        (_, _) => format!("are {}", status.words()),
    };
    let points: f64 = kpis.iter().filter_map(|kpi| kpi.contribution).sum();
    let together = if kpis.len() > 1 { "together " } else { "" };
    let on = facts.before.as_ref().filter(|_| points.abs() >= POINTS_MIN).map(|before| {
        let before = headline::beside(before, facts.period.as_ref());
        format!(" ({together}{} points on {before})", figures::points(points))
    });
    format!("{} {verb}{}.", listed(&names), on.unwrap_or_default())
}

fn with_value(kpi: &KpiFacts) -> String {
    match kpi.value {
        Some(_) => format!("{} {}", line(&kpi.name), value(kpi)),
        None => line(&kpi.name),
    }
}

/// The signed parts of the score's change, which add up to it.
pub(super) fn change(facts: &Facts) -> Option<String> {
    let (then, now) = (facts.score.from?, facts.score.to?);
    let mut moved: Vec<_> = facts
        .kpis
        .iter()
        .filter_map(|kpi| Some((line(&kpi.name), kpi.contribution?)))
        .chain(facts.residual.map(|residual| ("data or weights".to_owned(), residual)))
        .filter(|(_, points)| points.abs() >= POINTS_MIN)
        .collect();
    moved.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    let rest = moved.split_off(moved.len().min(PARTS_MAX));
    if !rest.is_empty() {
        moved.push(("others".to_owned(), rest.iter().map(|(_, points)| points).sum()));
    }
    let parts: Vec<String> = moved
        .into_iter()
        .map(|(name, points)| format!("{name} {}", figures::points(points)))
        .collect();
    let before = facts
        .before
        .as_ref()
        .map(|before| format!(" on {}", headline::beside(before, facts.period.as_ref())));
    let total = figures::points(now - then);
    let head = format!("{total} points{}", before.unwrap_or_default());
    Some(if parts.is_empty() { head } else { format!("{head}: {}", parts.join(", ")) })
}

fn value(kpi: &KpiFacts) -> String {
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
        Assurance::HitAndMiss => Some("as it is, it meets its target some periods by chance alone"),
    });
    let units: Vec<String> = kpi.units.iter().map(|unit| unit_value(kpi, unit)).collect();
    let units = (!units.is_empty()).then(|| units.join(", "));
    signal(kpi).into_iter().chain(streak).chain(assurance.map(str::to_owned)).chain(units).collect()
}

/// Signal or noise, where that can be told; otherwise the two-point comparison.
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

/// `a, b and c`
fn listed(names: &[String]) -> String {
    match names {
        [shown @ .., _] if shown.len() >= NAMES_MAX => {
            let (shown, rest) = names.split_at(NAMES_MAX);
            format!("{} and {} more", shown.join(", "), rest.len())
        }
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::{
        facts::{CountNeed, Need},
        mail::cases,
    };

    #[test]
    fn rows_explain_most_of_the_shortfall_and_no_more() {
        let with = |shares: &[f64]| {
            let mut facts = cases::opened();
            let kpi =
                |share: &f64| KpiFacts { share_pct: Some(*share), ..cases::on_time_delivery() };
            facts.kpis = shares.iter().map(kpi).collect();
            shown(&facts).len()
        };
        assert_eq!(with(&[75.4, 24.6, 0.0]), 2);
        assert_eq!(with(&[80.0, 20.0]), 1);
        assert_eq!(with(&[100.0 / 7.0; 7]), ROWS_MAX);
        assert_eq!(with(&[0.0, 0.0]), 0);
    }

    #[test]
    fn many_names_are_cut_and_many_parts_still_add_up() {
        let names: Vec<String> = (1..=11).map(|n| n.to_string()).collect();
        assert_eq!(listed(&names[..3]), "1, 2 and 3");
        assert_eq!(listed(&names), "1, 2, 3, 4, 5, 6, 7, 8 and 3 more");
        let mut facts = cases::opened();
        facts.kpis = vec![KpiFacts { contribution: Some(-2.0), ..cases::on_time_delivery() }; 8];
        let change = change(&facts).unwrap();
        assert!(change.ends_with("On-time delivery -2.0, others -4.0"), "{change}");
    }

    #[test]
    fn what_green_needs_is_said_in_what_is_counted() {
        let fewer = CountNeed { more: -12.0, of: 400.0 };
        let of = |line| need(&KpiFacts { need: Some(line), ..cases::on_time_delivery() }).unwrap();
        let line = Need { green_line: 95.0, missing: -4.9, count: Some(fewer) };
        assert_eq!(of(line), "On-time delivery 95 %, i.e. 12 fewer of 400");
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
            ..cases::on_time_delivery()
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
