//! A notice, a report and a digest.

use crate::{
    facts::named::Links,
    notice::{Notice, Section},
    overview::{Count, Entry, MapCell, MapRow, Mark, Overview, OverviewSection, SectionKind},
    samples::parts::{at, ines, named, period},
};
use kpid_rules::{alerting::NoticeKind, model::Status};

/// A notice with two sections.
pub(crate) fn notice() -> Notice {
    let section = |title: &str, lines: &[&str]| Section {
        title: title.to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    };
    Notice {
        event: NoticeKind::Test,
        dedup_key: "test/ines".to_owned(),
        at: at("2026-06-03T06:00:05+02:00"),
        subject: "[Test] kpid reaches you".to_owned(),
        summary: "This is a test: kpid reaches Ines Marlow by mail.".to_owned(),
        sections: vec![
            section("", &["Nothing is wrong & nothing needs to be done."]),
            section("Where it came from", &["channel mail", "host <kpid>"]),
        ],
        why: "Somebody ran `kpid notify ines`.".to_owned(),
        config_version: "sha256:4f2a9c01d7e8b6a5".to_owned(),
        lasts: false,
    }
}

/// The report of a period, with everything there may be in it.
pub(crate) fn report() -> Overview {
    let mark = Mark { status: Status::OffTrack, score: Some(55.9) };
    let entry = Entry {
        scope: "calder/customer".to_owned(),
        name: "Customer".to_owned(),
        of: "Calder Cycles".to_owned(),
        status: Some(mark.status),
        score: mark.score,
        from: Some(Mark { status: Status::OnTrack, score: Some(72.0) }),
        words: "was on track; score 55.9, was 72.0".to_owned(),
        notes: vec!["Owner: Ines Marlow".to_owned()],
    };
    let objectives =
        vec![MapCell { named: named("deliver-on-promise", "Deliver on promise"), mark }];
    let title = "Changed since April 2026".to_owned();
    Overview {
        language: None,
        event: NoticeKind::PeriodReport,
        dedup_key: "report/calder/2026-05".to_owned(),
        at: at("2026-06-03T06:00:00+02:00"),
        subject: "[Report] Calder Cycles - May 2026: off track, 55.9".to_owned(),
        title: "Calder Cycles, May 2026".to_owned(),
        summary: "Calder Cycles was off track (55.9) in May 2026. KPIs: 1 off track.".to_owned(),
        person: None,
        since: None,
        scorecard: Some(named("calder", "Calder Cycles")),
        period: Some(period("2026-05", "May 2026")),
        overall: Some(mark),
        counts: vec![Count { status: mark.status, kpis: 1 }],
        map: vec![MapRow { named: named("customer", "Customer"), mark, objectives }],
        sections: vec![OverviewSection {
            kind: SectionKind::Changed,
            title,
            entries: vec![entry],
            more: 1,
        }],
        links: Some(Links { details: "https://kpi.calder.example/s/calder/2026-05".to_owned() }),
        why: "You get this because `report` of the scorecard names you.".to_owned(),
        config_version: "sha256:4f2a9c01d7e8b6a5".to_owned(),
    }
}

/// A digest without news.
pub(crate) fn digest() -> Overview {
    Overview {
        language: None,
        event: NoticeKind::Digest,
        dedup_key: "digest/ines/2026-06-08T08:00".to_owned(),
        subject: "[Digest] No changes since 1 June".to_owned(),
        title: "Digest for Ines Marlow".to_owned(),
        summary: "Nothing has changed in your areas since Monday 1 June 2026.".to_owned(),
        person: Some(ines()),
        since: Some(at("2026-06-01T08:00:00+02:00")),
        scorecard: None,
        period: None,
        overall: None,
        counts: Vec::new(),
        map: Vec::new(),
        sections: Vec::new(),
        links: None,
        why: "You get this because you own what it is about.".to_owned(),
        ..report()
    }
}
