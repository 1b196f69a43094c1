//! What a reader must know of the data behind a verdict.

use crate::{
    facts::data_remark::{DataRemark, KnownFigure, ShownNumber},
    facts_builder::subject::period_name,
};
use kpid_rules::{
    judgement::{KpiStanding, NodeStanding, Outlook, rounding},
    model::Period,
};

/// Slack of a percentage: 0.8 × 100 is 80, whatever the bits say.
const SLACK: f64 = 1e-9;

/// What a reader must know of the data: what is missing, old or failing.
pub(crate) fn remarks(node: &NodeStanding<'_>) -> Vec<DataRemark> {
    let mut remarks = Vec::new();
    if !node.official {
        remarks.push(DataRemark::Provisional);
    }
    remarks.extend(node.outlook.and_then(|outlook| heading(node, outlook)));
    if node.verdict.coverage < 1.0 - SLACK {
        let percent = (node.verdict.coverage * 100.0 + SLACK).floor();
        remarks.push(DataRemark::Coverage { percent });
    }
    for kpi in node.kpis().filter(|kpi| kpi.weight > 0.0) {
        remarks.extend(kpi_remark(kpi, node.period));
    }
    remarks
}

/// What an outlook says that the verdict does not.
fn heading(node: &NodeStanding<'_>, outlook: Outlook) -> Option<DataRemark> {
    let Outlook { basis, status, score, .. } = outlook;
    (status != node.verdict.status).then_some(DataRemark::Heading { basis, status, score })
}

fn kpi_remark(standing: &KpiStanding, labelled: Option<Period>) -> Option<DataRemark> {
    let kpi = standing.name.clone();
    let lines: Vec<f64> = [standing.green_line, standing.red_line].into_iter().flatten().collect();
    let shown = |value| ShownNumber {
        digits: rounding::value(value, standing.decimals, &lines, None),
        unit: standing.unit.clone(),
    };
    if let Some(gap) = standing.gap {
        let missing = standing.missing.iter().map(|period| period_name(*period)).collect();
        let last_known = standing
            .last_known
            .map(|last| KnownFigure { value: shown(last.value), period: period_name(last.period) });
        return Some(DataRemark::Gap { kpi, gap, missing, last_known });
    }
    if standing.error.is_some() {
        return Some(DataRemark::Failed { kpi });
    }
    if let Some(first) = standing.as_reported.filter(|first| first.material) {
        let (value, status) = (shown(first.value), first.status);
        return Some(DataRemark::FirstReported { kpi, value, status });
    }
    match (standing.period, labelled) {
        (Some(own), Some(label)) if own.frequency() == label.frequency() && own != label => {
            Some(DataRemark::AsOf { kpi, period: period_name(own) })
        }
        _ => None,
    }
}
