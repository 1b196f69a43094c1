//! What a round costs the store: the rows that it writes, and the statements that it needs for that.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use kpid::{
    engine::judgement::{self, LIVE},
    instance::Instance,
};
use kpid_config::{load::load, secret::Secrets};
use kpid_rules::{
    model::{Id, KpiRef, Period},
    series::Figure,
};
use kpid_store::{Collected, Filed, Filing, Precedence, Stage, Store};

use crate::world::statements::{Statement, statements};

const CONFIG: &str = "store: kpid.db
calendar: { timezone: UTC }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { ines: { email: ines@calder.example } }
";

/// Scorecards, of one perspective, one objective and two KPIs each.
const SCORECARDS: usize = 200;

const KPIS: usize = 2;

fn id(scorecard: usize) -> Id {
    Id::parse(&format!("s-{scorecard}")).unwrap()
}

async fn instance(folder: &Path) -> Instance {
    std::fs::create_dir_all(folder.join("scorecards")).unwrap();
    std::fs::write(folder.join("kpid.yaml"), CONFIG).unwrap();
    for at in 0..SCORECARDS {
        let scorecard = format!(
            "scorecard: {}
perspectives:
  side:
    alert: {{ to: [ines] }}
    objectives:
      aim:
        kpis:
          kpi-0: {{ nature: level, period: day, target: 100, tolerance: 10 }}
          kpi-1: {{ nature: level, period: day, target: 100, tolerance: 10 }}
",
            id(at)
        );
        std::fs::write(folder.join(format!("scorecards/s-{at}.yaml")), scorecard).unwrap();
    }
    let loaded = load(&folder.join("kpid.yaml"), Secrets::Needed);
    let (setup, _) = loaded.unwrap_or_else(|error| panic!("{error:?}"));
    let store = Store::open(&folder.join("kpid.db")).await.unwrap();
    Instance::new(setup, store).unwrap()
}

fn reading(scorecard: usize, kpi: usize, value: f64, at: DateTime<Utc>) -> Collected {
    let filed = Filed {
        period: Period::parse("2026-05-04").unwrap(),
        figure: Figure::Value(value),
        target: None,
        observed_at: at,
        collected_at: at,
        stage: Stage::Running,
        precedence: Precedence::ObservedLast(at + TimeDelta::days(1)),
    };
    let kpi = KpiRef::parse(&format!("{}/kpi-{kpi}", id(scorecard))).unwrap();
    Collected { kpi, attempt: None, filing: Filing::Newest, filed: vec![filed] }
}

/// The rows written to each table, and the number of statements.
fn work(seen: &[Statement]) -> (BTreeMap<&str, u64>, usize) {
    let mut rows = BTreeMap::new();
    for Statement { sql, rows_written } in seen {
        let mut words = sql.split_whitespace();
        let table = match words.next() {
            Some("INSERT") => words.nth(1),
            Some("UPDATE") => words.next(),
            Some("DELETE") => words.nth(1),
            _ => None,
        };
        if let Some(table) = table.filter(|_| *rows_written > 0) {
            *rows.entry(table).or_default() += rows_written;
        }
    }
    (rows, seen.len())
}

#[tokio::test]
async fn a_round_writes_its_readings_and_only_the_verdicts_that_changed() {
    let folder = tempfile::tempdir().unwrap();
    let instance = instance(folder.path()).await;
    let scorecards: Vec<Id> = (0..SCORECARDS).map(id).collect();
    let mut now: DateTime<Utc> = "2026-05-04T06:00:00Z".parse().unwrap();
    let mut round = async |value: &dyn Fn(usize, usize) -> f64| {
        now += TimeDelta::seconds(1);
        let of = |at: usize| (0..KPIS).map(move |kpi| (at, kpi));
        let readings: Vec<Collected> = (0..SCORECARDS)
            .flat_map(of)
            .map(|(at, kpi)| reading(at, kpi, value(at, kpi), now))
            .collect();
        let (done, filed) = statements(instance.store.record(&readings)).await;
        done.unwrap();
        let (done, judged) = statements(judgement::judge(&instance, &scorecards, LIVE, now)).await;
        done.unwrap();
        (filed, judged)
    };
    let all = (SCORECARDS * KPIS) as u64;
    let (_, judged) = round(&|_, _| 105.0).await;
    let first = work(&judged).0["verdicts"];
    assert_eq!(first, all + 3 * SCORECARDS as u64, "each node has a verdict");
    // A first look opens nothing; what the next one saw is remembered for the rules of alerts.
    round(&|_, _| 105.0).await;

    let (filed, judged) = round(&|_, _| 105.0).await;
    let (rows, count) = work(&filed);
    assert_eq!(rows["readings"], all);
    assert!(count < 20, "no more statements for more KPIs: {filed:#?}");
    let (rows, count) = work(&judged);
    assert_eq!(rows, BTreeMap::new(), "nothing that anybody sees has changed");
    // Of each scorecard its last verdicts, and which configuration judged it.
    assert!(count < 2 * SCORECARDS + 20, "no more statements for more KPIs: {judged:#?}");

    let changed = |at, kpi| if (at, kpi) == (117, 1) { 96.0 } else { 105.0 };
    let (filed, judged) = round(&changed).await;
    assert_eq!(work(&filed).0["readings"], all);
    let (rows, _) = work(&judged);
    let of_its_scorecard = [("changes", 1), ("episodes", 1), ("families", 1), ("verdicts", 4)];
    assert_eq!(rows, of_its_scorecard.into(), "the verdicts on a KPI, and on what is above it");
}
