//! The case of the tests: Calder Cycles' Customer perspective, defined and fed by hand.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc, Weekday};
use indexmap::IndexMap;

use crate::person::Person;
use kpid_rules::{
    model::{
        Aggregate, Aim, AlertPolicy, Amount, Calendar, Direction, FiscalLabel, Id, Initiative, Kpi,
        KpiRef, Lag, Nature, Objective, Period, Perspective, Portfolio, Rollup, Scorecard, Target,
        Tolerance, TrajectoryShape,
    },
    series::{Actual, Figure, History},
};

pub(crate) fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn margins(target: Target, green: Amount, red: Amount) -> Vec<Aim> {
    let tolerance = Tolerance::Margins { green, red, floor: None };
    vec![Aim { from: None, target: Some(target), tolerance }]
}

fn kpi(name: &str, weight: f64, unit: Option<&str>, aims: Vec<Aim>) -> Kpi {
    Kpi {
        name: name.to_owned(),
        unit: unit.map(str::to_owned),
        decimals: Some(1),
        weight,
        lag: Some(Lag::WorkingDays(2)),
        aims,
        aggregate: Aggregate::Ratio,
        scale: 100.0,
        ..Kpi::plain(id(&name.to_lowercase().replace(' ', "-")), Nature::Ratio)
    }
}

fn objective(name: &str, critical: bool, kpis: Vec<Kpi>) -> Objective {
    Objective {
        alert: None,
        was: Vec::new(),
        id: id(&name.to_lowercase().replace(' ', "-")),
        name: name.to_owned(),
        weight: 50.0,
        critical,
        owner: None,
        rollup: Rollup::default(),
        drives: Vec::new(),
        contributions: Vec::new(),
        aligned: Vec::new(),
        initiatives: Vec::new(),
        kpis,
    }
}

fn on_promise() -> Objective {
    let tolerance = |n| (Amount::Absolute(0.0), Amount::Absolute(n));
    let (green, red) = tolerance(3.0);
    let switch = Initiative {
        id: id("carrier-switch"),
        name: "Carrier switch".to_owned(),
        owner: Some(id("tosei")),
        due: Some(day("2026-06-30")),
        state: Some("running".to_owned()),
    };
    let on_time = Kpi {
        critical: true,
        initiatives: vec![switch],
        ..kpi("On-time delivery", 60.0, Some("%"), margins(Target::Fixed(95.0), green, red))
    };
    let (green, red) = tolerance(1.5);
    let lead_time = Kpi {
        nature: Nature::Flow,
        direction: Direction::Lower,
        aggregate: Aggregate::Last,
        ..kpi("Order lead time p95", 40.0, Some("d"), margins(Target::Fixed(6.0), green, red))
    };
    objective("Deliver on promise", true, vec![on_time, lead_time])
}

fn delight() -> Objective {
    let journey = Target::Trajectory {
        points: vec![(day("2026-03-31"), 38.0), (day("2027-03-31"), 50.0)],
        shape: TrajectoryShape::Linear,
    };
    let (green, red) = (Amount::Absolute(0.0), Amount::Percent(20.0));
    let promoters = Kpi {
        nature: Nature::Level,
        aggregate: Aggregate::Last,
        ..kpi("Net promoter score", 60.0, None, margins(journey, green, red))
    };
    let (green, red) = (Amount::Absolute(0.0), Amount::Absolute(5.0));
    let aims = margins(Target::Fixed(75.0), green, red);
    let resolved = kpi("First-contact resolution", 40.0, Some("%"), aims);
    objective("Delight riders", false, vec![promoters, resolved])
}

/// The organisation's scorecard, with this one perspective.
pub(crate) fn portfolio() -> Portfolio {
    let calendar = Arc::new(Calendar {
        zone: chrono_tz::Europe::Amsterdam,
        fiscal_year_start: 4,
        fiscal_label: FiscalLabel::End,
        weekend: vec![Weekday::Sat, Weekday::Sun],
        holidays: [day("2026-05-05"), day("2026-05-14"), day("2026-05-25")].into(),
        closures: Vec::new(),
    });
    let alert = AlertPolicy {
        to: vec![id("ines"), id("ops")],
        escalate_to: vec![id("ceo")],
        ..AlertPolicy::default()
    };
    let customer = Perspective {
        id: id("customer"),
        was: Vec::new(),
        name: "Customer".to_owned(),
        weight: 30.0,
        critical: false,
        owner: Some(id("ines")),
        rollup: Rollup::default(),
        alert,
        objectives: vec![on_promise(), delight()],
    };
    let calder = Scorecard {
        alert: None,
        report: None,
        id: id("calder"),
        name: "Calder Cycles".to_owned(),
        owner: None,
        calendar,
        rollup: Rollup::default(),
        show_overall: true,
        private: false,
        materiality_pct: 1.0,
        freeze_after: None,
        perspectives: vec![customer],
    };
    Portfolio::new(vec![calder]).unwrap()
}

pub(crate) fn people() -> IndexMap<Id, Person> {
    let person = |(name, full, role): (&str, &str, Option<&str>)| {
        let role = role.map(str::to_owned);
        (
            id(name),
            Person { id: id(name), name: full.to_owned(), email: None, role, language: None },
        )
    };
    [("ines", "Ines Marlow", Some("COO")), ("tosei", "T. Osei", None)].map(person).into()
}

/// Adds what came of one month, as collected on the 3rd of the next.
pub(crate) fn collect(history: &mut History, month: &str, figures: [Figure; 4]) {
    let period = Period::parse(month).unwrap();
    let observed_at = at(&format!("{}-03T04:00:00Z", period.next()));
    let kpis = [
        "on-time-delivery",
        "order-lead-time-p95",
        "net-promoter-score",
        "first-contact-resolution",
    ];
    for (kpi, figure) in kpis.into_iter().zip(figures) {
        let kpi = KpiRef { scorecard: id("calder"), kpi: id(kpi) };
        let level = kpi.kpi.as_str() == "net-promoter-score";
        // A level is read inside its period.
        let observed_at = if level { at(&format!("{period}-28T04:00:00Z")) } else { observed_at };
        let actual = Actual { figure, target: None, observed_at, collected_at: observed_at };
        history.kpi_mut(&kpi).record(period, actual);
    }
}

/// April and May 2026.
pub(crate) fn history() -> History {
    let of_3000 = |numerator| Figure::Ratio { numerator, denominator: 3000.0 };
    let of_1000 = |numerator| Figure::Ratio { numerator, denominator: 1000.0 };
    let mut history = History::default();
    let april = [of_3000(2868.0), Figure::Value(6.5), Figure::Value(39.4), of_1000(755.0)];
    collect(&mut history, "2026-04", april);
    add_may(&mut history);
    history
}

/// May 2026 alone.
pub(crate) fn only_may() -> History {
    let mut history = History::default();
    add_may(&mut history);
    history
}

fn add_may(history: &mut History) {
    let of_3000 = |numerator| Figure::Ratio { numerator, denominator: 3000.0 };
    let of_1000 = |numerator| Figure::Ratio { numerator, denominator: 1000.0 };
    let may = [of_3000(2703.0), Figure::Value(7.2), Figure::Value(41.0), of_1000(764.0)];
    collect(history, "2026-05", may);
}

/// No episode yet, but seen before.
pub(crate) fn seen() -> HashMap<kpid_rules::model::Scope, kpid_rules::alerting::Episode> {
    let scope = kpid_rules::model::Scope::Perspective(id("calder"), id("customer"));
    let episode = kpid_rules::alerting::Episode { seen: true, ..Default::default() };
    [(scope, episode)].into()
}
