//! Series that are asked again for past periods: what a source restates becomes a revision, what it
//! does not stays as it was, and what lies further back is not asked for.

use std::{collections::BTreeMap, fs, path::Path};

use chrono::{DateTime, Utc};
use kpid::{
    engine::{collect::Occasion, judgement::LIVE, pull},
    instance::Instance,
};
use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets};
use kpid_rules::model::KpiRef;
use kpid_store::Store;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::world::origin::{Answer, Origin};

/// What every source says of the months from March to May.
type Months = [(&'static str, f64); 3];

const FIRST: Months = [("2026-03", 1.0), ("2026-04", 2.0), ("2026-05", 3.0)];

/// April, which is looked back to, and March, which is not.
const RESTATED: Months = [("2026-03", 10.0), ("2026-04", 20.0), ("2026-05", 3.0)];

fn scorecard() -> String {
    let kpis = [
        (
            "books",
            "sql: { from: books, reading: series, lookback: 2, query: \"select month as period, sum as value \
             from months where month >= substr(:period_first_day, 1, 7)\" }",
        ),
        (
            "exports",
            "csv: { from: exports, reading: series, lookback: 2, file: months.csv, period: month, value: sum }",
        ),
        (
            "api",
            "http: { from: api, reading: series, lookback: 2, get: \"since/{period_first_day}\", \
             rows: \"$[*]\", period: $.month, value: $.sum }",
        ),
    ];
    let kpis: String = kpis
        .iter()
        .map(|(id, source)| {
            format!("          {id}: {{ nature: flow, target: 1, schedule: {{ every: 1d }}, source: {{ {source} }} }}\n")
        })
        .collect();
    format!(
        "scorecard: acme\nperspectives:\n  money:\n    objectives:\n      earn:\n        kpis:\n{kpis}"
    )
}

/// The company's systems.
struct World {
    folder: tempfile::TempDir,
    api: Origin,
}

impl World {
    async fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap(), api: Origin::start().await };
        let config = format!(
            "store: kpid.db\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections:\n  \
             books: {{ sqlite: {{ path: books.db }} }}\n  exports: {{ csv: {{ folder: . }} }}\n  \
             api: {}\n",
            world.api.yaml()
        );
        fs::write(world.path().join("kpid.yaml"), config).unwrap();
        fs::create_dir(world.path().join("scorecards")).unwrap();
        fs::write(world.path().join("scorecards/acme.yaml"), scorecard()).unwrap();
        world
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn says(&self, months: Months) {
        let options = SqliteConnectOptions::new()
            .filename(self.path().join("books.db"))
            .create_if_missing(true);
        let mut books = SqliteConnection::connect_with(&options).await.unwrap();
        books.execute("drop table if exists months").await.unwrap();
        books.execute("create table months (month text, sum real)").await.unwrap();
        let (mut rows, mut nodes) = ("month,sum\n".to_owned(), Vec::new());
        for (month, sum) in months {
            let row = format!("insert into months values ('{month}', {sum})");
            books.execute(AssertSqlSafe(row)).await.unwrap();
            rows.push_str(&format!("{month},{sum}\n"));
            nodes.push(format!(r#"{{"month":"{month}","sum":{sum}}}"#));
        }
        books.close().await.unwrap();
        fs::write(self.path().join("months.csv"), rows).unwrap();
        let since_april = format!("[{}]", nodes[1..].join(","));
        self.api.set("since/2026-04-01", Answer::Json(since_april));
        self.api.set("since/2026-03-01", Answer::Json(format!("[{}]", nodes.join(","))));
    }

    /// Pulls everything, as the timer would at that instant.
    async fn pull(&self, at: &str) -> Instance {
        let (setup, _) = load(&self.path().join("kpid.yaml"), Secrets::Needed)
            .unwrap_or_else(|error| panic!("{error:?}"));
        let store = Store::open(&self.path().join("kpid.db")).await.unwrap();
        let instance = Instance::new(setup, store).unwrap();
        let now: DateTime<Utc> = at.parse().unwrap();
        let occasion = Occasion { slot: None, missed: 0 };
        let all: Vec<_> =
            instance.setup.collections.iter().map(|collection| (collection, occasion)).collect();
        let manner = pull::Manner::default();
        let pulled = pull::ask(&instance, &all, manner, Clock::set(now)).await.unwrap();
        pull::keep(&instance, &pulled, LIVE, now).await.unwrap();
        instance
    }
}

/// All revisions of all periods.
async fn revisions(instance: &Instance, kpi: &str) -> BTreeMap<String, Vec<f64>> {
    let kpi = KpiRef::parse(&format!("acme/{kpi}")).unwrap();
    let held = instance.store.held(&[kpi.clone()].into()).await.unwrap();
    let actuals = &held.history.kpi(&kpi).unwrap().actuals;
    let values = actuals.iter().map(|(period, revisions)| {
        let values = revisions.iter().map(|actual| actual.figure.value(1.0).unwrap());
        (period.to_string(), values.collect())
    });
    values.collect()
}

#[tokio::test]
async fn what_a_source_restates_within_the_look_back_becomes_a_revision() {
    let world = World::new().await;
    world.says(FIRST).await;
    // In May, March is looked back to; in June it no longer is.
    world.pull("2026-05-20T06:00:00Z").await.store.close().await;
    world.says(RESTATED).await;
    world.pull("2026-06-03T06:00:00Z").await.store.close().await;
    let instance = world.pull("2026-06-04T06:00:00Z").await;
    let expected = BTreeMap::from([
        ("2026-03".to_owned(), vec![1.0]),
        ("2026-04".to_owned(), vec![2.0, 20.0]),
        ("2026-05".to_owned(), vec![3.0]),
    ]);
    for kpi in ["books", "exports", "api"] {
        assert_eq!(revisions(&instance, kpi).await, expected, "{kpi}");
    }
}
