//! The alert of the sample, from its opening to its end.

use crate::{
    facts::{
        alert::{
            AffectedFacts, Change, Early, EpisodeFacts, Facts, InitiativeFacts, LastNotified,
            NodeFacts, NodeKind, NoteFacts, Parent, Since,
        },
        data_remark::{DataRemark, ShownNumber},
        kpi::{CountNeed, KpiFacts, Need, PaceFacts},
        named::{Links, PersonFacts},
    },
    samples::{
        kpis::{ending, first_contact, lead_time, on_time_delivery, promoters, unit},
        parts::{at, ines, named, period},
    },
};

use kpid_rules::{
    alerting::{Cause, Event},
    judgement::{Basis, Signal, Trend, signal::Assurance},
    model::{Frequency, Reason, Status},
};

/// Customer fell off track in May 2026 (V139–V142).
pub fn opened() -> Facts {
    Facts {
        event: Event::Opened,
        cause: Some(Cause::Fell),
        dedup_key: "calder/customer/1".to_owned(),
        at: at("2026-06-03T06:00:00+02:00"),
        scorecard: named("calder", "Calder Cycles"),
        node: NodeFacts {
            kind: NodeKind::Perspective,
            path: "calder/customer".to_owned(),
            id: "customer".to_owned(),
            name: "Customer".to_owned(),
        },
        period: Some(period("2026-05", "May 2026")),
        official: true,
        status: Change { from: Some(Status::OnTrack), to: Some(Status::OffTrack) },
        score: Change { from: Some(71.97), to: Some(55.93) },
        before: Some(period("2026-04", "April 2026")),
        early: None,
        reason: Some(Reason::Critical),
        culprit: Some(named("deliver-on-promise", "Deliver on promise")),
        since: Some(Since {
            period: period("2026-05", "May 2026"),
            periods: 1,
            frequency: Frequency::Month,
        }),
        episode: EpisodeFacts {
            number: 1,
            opened_at: Some(at("2026-06-03T06:00:00+02:00")),
            opened_period: Some(period("2026-05", "May 2026")),
            recovered_at: None,
            acknowledged_by: None,
            acknowledged_at: None,
            comment: None,
            due: None,
            flapping_until: None,
        },
        last_notified: None,
        further: Vec::new(),
        kpis: vec![on_time_delivery(), lead_time(), promoters(), first_contact()],
        linked: Vec::new(),
        residual: Some(0.0),
        owner: Some(ines()),
        initiatives: vec![InitiativeFacts {
            id: "carrier-switch".to_owned(),
            name: "Carrier switch".to_owned(),
            of: named("on-time-delivery", "On-time delivery"),
            owner: Some(PersonFacts {
                id: "tosei".to_owned(),
                name: "T. Osei".to_owned(),
                role: None,
            }),
            due: chrono::NaiveDate::from_ymd_opt(2026, 6, 30),
            state: Some("running".to_owned()),
        }],
        note: None,
        affects: Parent { status: Some(Status::AtRisk), score: Some(63.4) },
        affects_nodes: vec![AffectedFacts {
            id: "calder/loyal-riders".to_owned(),
            name: "Loyal riders".to_owned(),
            of: None,
            status: Some(Status::OnTrack),
            score: Some(74.2),
        }],
        coverage: 1.0,
        is_final: Some(true),
        data_remarks: Vec::new(),
        remarks: Vec::new(),
        links: Some(Links {
            details: "https://kpi.calder.example/s/calder/2026-05/customer".to_owned(),
        }),
        to: vec!["ines".to_owned(), "ops".to_owned()],
        escalate_to: vec!["ceo".to_owned()],
        people: [("ines", "Ines Marlow"), ("ceo", "Anna Calder")]
            .map(|(id, name)| (id.to_owned(), name.to_owned()))
            .into(),
        config_version: "sha256:4f2a9c01d7e8b6a5".to_owned(),
    }
}

/// The message of 3 June.
pub(crate) fn first_message() -> LastNotified {
    let at = at("2026-06-03T06:00:00+02:00");
    LastNotified { at, status: Some(Status::OffTrack), score: Some(55.93) }
}

/// Ines answers for it, and has written a note.
pub(crate) fn acknowledged() -> Facts {
    let opened = opened();
    let note = NoteFacts {
        of: "calder/customer".to_owned(),
        period: "2026-05".to_owned(),
        by: "ines".to_owned(),
        at: at("2026-06-04T11:20:00+02:00"),
        text: "carrier change at North; second shift from 15 June".to_owned(),
    };
    Facts {
        last_notified: Some(first_message()),
        further: vec![named("order-lead-time", "Order lead time p95")],
        note: Some(note),
        episode: EpisodeFacts {
            acknowledged_by: Some("Ines Marlow".to_owned()),
            acknowledged_at: Some(at("2026-06-03T09:12:00+02:00")),
            comment: Some("talking to the carrier".to_owned()),
            due: chrono::NaiveDate::from_ymd_opt(2026, 6, 12),
            flapping_until: Some(at("2026-07-03T06:00:00+02:00")),
            ..opened.episode
        },
        ..opened
    }
}

/// Restated figures of May made it clearly worse.
pub(crate) fn worsened() -> Facts {
    let acknowledged = acknowledged();
    Facts {
        event: Event::Worsened,
        cause: Some(Cause::ScoreFell),
        at: at("2026-06-09T06:00:00+02:00"),
        status: Change { from: Some(Status::OnTrack), to: Some(Status::OffTrack) },
        score: Change { from: Some(71.97), to: Some(41.2) },
        kpis: vec![
            KpiFacts {
                value: Some(86.3),
                variance: Some(86.3 - 95.0),
                score: Some(2.0),
                share_pct: Some(59.3),
                contribution: Some(-22.03),
                recent: ending(&on_time_delivery(), 86.3),
                need: Some(Need {
                    green_line: 95.0,
                    missing: 8.7,
                    count: Some(CountNeed { more: 261.0, of: 3000.0 }),
                }),
                units: vec![unit("North", 81.9), unit("South", 90.7)],
                ..on_time_delivery()
            },
            KpiFacts {
                value: Some(9.4),
                variance: Some(3.4),
                status: Status::OffTrack,
                score: Some(0.0),
                share_pct: Some(40.7),
                contribution: Some(-12.0),
                signal: Some(Signal::Outside),
                recent: ending(&lead_time(), 9.4),
                streak: Some(1),
                need: Some(Need { green_line: 6.0, missing: -3.4, count: None }),
                ..lead_time()
            },
            promoters(),
            first_contact(),
        ],
        further: Vec::new(),
        episode: EpisodeFacts { flapping_until: None, ..acknowledged.episode },
        ..acknowledged
    }
}

/// A week later nobody had answered.
pub(crate) fn reminded() -> Facts {
    Facts {
        event: Event::Reminded,
        cause: Some(Cause::Unacknowledged),
        at: at("2026-06-10T07:00:00+02:00"),
        last_notified: Some(first_message()),
        ..opened()
    }
}

/// The figures of May had been wrong.
pub(crate) fn corrected() -> Facts {
    let recovered = recovered();
    Facts {
        event: Event::Corrected,
        cause: Some(Cause::Restated),
        at: at("2026-06-11T06:00:00+02:00"),
        period: Some(period("2026-05", "May 2026")),
        before: Some(period("2026-04", "April 2026")),
        status: Change { from: Some(Status::OnTrack), to: Some(Status::OnTrack) },
        score: Change { from: Some(71.97), to: Some(73.4) },
        since: None,
        kpis: [-0.8, -1.03, 2.18, 1.08]
            .into_iter()
            .zip(recovered.kpis.into_iter().take(3).chain([first_contact()]))
            .map(|(points, kpi)| KpiFacts { contribution: Some(points), ..kpi })
            .collect(),
        last_notified: Some(first_message()),
        episode: EpisodeFacts {
            recovered_at: Some(at("2026-06-11T06:00:00+02:00")),
            ..recovered.episode
        },
        data_remarks: vec![DataRemark::FirstReported {
            kpi: "On-time delivery".to_owned(),
            value: ShownNumber { digits: "90.1".to_owned(), unit: Some("%".to_owned()) },
            status: Status::OffTrack,
        }],
        remarks: vec!["On-time delivery was first reported as 90.1 %, off track".to_owned()],
        ..recovered
    }
}

/// It lasted in June.
pub(crate) fn escalated() -> Facts {
    let opened = opened();
    Facts {
        event: Event::Escalated,
        cause: Some(Cause::Lasted),
        at: at("2026-07-02T06:00:00+02:00"),
        period: Some(period("2026-06", "June 2026")),
        status: Change { from: Some(Status::OffTrack), to: Some(Status::OffTrack) },
        score: Change { from: Some(55.93), to: Some(54.1) },
        before: opened.period.clone(),
        since: Some(Since {
            period: period("2026-05", "May 2026"),
            periods: 2,
            frequency: Frequency::Month,
        }),
        kpis: vec![
            KpiFacts { contribution: Some(-1.83), ..on_time_delivery() },
            KpiFacts { contribution: Some(0.0), ..lead_time() },
            KpiFacts { contribution: Some(0.0), ..promoters() },
            KpiFacts { contribution: Some(0.0), ..first_contact() },
        ],
        data_remarks: vec![DataRemark::Failed { kpi: "First-contact resolution".to_owned() }],
        remarks: vec![
            "First-contact resolution: the newest attempt to collect it failed; its last value stands"
                .to_owned(),
        ],
        ..opened
    }
}

/// It was over in July, not yet green.
pub(crate) fn recovered() -> Facts {
    let opened = opened();
    let green = KpiFacts {
        value: Some(95.2),
        variance: Some(0.2),
        status: Status::OnTrack,
        recent: ending(&on_time_delivery(), 95.2),
        score: Some(72.0),
        share_pct: Some(0.0),
        contribution: Some(15.3),
        trend: Some(Trend::Improving),
        signal: None,
        assurance: Some(Assurance::HitAndMiss),
        need: None,
        units: vec![unit("North", 94.6), unit("South", 95.8)],
        ..on_time_delivery()
    };
    let lead_time = KpiFacts { contribution: Some(-1.2), share_pct: Some(100.0), ..lead_time() };
    Facts {
        event: Event::Recovered,
        cause: Some(Cause::Improved),
        at: at("2026-08-04T06:00:00+02:00"),
        period: Some(period("2026-07", "July 2026")),
        status: Change { from: Some(Status::OffTrack), to: Some(Status::AtRisk) },
        score: Change { from: Some(54.1), to: Some(68.2) },
        before: Some(period("2026-06", "June 2026")),
        reason: Some(Reason::Score),
        culprit: None,
        since: Some(Since {
            period: period("2026-07", "July 2026"),
            periods: 1,
            frequency: Frequency::Month,
        }),
        episode: EpisodeFacts {
            recovered_at: Some(at("2026-08-04T06:00:00+02:00")),
            ..opened.episode
        },
        kpis: vec![
            lead_time,
            green,
            KpiFacts { contribution: Some(0.0), ..promoters() },
            KpiFacts { contribution: None, value: None, ..first_contact() },
        ],
        ..opened
    }
}

/// Half-way through August too few bikes were sold: an early alert.
pub(crate) fn early() -> Facts {
    let recovered = recovered();
    let running = period("2026-08", "August 2026");
    let sold = KpiFacts {
        id: "bikes-sold".to_owned(),
        name: "Bikes sold".to_owned(),
        unit: None,
        decimals: Some(0),
        value: Some(310.0),
        target: Some(300.0),
        green_line: Some(300.0),
        red_line: Some(270.0),
        variance: Some(10.0),
        usual_range: None,
        recent: Vec::new(),
        critical: false,
        pace: Some(PaceFacts {
            period: running.clone(),
            value: 88.0,
            target: Some(300.0),
            target_to_date: 150.0,
            projection: Some(176.0),
            required_rate: Some(19.27),
            working_days: true,
            status: Status::OffTrack,
            score: Some(0.0),
        }),
        ..promoters()
    };
    Facts {
        event: Event::Opened,
        cause: Some(Cause::Fell),
        at: at("2026-08-17T06:00:00+02:00"),
        status: Change { from: Some(Status::OnTrack), to: Some(Status::OnTrack) },
        score: Change { from: Some(73.0), to: Some(71.5) },
        early: Some(Early {
            basis: Basis::Pace,
            period: Some(running),
            status: Status::OffTrack,
            score: Some(35.8),
        }),
        kpis: vec![sold, promoters(), first_contact()],
        data_remarks: vec![DataRemark::Heading {
            basis: Basis::Pace,
            status: Status::OffTrack,
            score: Some(35.8),
        }],
        remarks: vec![
            "provisional: at the pace of the running period it would be off track at 35.8"
                .to_owned(),
        ],
        ..recovered
    }
}

/// Everything that may be missing is.
pub fn bare() -> Facts {
    let nothing = KpiFacts {
        period: None,
        unit: None,
        decimals: None,
        value: None,
        target: None,
        green_line: None,
        red_line: None,
        variance: None,
        usual_range: None,
        recent: Vec::new(),
        streak: None,
        assurance: None,
        status: Status::NoData,
        score: None,
        contribution: None,
        trend: None,
        signal: None,
        need: None,
        ..on_time_delivery()
    };
    Facts {
        period: None,
        status: Change { from: None, to: None },
        score: Change { from: None, to: None },
        before: None,
        reason: None,
        culprit: None,
        since: None,
        episode: EpisodeFacts {
            number: 1,
            opened_at: None,
            opened_period: None,
            recovered_at: None,
            acknowledged_by: None,
            acknowledged_at: None,
            comment: None,
            due: None,
            flapping_until: None,
        },
        kpis: vec![nothing],
        linked: Vec::new(),
        residual: None,
        owner: None,
        initiatives: Vec::new(),
        note: None,
        affects: Parent { status: None, score: None },
        affects_nodes: Vec::new(),
        coverage: 0.0,
        is_final: None,
        links: None,
        to: Vec::new(),
        escalate_to: Vec::new(),
        people: Default::default(),
        config_version: String::new(),
        ..opened()
    }
}
