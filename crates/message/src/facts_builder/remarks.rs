//! What a reader must know of the data behind a verdict.

use kpid_rules::{
    judgement::{Basis, KpiStanding, NodeStanding, Outlook, rounding},
    model::Period,
};

/// Slack of a percentage: 0.8 × 100 is 80, whatever the bits say.
const SLACK: f64 = 1e-9;

/// What a reader must know of the data: what is missing, old or failing.
pub(crate) fn remarks(node: &NodeStanding<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if !node.official {
        remarks.push("provisional: not every KPI of the period has reported yet".to_owned());
    }
    remarks.extend(node.outlook.and_then(|outlook| early(node, outlook)));
    if node.verdict.coverage < 1.0 - SLACK {
        let percent = (node.verdict.coverage * 100.0 + SLACK).floor();
        remarks.push(format!("{percent} % of the weight has data"));
    }
    for kpi in node.kpis().filter(|kpi| kpi.weight > 0.0) {
        remarks.extend(kpi_remark(kpi, node.period));
    }
    remarks
}

/// What an outlook says that the verdict does not.
fn early(node: &NodeStanding<'_>, outlook: Outlook) -> Option<String> {
    if outlook.status == node.verdict.status {
        return None;
    }
    let basis = match outlook.basis {
        Basis::Pace => "at the pace of the running period",
        Basis::Forecast => "by the forecast for the next period",
    };
    let score = outlook.score.map(|score| format!(" at {}", rounding::score(score)));
    let (words, score) = (outlook.status.words(), score.unwrap_or_default());
    Some(format!("provisional: {basis} it would be {words}{score}"))
}

fn kpi_remark(kpi: &KpiStanding, labelled: Option<Period>) -> Option<String> {
    let name = &kpi.name;
    let lines: Vec<f64> = [kpi.green_line, kpi.red_line].into_iter().flatten().collect();
    let shown = |value| rounding::value(value, kpi.decimals, &lines, kpi.unit.as_deref());
    if let Some(why) = kpi.gap_words() {
        let last = kpi
            .last_known
            .map(|last| format!(" (last known: {} of {})", shown(last.value), last.period.label()));
        return Some(format!("{name}: {why}{}", last.unwrap_or_default()));
    }
    if kpi.error.is_some() {
        let failed = "the newest attempt to collect it failed; its last value stands";
        return Some(format!("{name}: {failed}"));
    }
    if let Some(first) = kpi.as_reported.filter(|first| first.material) {
        let (value, status) = (shown(first.value), first.status.words());
        return Some(format!("{name} was first reported as {value}, {status}"));
    }
    match (kpi.period, labelled) {
        (Some(own), Some(label)) if own.frequency() == label.frequency() && own != label => {
            Some(format!("{name} is as of {}", own.label()))
        }
        _ => None,
    }
}
