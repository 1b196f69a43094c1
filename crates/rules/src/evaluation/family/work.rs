//! What a step costs: only what changed is judged, and only what it counts in is rolled up.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Applied, Changes, Family, Inputs, SeriesChange};
use crate::{
    alerting::episode::Episode,
    judgement::period_verdict,
    model::{
        alert_policy::AlertPolicy,
        calendar::Calendar,
        definition::{Contribution, Objective, ObjectiveRef, Perspective, Scorecard},
        id::{Id, KpiRef, Scope},
        kpi_definition::{Input, Kpi, Nature},
        period::Period,
        portfolio::Portfolio,
        rollup_rule::Rollup,
        target::{Aim, Amount, Target, Tolerance},
    },
    series::history::{Actual, Figure, History},
};

const MAY: Period = Period::Month(2026, 5);

/// Scorecards beside the first one.
const UNITS: usize = 40;

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn kpi(name: &str) -> Kpi {
    let green = Amount::Absolute(0.0);
    let tolerance = Tolerance::Margins { green, red: Amount::Absolute(10.0), floor: None };
    let aim = Aim { from: None, target: Some(Target::Fixed(100.0)), tolerance };
    Kpi { aims: vec![aim], ..Kpi::plain(id(name), Nature::Flow) }
}

pub(crate) fn objective(name: &str, kpis: Vec<Kpi>) -> Objective {
    Objective {
        id: id(name),
        was: Vec::new(),
        name: name.to_owned(),
        weight: 1.0,
        critical: false,
        owner: None,
        rollup: Rollup::default(),
        drives: Vec::new(),
        contributions: Vec::new(),
        aligned: Vec::new(),
        initiatives: Vec::new(),
        alert: None,
        kpis,
    }
}

pub(crate) fn scorecard(name: &str, objectives: Vec<Objective>) -> Scorecard {
    let perspective = Perspective {
        id: id("customer"),
        was: Vec::new(),
        name: "Customer".to_owned(),
        weight: 1.0,
        critical: false,
        owner: None,
        rollup: Rollup::default(),
        alert: AlertPolicy { to: vec![id("ann")], ..AlertPolicy::default() },
        objectives,
    };
    Scorecard {
        id: id(name),
        name: name.to_owned(),
        owner: None,
        calendar: Calendar::plain(chrono_tz::UTC).into(),
        rollup: Rollup::default(),
        show_overall: true,
        private: false,
        materiality_pct: 1.0,
        freeze_after: None,
        alert: None,
        report: None,
        perspectives: vec![perspective],
    }
}

/// Many units of twenty KPIs, and a group: it adds up one KPI of the first unit, and one objective of
/// that contributes to it.
fn portfolio() -> Portfolio {
    let unit = |number: usize| {
        let kpis = |from: usize| (from..from + 10).map(|at| kpi(&format!("k{at}"))).collect();
        scorecard(
            &format!("unit{number}"),
            vec![objective("one", kpis(0)), objective("two", kpis(10))],
        )
    };
    let shared = Input::Shared(vec![named("unit0/k10")]);
    let mut sum = objective("sum", vec![Kpi { input: shared, ..kpi("sum") }]);
    let first = ObjectiveRef { scorecard: id("unit0"), objective: id("one") };
    sum.contributions = vec![Contribution { objective: first, weight: 1.0, critical: false }];
    let units = (0..UNITS).map(unit);
    Portfolio::new(units.chain([scorecard("group", vec![sum])]).collect()).unwrap()
}

fn named(text: &str) -> KpiRef {
    KpiRef::parse(text).unwrap()
}

struct World {
    portfolio: Portfolio,
    family: Family,
    history: History,
    episodes: HashMap<Scope, Episode>,
    now: DateTime<Utc>,
}

impl World {
    /// Every KPI has a figure, has been judged, and has settled.
    fn settled() -> Self {
        let portfolio = portfolio();
        let ids: Vec<Id> = portfolio.scorecards().iter().map(|unit| unit.id.clone()).collect();
        let (family, now) =
            (Family::new(&portfolio, &ids), "2026-06-03T06:00:00Z".parse().unwrap());
        let (history, episodes) = (History::default(), HashMap::new());
        let mut world = Self { portfolio, family, history, episodes, now };
        let collected: Vec<KpiRef> = world
            .portfolio
            .kpis()
            .filter(|(_, _, kpi)| matches!(kpi.input, Input::Collected))
            .map(|(named, _, _)| named)
            .collect();
        collected.iter().for_each(|named| world.record(named, 105.0));
        let first = world.step(&Changes::default());
        assert_eq!(first.judged.len(), 20 * UNITS + 1, "all of it");
        world.step(&Changes::default());
        world
    }

    fn record(&mut self, named: &KpiRef, value: f64) {
        let (figure, at) = (Figure::Value(value), self.now);
        let actual = Actual { figure, target: None, observed_at: at, collected_at: at };
        self.history.kpi_mut(named).record(MAY, actual);
    }

    fn step(&mut self, changes: &Changes) -> Applied {
        self.now += TimeDelta::minutes(1);
        let inputs = Inputs {
            portfolio: &self.portfolio,
            config_hash: "sha256:1",
            history: &self.history,
            episodes: &self.episodes,
            silences: &[],
            receipts: &[],
            historical: false,
            first_look_is_historical: false,
        };
        let applied = self.family.apply(inputs, changes, self.now);
        for change in &applied.changes {
            self.episodes.insert(change.scope.clone(), change.episode.clone());
        }
        applied
    }

    /// What is judged and rolled up, and which alerts look, when a figure comes.
    fn figure(&mut self, named: &KpiRef, value: f64) -> (Vec<String>, Vec<String>, Vec<String>) {
        self.record(named, value);
        let figure = (named.clone(), SeriesChange::Figure(MAY));
        let applied = self.step(&Changes { kpis: vec![figure], ..Changes::default() });
        let paths = |scopes: &[Scope]| scopes.iter().map(ToString::to_string).collect();
        let judged = applied.judged.iter().map(ToString::to_string).collect();
        (judged, paths(&applied.rolled_up), paths(&applied.looked))
    }
}

#[test]
fn one_figure_among_many_is_one_kpi_judged_and_its_branch_rolled_up() {
    let mut world = World::settled();
    let (judged, rolled_up, looked) = world.figure(&named("unit7/k3"), 60.0);
    assert_eq!(judged, ["unit7/k3"]);
    assert_eq!(rolled_up, ["unit7/customer/one", "unit7/customer", "unit7"]);
    assert_eq!(looked, ["unit7/customer"]);
}

#[test]
fn what_is_made_of_a_figure_or_counts_it_elsewhere_is_judged_with_it() {
    let mut world = World::settled();
    let (judged, rolled_up, looked) = world.figure(&named("unit0/k10"), 60.0);
    assert_eq!(judged, ["unit0/k10", "group/sum"]);
    let branches = ["unit0/customer/two", "group/customer/sum", "unit0/customer", "group/customer"];
    assert_eq!(rolled_up, [branches.as_slice(), &["unit0", "group"]].concat());
    assert_eq!(looked, ["group/customer", "unit0/customer"]);
    let (judged, rolled_up, _) = world.figure(&named("unit0/k3"), 60.0);
    assert_eq!(judged, ["unit0/k3"]);
    let branches = ["unit0/customer/one", "group/customer/sum", "unit0/customer", "group/customer"];
    assert_eq!(rolled_up, [branches.as_slice(), &["unit0", "group"]].concat());
}

#[test]
fn nothing_changed_is_nothing_judged_until_the_deadline() {
    let mut world = World::settled();
    let applied = world.step(&Changes::default());
    assert_eq!((applied.judged, applied.rolled_up, applied.looked), (vec![], vec![], vec![]));
    // Alerts look at every day; figures of May are due, and those of June are not yet.
    assert_eq!(applied.deadline, Some("2026-06-04T00:00:00Z".parse().unwrap()));
    world.now = "2026-06-03T23:59:00Z".parse().unwrap();
    let applied = world.step(&Changes::default());
    assert_eq!((applied.judged, applied.rolled_up), (vec![], vec![]));
    assert_eq!(applied.looked.len(), UNITS + 1);
}

#[test]
fn a_correction_costs_the_same_however_many_came_before() {
    let mut world = World::settled();
    let unit = named("unit0/k10");
    let mut verdicts = |value: f64| {
        let before = period_verdict::MADE.get();
        let (judged, ..) = world.figure(&unit, value);
        assert_eq!(judged, ["unit0/k10", "group/sum"]);
        period_verdict::MADE.get() - before
    };
    // The first ones move alerts.
    let few = (0..10).map(|at| verdicts(f64::from(at))).last().unwrap();
    let many = (10..1_000).map(|at| verdicts(f64::from(at % 7))).last().unwrap();
    assert_eq!(many, few);
}
