//! The facts of Calder Cycles, and of alerts on every kind of node.

use crate::{
    facts::{
        alert::{Facts, NodeKind},
        kpi::{CountNeed, KpiFacts},
    },
    facts_builder::{
        calder::{self, at},
        subject::Context,
    },
    mail::render,
};
use kpid_rules::{
    alerting::Acknowledgement,
    evaluation::{Circumstances, EpisodeChange, evaluate},
    judgement::Judge,
    model::{
        Aim, AlertOn, AlertPolicy, Amount, Contribution, Id, Kpi, KpiRef, Nature, Objective,
        ObjectiveRef, Period, Portfolio, Target, Tolerance,
    },
    series::{Actual, Figure, History},
};

fn news(now: &str) -> Vec<Facts> {
    news_of(&calder::portfolio(), now)
}

fn news_of(portfolio: &Portfolio, now: &str) -> Vec<Facts> {
    news_from(portfolio, &calder::history(), &[now], |change| change)
}

/// The news of the last of some looks, of changes as they are made up.
fn news_from(
    portfolio: &Portfolio,
    history: &History,
    looks: &[&str],
    made_up: fn(EpisodeChange) -> EpisodeChange,
) -> Vec<Facts> {
    let people = calder::people();
    let url = "https://kpi.calder.example/".parse().unwrap();
    let all: Vec<Id> = portfolio.scorecards().iter().map(|card| card.id.clone()).collect();
    let mut episodes = calder::seen();
    let mut news = Vec::new();
    for now in looks {
        let (standing, changes) = evaluate(
            portfolio,
            &all,
            history,
            &episodes,
            Circumstances::default(),
            "sha256:4f2a9c01d7e8b6a5",
            at(now),
        );
        for change in &changes {
            episodes.insert(change.scope.clone(), change.episode.clone());
        }
        let (public_url, people) = (Some(&url), &people);
        let judge = &Judge::new(portfolio, history, at(now));
        let context = Context { portfolio, judge, people, public_url, notes: &[] };
        let changes = changes.into_iter().map(made_up);
        news = changes.filter_map(|change| Facts::of(context, &standing, &change)).collect();
    }
    news
}

fn text(facts: &Facts) -> String {
    render::plain(&facts.clone().into()).unwrap().text
}

fn tenths(of: Option<f64>) -> f64 {
    (of.unwrap() * 10.0).round() / 10.0
}

#[test]
fn the_fall_of_may_is_explained_to_the_tenth() {
    let facts = news("2026-06-03T06:00:00+02:00");
    let [facts] = facts.as_slice() else { panic!("one event, not {facts:?}") };
    assert_eq!((tenths(facts.score.from), tenths(facts.score.to)), (72.0, 55.9));
    let parts = |of: fn(&KpiFacts) -> Option<f64>| -> Vec<f64> {
        facts.kpis.iter().map(|kpi| tenths(of(kpi))).collect()
    };
    assert_eq!(parts(|kpi| kpi.share_pct), [75.4, 24.6, 0.0, 0.0]);
    assert_eq!(parts(|kpi| kpi.contribution), [-16.5, -2.8, 2.2, 1.1]);
    let explained: f64 = facts.kpis.iter().filter_map(|kpi| kpi.contribution).sum();
    let change = facts.score.to.unwrap() - facts.score.from.unwrap();
    assert!((explained + facts.residual.unwrap() - change).abs() < 1e-9);
    let count = facts.kpis[0].need.unwrap().count;
    assert_eq!(count, Some(CountNeed { more: 147.0, of: 3000.0 }));
    insta::assert_snapshot!("may_text", render::plain(&facts.clone().into()).unwrap().text);
}

#[test]
fn a_period_before_without_a_score_is_said_to_be_that() {
    let (portfolio, may) = (calder::portfolio(), calder::only_may());
    let facts = news_from(&portfolio, &may, &["2026-06-03T06:00:00+02:00"], |change| change);
    let [facts] = facts.as_slice() else { panic!("one event, not {facts:?}") };
    assert_eq!((facts.status.from, facts.score.from, facts.residual), (None, None, None));
    assert!(facts.kpis.iter().all(|kpi| kpi.contribution.is_none()));
    let said = text(facts);
    assert!(said.contains("score 55.9; no score in April."), "{said}");
}

#[test]
fn nodes_on_every_level_speak_for_themselves() {
    let mut scorecard = calder::portfolio().scorecards()[0].clone();
    let alert = |to: &str| Some(AlertPolicy { to: vec![calder::id(to)], ..AlertPolicy::default() });
    scorecard.alert = alert("chief");
    let objective = &mut scorecard.perspectives[0].objectives[0];
    objective.alert = alert("lead");
    objective.kpis[0].alert = alert("tosei").map(Box::new);
    let portfolio = Portfolio::new(vec![scorecard]).unwrap();
    let facts = news_of(&portfolio, "2026-06-03T06:00:00+02:00");
    let said: Vec<_> = facts.iter().map(headline).collect();
    assert_eq!(
        said,
        [
            "perspective calder/customer 55.9: deliver-on-promise",
            "objective calder/customer/deliver-on-promise 31.0: -",
            "kpi calder/on-time-delivery 21.0: -",
        ]
    );
    let subjects: Vec<_> =
        facts.iter().map(|facts| render::plain(&facts.clone().into()).unwrap().subject).collect();
    assert_eq!(subjects[1], "[Off track] Deliver on promise - Calder Cycles - May 2026: 31.0");
    assert_eq!(facts[2].kpis.len(), 1);
}

fn headline(facts: &Facts) -> String {
    let kind = serde_json::to_value(facts.node.kind).unwrap();
    let culprit = facts.culprit.as_ref().map_or("-", |culprit| culprit.id.as_str());
    let score = facts.score.to.unwrap();
    format!("{} {} {score:.1}: {culprit}", kind.as_str().unwrap(), facts.node.path)
}

#[test]
fn an_early_alert_says_what_it_is_early_about() {
    let margins = (Amount::Absolute(0.0), Amount::Absolute(10.0));
    let tolerance = Tolerance::Margins { green: margins.0, red: margins.1, floor: None };
    let revenue = Kpi {
        name: "Revenue".to_owned(),
        unit: Some("kEUR".to_owned()),
        aims: vec![Aim { from: None, target: Some(Target::Fixed(100.0)), tolerance }],
        ..Kpi::plain(calder::id("revenue"), Nature::Flow)
    };
    let mut scorecard = calder::portfolio().scorecards()[0].clone();
    let view = &mut scorecard.perspectives[0];
    view.alert.on = AlertOn::Provisional;
    view.objectives.truncate(1);
    view.objectives[0].kpis = vec![revenue];
    let kpi = KpiRef { scorecard: calder::id("calder"), kpi: calder::id("revenue") };
    let mut history = History::default();
    for (period, value) in [("2026-09", 101.0), ("2026-10", 100.5), ("2026-11", 22.0)] {
        // Read again each morning.
        let observed_at = at("2026-11-29T04:00:00Z");
        let figure = Figure::Value(value);
        let actual = Actual { figure, target: None, observed_at, collected_at: observed_at };
        history.kpi_mut(&kpi).record(Period::parse(period).unwrap(), actual);
    }
    let portfolio = Portfolio::new(vec![scorecard]).unwrap();
    let looks = ["2026-11-28T06:00:00Z", "2026-11-29T06:00:00Z"];
    let facts = news_from(&portfolio, &history, &looks, |change| change);
    let [facts] = facts.as_slice() else { panic!("one event, not {facts:?}") };
    let rendered = render::plain(&facts.clone().into()).unwrap();
    insta::assert_snapshot!("early_text", format!("{}\n\n{}", rendered.subject, rendered.text));
}

/// Calder Cycles, whose off-track objective drives another and counts into the group's.
fn with_a_group(private: bool) -> Portfolio {
    let mut calder = calder::portfolio().scorecards()[0].clone();
    let mut group = calder.clone();
    let promise = &mut calder.perspectives[0].objectives[0];
    promise.drives = vec![calder::id("delight-riders")];
    let own = AlertPolicy { to: vec![calder::id("tosei")], ..AlertPolicy::default() };
    promise.kpis[0].alert = Some(Box::new(own));
    let of_calder =
        |id: &Id| ObjectiveRef { scorecard: calder::id("calder"), objective: id.clone() };
    let link = Contribution { objective: of_calder(&promise.id), weight: 1.0, critical: false };
    let kept = Objective {
        id: calder::id("keep-word"),
        name: "Keep our word".to_owned(),
        contributions: vec![link],
        kpis: Vec::new(),
        ..promise.clone()
    };
    let kept = Objective { drives: Vec::new(), ..kept };
    (group.id, group.name, group.private) = (calder::id("group"), "Group".to_owned(), private);
    group.perspectives[0].objectives = vec![kept];
    // Or the readers below would hear of it from there.
    group.perspectives[0].alert.to = vec![calder::id("ceo")];
    Portfolio::new(vec![calder, group]).unwrap()
}

#[test]
fn the_line_of_sight_names_what_is_above_driven_and_counted_into() {
    let affects = |private, of: &str| {
        let facts = news_of(&with_a_group(private), "2026-06-03T06:00:00+02:00");
        let facts = facts.iter().find(|facts| facts.node.path == of).unwrap();
        let text = text(facts);
        text.lines().find_map(|line| line.strip_prefix("Affects: ")).unwrap().to_owned()
    };
    assert_eq!(
        affects(false, "calder/customer"),
        "Delight riders (on track, 80.8); Keep our word, Group (off track, 31.0); \
         Calder Cycles scorecard (at risk, 55.9)"
    );
    assert_eq!(
        affects(true, "calder/on-time-delivery"),
        "Deliver on promise (off track, 31.0); Customer (off track, 55.9); \
         Delight riders (on track, 80.8); Calder Cycles scorecard (at risk, 55.9)"
    );
}

#[test]
fn a_whole_does_not_affect_itself() {
    let mut scorecard = calder::portfolio().scorecards()[0].clone();
    scorecard.alert = Some(AlertPolicy {
        to: vec![calder::id("chief")],
        on: AlertOn::AtRisk,
        ..AlertPolicy::default()
    });
    let portfolio = Portfolio::new(vec![scorecard]).unwrap();
    let facts = news_of(&portfolio, "2026-06-03T06:00:00+02:00");
    let facts = facts.iter().find(|facts| facts.node.kind == NodeKind::Scorecard).unwrap();
    assert!(!text(facts).contains("Affects"), "{}", text(facts));
}

#[test]
fn what_may_still_change_of_itself_is_not_called_final() {
    let facts = news("2026-06-02T06:00:00+02:00");
    assert!(text(&facts[0]).contains("Data: complete, still provisional"), "{}", text(&facts[0]));
}

#[test]
fn money_is_not_counted_in_whole_euros() {
    let mut history = History::default();
    let margin = Figure::Ratio { numerator: 310_000.37, denominator: 1_000_000.11 };
    let (days, score) = (Figure::Value(6.0), Figure::Value(41.0));
    calder::collect(&mut history, "2026-05", [margin, days, score, margin]);
    let looks = ["2026-06-03T06:00:00+02:00"];
    let facts = news_from(&calder::portfolio(), &history, &looks, |change| change);
    let count = facts[0].kpis.iter().find_map(|kpi| kpi.need?.count).unwrap();
    assert_eq!((count.more, count.of), (640_000.0, 1_000_000.11));
    assert!(text(&facts[0]).contains("i.e. 640000 more of 1000000"), "{}", text(&facts[0]));
}

#[test]
fn who_acknowledged_goes_by_name() {
    let answered = |mut change: EpisodeChange| {
        change.episode.acknowledgement = Some(Acknowledgement {
            by: "ines".to_owned(),
            at: at("2026-06-03T06:00:00Z"),
            comment: None,
            due: None,
        });
        change
    };
    let looks = ["2026-06-03T06:00:00+02:00"];
    let facts = news_from(&calder::portfolio(), &calder::history(), &looks, answered);
    assert_eq!(facts[0].episode.acknowledged_by.as_deref(), Some("Ines Marlow"));
    assert!(text(&facts[0]).contains("Notified: Ines Marlow, ops; if it persists: ceo."));
}

#[test]
fn what_is_told_to_nobody_has_no_facts() {
    assert_eq!(news("2026-05-20T06:00:00+02:00"), []);
}
