//! The KPIs of the sample's perspective.

use crate::{
    facts::kpi::{Better, CountNeed, KpiFacts, Need, UnitFacts, UsualRange},
    samples::parts::{named, period},
};
use kpid_rules::{
    judgement::{Signal, Trend, signal::Assurance},
    model::Status,
};

/// K05, off track.
pub(crate) fn on_time_delivery() -> KpiFacts {
    KpiFacts {
        id: "on-time-delivery".to_owned(),
        name: "On-time delivery".to_owned(),
        objective: named("deliver-on-promise", "Deliver on promise"),
        period: Some(period("2026-05", "May 2026")),
        unit: Some("%".to_owned()),
        decimals: Some(1),
        value: Some(90.1),
        target: Some(95.0),
        green_line: Some(95.0),
        red_line: Some(92.0),
        variance: Some(90.1 - 95.0),
        direction: Better::Higher,
        status: Status::OffTrack,
        score: Some(21.0),
        share_pct: Some(75.4),
        contribution: Some(-16.5),
        trend: Some(Trend::Worsening),
        signal: Some(Signal::Outside),
        usual_range: Some(UsualRange { low: 92.1, high: 98.3 }),
        recent: [95.1, 94.8, 96.2, 95.5, 94.1, 95.9, 96.8, 95.2, 94.4, 95.0, 94.7, 95.6, 90.1]
            .map(Some)
            .to_vec(),
        streak: Some(1),
        assurance: Some(Assurance::Fail),
        gap: None,
        critical: true,
        need: Some(Need {
            green_line: 95.0,
            missing: 4.9,
            count: Some(CountNeed { more: 147.0, of: 3000.0 }),
        }),
        units: vec![unit("North", 89.3), unit("South", 91.7)],
        pace: None,
        forecast: None,
    }
}

pub(crate) fn unit(site: &str, value: f64) -> UnitFacts {
    UnitFacts {
        kpi: format!("operations/on-time-{}", site.to_lowercase()),
        scorecard: named("operations", "Operations"),
        name: format!("{site} site"),
        value: Some(value),
    }
}

pub(crate) fn lead_time() -> KpiFacts {
    KpiFacts {
        units: Vec::new(),
        id: "order-lead-time".to_owned(),
        name: "Order lead time p95".to_owned(),
        unit: Some("d".to_owned()),
        value: Some(7.2),
        target: Some(6.0),
        green_line: Some(6.0),
        red_line: Some(7.5),
        variance: Some(1.2),
        usual_range: Some(UsualRange { low: 4.9, high: 7.9 }),
        recent: vec![Some(6.4), None, Some(6.1), Some(6.6), Some(6.5), Some(7.2)],
        streak: Some(2),
        assurance: Some(Assurance::HitAndMiss),
        direction: Better::Lower,
        status: Status::AtRisk,
        score: Some(46.0),
        share_pct: Some(24.6),
        contribution: Some(-2.8),
        signal: None,
        critical: false,
        need: Some(Need { green_line: 6.0, missing: -1.2, count: None }),
        ..on_time_delivery()
    }
}

pub(crate) fn promoters() -> KpiFacts {
    KpiFacts {
        id: "nps".to_owned(),
        name: "Net promoter score".to_owned(),
        objective: named("delight-riders", "Delight riders"),
        unit: None,
        decimals: Some(0),
        value: Some(41.0),
        target: Some(40.005_479_452),
        green_line: Some(40.005_479_452),
        red_line: Some(37.605_479_452),
        variance: Some(0.994_520_548),
        status: Status::OnTrack,
        score: Some(82.4),
        share_pct: Some(0.0),
        contribution: Some(2.18),
        trend: Some(Trend::Improving),
        signal: None,
        usual_range: Some(UsualRange { low: 35.0, high: 43.0 }),
        recent: [37.0, 38.0, 36.0, 39.0, 38.0, 40.0, 38.0, 39.0, 41.0, 39.0, 40.0, 38.0, 41.0]
            .map(Some)
            .to_vec(),
        assurance: Some(Assurance::HitAndMiss),
        critical: false,
        need: None,
        units: Vec::new(),
        ..on_time_delivery()
    }
}

pub(crate) fn first_contact() -> KpiFacts {
    KpiFacts {
        id: "first-contact-resolution".to_owned(),
        name: "First-contact resolution".to_owned(),
        unit: Some("%".to_owned()),
        decimals: Some(1),
        value: Some(76.4),
        target: Some(75.0),
        green_line: Some(75.0),
        red_line: Some(70.0),
        variance: Some(1.4),
        score: Some(78.4),
        contribution: Some(1.08),
        usual_range: Some(UsualRange { low: 72.6, high: 77.8 }),
        recent: [74.1, 75.2, 73.8, 75.5, 74.9, 76.0, 75.1, 74.6, 75.8, 75.3, 76.1, 75.0, 76.4]
            .map(Some)
            .to_vec(),
        ..promoters()
    }
}

/// The recent values of a KPI, had its newest been another.
pub(crate) fn ending(kpi: &KpiFacts, newest: f64) -> Vec<Option<f64>> {
    let (_, before) = kpi.recent.split_last().unwrap_or((&None, &[]));
    before.iter().copied().chain([Some(newest)]).collect()
}
