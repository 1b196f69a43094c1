//! What a judgement costs: 20, 200 and 20,000 KPIs with 36 months of history each.
#![expect(clippy::unwrap_used, reason = "a bench that cannot begin stops")]

use std::{collections::HashMap, hint::black_box, sync::Arc};

use chrono::{DateTime, Utc};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kpid_rules::{
    evaluation::judge,
    model::{
        Aim, AlertPolicy, Amount, Calendar, Id, Kpi, Nature, Objective, Period, Perspective,
        Portfolio, Rollup, Scorecard, Target, Tolerance,
    },
    series::{Actual, Figure, History},
};

/// Months of history of every KPI.
const MONTHS: usize = 36;

/// KPIs of one objective.
const KPIS_PER_OBJECTIVE: usize = 2;

/// Objectives of one perspective.
const OBJECTIVES: usize = 2;

/// Perspectives of one scorecard.
const PERSPECTIVES: usize = 5;

/// KPIs of one scorecard.
const KPIS_PER_SCORECARD: usize = KPIS_PER_OBJECTIVE * OBJECTIVES * PERSPECTIVES;

fn id(text: String) -> Id {
    Id::parse(&text).unwrap()
}

fn kpi(name: String) -> Kpi {
    let tolerance = Tolerance::Margins {
        green: Amount::Absolute(0.0),
        red: Amount::Percent(10.0),
        floor: None,
    };
    let aim = Aim { from: None, target: Some(Target::Fixed(100.0)), tolerance };
    Kpi { aims: vec![aim], ..Kpi::plain(id(name), Nature::Flow) }
}

fn objective(view: usize, at: usize) -> Objective {
    let kpis = (0..KPIS_PER_OBJECTIVE).map(|kpi_at| kpi(format!("k{view}-{at}-{kpi_at}")));
    Objective {
        alert: None,
        was: Vec::new(),
        id: id(format!("o{view}-{at}")),
        name: "objective".to_owned(),
        weight: 1.0,
        critical: at == 0,
        owner: None,
        rollup: Rollup::default(),
        drives: Vec::new(),
        contributions: Vec::new(),
        aligned: Vec::new(),
        initiatives: Vec::new(),
        kpis: kpis.collect(),
    }
}

fn perspective(at: usize) -> Perspective {
    Perspective {
        id: id(format!("p{at}")),
        was: Vec::new(),
        name: "perspective".to_owned(),
        weight: 1.0,
        critical: false,
        owner: None,
        rollup: Rollup::default(),
        alert: AlertPolicy::default(),
        objectives: (0..OBJECTIVES).map(|objective_at| objective(at, objective_at)).collect(),
    }
}

fn scorecard(at: usize, calendar: &Arc<Calendar>) -> Scorecard {
    Scorecard {
        alert: None,
        report: None,
        id: id(format!("s{at}")),
        name: "scorecard".to_owned(),
        owner: None,
        calendar: calendar.clone(),
        rollup: Rollup::default(),
        show_overall: true,
        private: false,
        materiality_pct: 1.0,
        freeze_after: None,
        perspectives: (0..PERSPECTIVES).map(perspective).collect(),
    }
}

/// As many KPIs, each with its months, up to the instant they are judged at.
fn world(kpis: usize) -> (Portfolio, History, DateTime<Utc>) {
    let calendar = Arc::new(Calendar::plain(chrono_tz::Europe::Amsterdam));
    let cards = (0..kpis / KPIS_PER_SCORECARD).map(|at| scorecard(at, &calendar));
    let portfolio = Portfolio::new(cards.collect()).unwrap();
    let newest = Period::parse("2026-05").unwrap();
    let (_, now) = calendar.bounds(newest);
    let mut history = History::default();
    for (at, (named, ..)) in portfolio.kpis().enumerate() {
        let months = std::iter::successors(Some(newest), |month| Some(month.previous()));
        for (back, month) in months.take(MONTHS).enumerate() {
            // From well below the red line to well above the green one.
            let value = 80.0 + ((at * 7 + back * 13) % 40) as f64;
            let (_, end) = calendar.bounds(month);
            let figure = Figure::Value(value);
            let actual = Actual { figure, target: None, observed_at: end, collected_at: end };
            history.kpi_mut(&named).record(month, actual);
        }
    }
    (portfolio, history, now)
}

fn judging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("judge");
    for kpis in [20, 200, 20_000] {
        let (portfolio, history, now) = world(kpis);
        group.throughput(Throughput::Elements(kpis as u64)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(kpis), |bencher| {
            bencher.iter(|| black_box(judge(&portfolio, &history, &HashMap::new(), "", now)));
        });
    }
    group.finish();
}

criterion_group!(benches, judging);
criterion_main!(benches);
