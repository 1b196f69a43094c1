//! What digests and reports say, in full.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    facts_builder::calder::{self, at, id},
    mail::render,
    message::Message,
    overview::{Overview, SectionKind},
    periodic::{digest, report},
    person::Person,
};
use kpid_language::{Language, english, language};
use kpid_rules::{
    alerting::{Acknowledgement, Episode, Note, Phase, Silence},
    analysis::{Picture, Retuned, retuned},
    evaluation::judge,
    judgement::{Judge, Measure, Standing},
    model::{Contribution, KpiRef, ObjectiveRef, Period, Portfolio, Scope, Scorecard},
    series::History,
};

const MAY: &str = "2026-05-20T06:00:00Z";
const JUNE: &str = "2026-06-08T06:00:00Z";

fn customer() -> Scope {
    Scope::Perspective(id("calder"), id("customer"))
}

fn promise() -> Scope {
    Scope::Objective(id("calder"), id("customer"), id("deliver-on-promise"))
}

/// An alert that Ines has acknowledged.
fn episodes() -> HashMap<Scope, Episode> {
    let due = Some("2026-06-12".parse().unwrap());
    let acknowledgement = Acknowledgement::new(
        "ines",
        Some("talking to the carrier"),
        due,
        at("2026-06-04T08:00:00Z"),
    );
    let episode = Episode {
        number: 1,
        phase: Phase::Open,
        seen: true,
        opened_at: Some(at("2026-06-03T04:00:00Z")),
        acknowledgement: Some(acknowledgement.unwrap()),
        flapping_until: Some(at("2026-07-03T04:00:00Z")),
        ..Episode::default()
    };
    [(customer(), episode)].into()
}

fn standing(portfolio: &Portfolio, history: &History, now: &str) -> Standing {
    judge(portfolio, history, &episodes(), "sha256:4f2a9c01d7e8b6a5", at(now))
}

fn picture(standing: &Standing) -> Picture {
    let mut picture = Picture::default();
    for scorecard in &standing.scorecards {
        picture.add_present(scorecard);
    }
    picture
}

fn person(name: &str) -> Person {
    let known = calder::people().get(&id(name)).cloned();
    known.unwrap_or_else(|| Person {
        id: id(name),
        name: name.to_owned(),
        email: None,
        role: None,
        language: None,
    })
}

/// The digest of a person at an instant, of what has changed since another.
fn digest_of(
    name: &str,
    portfolio: &Portfolio,
    history: &History,
    (since, now): (&str, &str),
    also: (&[Retuned], &[Silence]),
) -> Option<digest::Digest> {
    digest_in(english(), name, portfolio, history, (since, now), also)
}

/// The same where people read a language.
fn digest_in(
    language: &'static Language,
    name: &str,
    portfolio: &Portfolio,
    history: &History,
    (since, now): (&str, &str),
    also: (&[Retuned], &[Silence]),
) -> Option<digest::Digest> {
    let (people, standing) = (calder::people(), standing(portfolio, history, now));
    let matter = digest::DigestContext {
        language,
        portfolio,
        people: &people,
        public_url: Some(&"https://kpi.calder.example/".parse().unwrap()),
        zone: chrono_tz::Europe::Amsterdam,
        standing: &standing,
        episodes: &episodes(),
        silences: also.1,
        review_items: &[],
        since: at(since),
        then: &picture(&self::standing(portfolio, history, since)),
        retuned: also.0,
    };
    let person = person(name);
    digest::digest(matter, &person, &[&person.id], "2026-06-08T08:00")
}

/// A target, a weight, and what else an author may change.
fn changed() -> Vec<Retuned> {
    let on_time = KpiRef { scorecard: id("calder"), kpi: id("on-time-delivery") };
    let measure = |target: f64| Measure {
        target: Some(target),
        green_line: Some(target),
        red_line: Some(target - 3.0),
    };
    let of_others = Scope::Scorecard(id("elsewhere"));
    vec![
        Retuned {
            scope: Scope::Kpi(on_time),
            weight: Some((50.0, 60.0)),
            measure: Some((measure(94.0), measure(95.0))),
        },
        Retuned { scope: of_others, weight: Some((1.0, 2.0)), measure: None },
    ]
}

fn silences() -> Vec<Silence> {
    let times = (at("2026-06-07T06:00:00Z"), at("2026-06-14T06:00:00Z"));
    let now = at("2026-06-07T06:00:00Z");
    let silence = |scope, reason| Silence::new(scope, times, reason, "ines", now).unwrap();
    let other = Scope::Scorecard(id("elsewhere"));
    vec![silence(promise(), "stocktaking"), silence(other, "not of Ines' concern")]
}

fn snapshot(name: &str, overview: Overview) {
    let message = Message::from(overview);
    let mail = render::plain(&message).unwrap();
    insta::assert_snapshot!(format!("{name}_text"), format!("{}\n\n{}", mail.subject, mail.text));
    insta::assert_snapshot!(format!("{name}_html"), mail.html);
    assert_eq!(Message::from_json(&message.to_json().unwrap()).unwrap(), message);
}

#[test]
fn a_digest_tells_what_changed_and_what_is_still_so() {
    let (changed, silences) = (changed(), silences());
    let (portfolio, history) = (calder::portfolio(), calder::history());
    let digest =
        digest_of("ines", &portfolio, &history, (MAY, JUNE), (&changed, &silences)).unwrap();
    assert!(digest.has_news);
    snapshot("digest", digest.overview);
}

#[test]
fn a_digest_is_in_the_language_of_its_reader() {
    let (changed, silences) = (changed(), silences());
    let (portfolio, history) = (calder::portfolio(), calder::history());
    let (german, also) = (language("de").unwrap(), (&changed[..], &silences[..]));
    let digest = digest_in(german, "ines", &portfolio, &history, (MAY, JUNE), also).unwrap();
    // Whoever renders it, in whatever language: its words are made already.
    snapshot("digest_de", digest.overview);
}

#[test]
fn nothing_new_is_one_line() {
    let (portfolio, history) = (calder::portfolio(), calder::history());
    let digest =
        digest_of("ines", &portfolio, &history, (JUNE, "2026-06-09T06:00:00Z"), (&[], &[]));
    let digest = digest.unwrap();
    assert!(!digest.has_news && digest.overview.sections.is_empty());
    assert_eq!(
        digest.overview.summary,
        "Nothing has changed in your areas since Monday 8 June 2026: \
         KPIs 2 on track, 1 at risk, 1 off track."
    );
}

#[test]
fn who_owns_nothing_gets_nothing() {
    let (portfolio, history) = (calder::portfolio(), calder::history());
    assert_eq!(digest_of("tosei", &portfolio, &history, (MAY, JUNE), (&[], &[])), None);
}

/// Calder with an objective that a unit of its own contributes to.
fn with_a_unit(private: bool) -> (Portfolio, History) {
    let mut calder = calder::portfolio().scorecards()[0].clone();
    let mut unit =
        Scorecard { id: id("unit"), name: "North".to_owned(), private, ..calder.clone() };
    unit.perspectives[0].owner = Some(id("north"));
    unit.perspectives[0].alert.to = vec![id("north")];
    let objective = ObjectiveRef { scorecard: id("unit"), objective: id("deliver-on-promise") };
    calder.perspectives[0].objectives[1].contributions =
        vec![Contribution { objective, weight: 1.0, critical: false }];
    let mut history = calder::history();
    for kpi in unit.kpis() {
        let there = KpiRef { scorecard: id("calder"), kpi: kpi.id.clone() };
        let held = history.kpi(&there).unwrap().clone();
        *history.kpi_mut(&unit.named(kpi)) = held;
    }
    (Portfolio::new(vec![calder, unit]).unwrap(), history)
}

#[test]
fn a_red_objective_of_another_unit_is_told_above_unless_it_is_private() {
    for (private, listed) in [(false, 1), (true, 0)] {
        let (portfolio, history) = with_a_unit(private);
        let digest = digest_of("ines", &portfolio, &history, (MAY, JUNE), (&[], &[])).unwrap();
        let sections = digest.overview.sections;
        let found = sections.iter().filter(|section| section.kind == SectionKind::Contributing);
        let entries: Vec<_> = found.flat_map(|section| &section.entries).collect();
        assert_eq!(entries.len(), listed, "private: {private}");
        if let [entry] = entries.as_slice() {
            assert_eq!(entry.of, "North");
            assert!(
                entry.words.starts_with("counts towards \"Delight riders\"; was at risk"),
                "{entry:?}"
            );
        }
        let of_unit = |section: &crate::overview::OverviewSection| {
            let mut entries = section.entries.iter();
            section.kind == SectionKind::Changed
                && entries.any(|entry| entry.scope.starts_with("unit"))
        };
        assert!(!sections.iter().any(of_unit), "what is North's is North's");
    }
}

fn report_of(scorecard: &Scorecard, notes: &[Note]) -> Overview {
    let (portfolio, history) = (calder::portfolio(), calder::history());
    let review = Judge::new(&portfolio, &history, at(JUNE));
    let review = review.review(scorecard, Period::parse("2026-05").unwrap());
    report::report(report::ReportContext {
        language: kpid_language::english(),
        scorecard,
        review: &review,
        episodes: &episodes(),
        notes,
        review_items: &[],
        people: &calder::people(),
        public_url: Some(&"https://kpi.calder.example/".parse().unwrap()),
        at: at("2026-06-03T04:00:05Z"),
        awaited: 0,
        config: "sha256:4f2a9c01d7e8b6a5",
    })
}

fn note(scope: Scope, text: &str, written: &str) -> Note {
    let written: DateTime<Utc> = at(written);
    Note::new(scope, "2026-05", text, "ines", written).unwrap()
}

#[test]
fn a_report_is_a_page_for_a_review() {
    let portfolio = calder::portfolio();
    let on_time = KpiRef { scorecard: id("calder"), kpi: id("on-time-delivery") };
    let notes = [
        note(Scope::Kpi(on_time), "carrier change at North", "2026-06-03T03:00:00Z"),
        note(customer(), "of an earlier review", "2026-04-20T03:00:00Z"),
    ];
    snapshot("report", report_of(&portfolio.scorecards()[0], &notes));
}

#[test]
fn a_hidden_overall_stays_hidden() {
    let hidden = Scorecard { show_overall: false, ..calder::portfolio().scorecards()[0].clone() };
    let report = report_of(&hidden, &[]);
    assert_eq!(report.overall, None);
    assert_eq!(report.subject, "[Report] Calder Cycles - May 2026");
    assert_eq!(
        report.summary,
        "Calder Cycles in May 2026: 2 on track, 1 at risk, 1 off track of its KPIs."
    );
}

#[test]
fn what_authors_wrote_is_text_and_brings_nothing_from_elsewhere() {
    let mut card = calder::portfolio().scorecards()[0].clone();
    card.name = "<img src=x onerror=alert(1)>\r\nBcc: x".to_owned();
    card.perspectives[0].name = "<b>".to_owned();
    let mail = render::plain(&report_of(&card, &[]).into()).unwrap();
    for part in ["<img", "<b><b>", "url(", "<script", "<link", "http-equiv"] {
        assert!(!mail.html.contains(part), "{part}");
    }
    assert!(!mail.subject.contains('\n'), "{}", mail.subject);
}

#[test]
fn nothing_is_retuned_by_time_alone() {
    let (portfolio, history) = (calder::portfolio(), calder::history());
    let (then, now) = (standing(&portfolio, &history, MAY), standing(&portfolio, &history, JUNE));
    assert_eq!(retuned(&[(&picture(&then), &picture(&now))]), []);
}
