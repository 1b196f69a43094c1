//! Raw readings: each is kept, small, and a further one costs no look at the others.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use kpid_rules::{
    model::{Aggregate, KpiRef, Period},
    series::{Figure, ReadingKind},
};
use kpid_store::{Collected, Filed, Filing, Precedence, Stage, Store};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::world::statements::{Statement, statements};

/// What a reading may take of the disk.
const BYTES_MAX: f64 = 30.0;

fn start() -> DateTime<Utc> {
    "2026-05-04T06:00:00Z".parse().unwrap()
}

fn reading(kpi: usize, filing: Filing, value: f64, at: DateTime<Utc>) -> Collected {
    let filed = Filed {
        period: Period::parse("2026-05").unwrap(),
        figure: Figure::Value(value),
        target: None,
        observed_at: at,
        collected_at: at,
        stage: Stage::Running,
        precedence: Precedence::ObservedLast(at + TimeDelta::days(30)),
    };
    let kpi = KpiRef::parse(&format!("acme/kpi-{kpi}")).unwrap();
    Collected { kpi, attempt: None, filing, filed: vec![filed] }
}

async fn store(folder: &Path) -> (Store, SqliteConnection) {
    let path = folder.join("kpid.db");
    let store = Store::open(&path).await.unwrap();
    (store, SqliteConnectOptions::new().filename(path).connect().await.unwrap())
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn every_reading_of_a_level_is_kept_and_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut connection) = store(folder.path()).await;
    let (kpis, rounds) = (500, 120);
    let round = |round: usize| -> Vec<Collected> {
        let at = start() + TimeDelta::seconds(round as i64);
        let value =
            |kpi: usize| 1.0 / (1.0 + kpi as f64) + if round.is_multiple_of(2) { 0.0 } else { 0.5 };
        (0..kpis).map(|kpi| reading(kpi, Filing::Newest, value(kpi), at)).collect()
    };
    store.record(&round(0)).await.unwrap();
    let used = "SELECT (page_count - freelist_count) * page_size \
                FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    let before = number(&mut connection, used).await;
    for n in 1..=rounds {
        store.record(&round(n)).await.unwrap();
    }
    let kept = number(&mut connection, "SELECT count(*) FROM readings").await;
    assert_eq!(kept, (kpis * (rounds + 1)) as i64);
    let bytes = (number(&mut connection, used).await - before) as f64 / (kpis * rounds) as f64;
    println!("{bytes:.1} bytes a reading");
    assert!(bytes <= BYTES_MAX, "{bytes:.1} bytes a reading");
}

#[tokio::test]
async fn a_reading_that_comes_in_time_is_added_without_a_look_at_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = store(folder.path()).await;
    let is_look = |of: &&Statement| of.sql.contains("FROM readings");
    let aggregates = [Aggregate::Ratio, Aggregate::Avg, Aggregate::Max, Aggregate::Sum];
    for (kpi, aggregate) in aggregates.into_iter().enumerate() {
        let sum = Filing::Readings { kind: ReadingKind::Delta, aggregate, scale: 1.0 };
        let file = async |value, second| {
            let reading = reading(kpi, sum, value, start() + TimeDelta::seconds(second));
            let (done, seen) = statements(store.record(&[reading])).await;
            done.unwrap();
            seen.iter().filter(is_look).count()
        };
        for second in 0..3 {
            let looks = file(2.0, 10 * second).await;
            assert_eq!(looks, usize::from(second == 0), "{aggregate:?}, second {second}");
        }
        assert_eq!(file(3.0, 15).await, 1, "one that comes late");
        assert_eq!(file(1.0, 25).await, 0, "and the next one in time");
    }
    let kpi = reading(3, Filing::Newest, 0.0, start()).kpi;
    let held = store.held(&[kpi.clone()].into()).await.unwrap();
    let actual = held.history.kpi(&kpi).unwrap().actual(Period::parse("2026-05").unwrap());
    assert_eq!(actual.unwrap().figure, Figure::Value(10.0), "three times 2, and 3, and 1");
}
