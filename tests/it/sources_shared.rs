//! One query or command that feeds several KPIs: asked once a round, each KPI reads its own column.

use std::fs;

use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets};
use kpid_rules::model::KpiRef;
use kpid_store::Store;
use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::world::{
    kpid::{Kpid, run_until},
    origin::Origin,
};

const CONFIG: &str = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections:
  books: { sqlite: { path: books.db, queries: { month: \"select * from months where month = :period_key\" } } }
  scripts: { command: {} }
";

const COUNTED: &str = "[sh, -c, \"echo asked >> asked; cat answer\", \"{period_key}\"]";

fn scorecard(named: &str) -> String {
    let kpi = |id: &str, nature: &str, source: String| {
        format!(
            "          {id}: {{ nature: {nature}, target: 1, tolerance: 1, schedule: {{ every: 1d }}, source: {{ {source} }} }}\n"
        )
    };
    let kpis = [
        kpi("revenue", "flow", format!("sql: {{ from: books, named: {named}, value: revenue }}")),
        kpi(
            "margin",
            "ratio",
            "sql: { from: books, named: month, numerator: margin, denominator: revenue }"
                .to_owned(),
        ),
        kpi(
            "visits",
            "flow",
            format!("command: {{ from: scripts, run: {COUNTED}, value: visits }}"),
        ),
        kpi(
            "conversion",
            "ratio",
            format!(
                "command: {{ from: scripts, run: {COUNTED}, numerator: orders, denominator: visits }}"
            ),
        ),
    ];
    format!(
        "scorecard: acme\nperspectives:\n  money:\n    objectives:\n      earn:\n        kpis:\n{}",
        kpis.concat()
    )
}

async fn acme(named: &str) -> Kpid {
    let kpid = Kpid::new(CONFIG, &scorecard(named));
    let options = SqliteConnectOptions::new()
        .filename(kpid.folder().join("books.db"))
        .create_if_missing(true);
    let mut books = SqliteConnection::connect_with(&options).await.unwrap();
    books.execute("create table months (month text, revenue real, margin real)").await.unwrap();
    books.execute("insert into months values ('2026-05', 400, 100)").await.unwrap();
    books.close().await.unwrap();
    fs::write(kpid.folder().join("answer"), r#"{"visits": 50, "orders": 10}"#).unwrap();
    kpid
}

fn asked(kpid: &Kpid) -> usize {
    fs::read_to_string(kpid.folder().join("asked")).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn one_answer_feeds_many_kpis() {
    let kpid = acme("month").await;
    let ran = kpid.run(&["pull", "--period", "2026-05"]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let held = kpid.run(&["export"]).await.stdout;
    for row in [
        "acme/revenue,2026-05,400.0,,",
        "acme/margin,2026-05,,100.0,400.0",
        "acme/visits,2026-05,50.0,,",
        "acme/conversion,2026-05,,10.0,50.0",
    ] {
        assert!(held.contains(row), "{row}: {held}");
    }
    assert_eq!(asked(&kpid), 1);
    kpid.run(&["pull", "--period", "2026-05"]).await;
    assert_eq!(asked(&kpid), 2, "the next round asks anew");
}

#[tokio::test]
async fn a_query_that_has_no_such_name_is_told() {
    let kpid = acme("mont").await;
    let ran = kpid.run(&["check"]).await;
    assert!(ran.stdout.contains("the connection `books` has no query `mont`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("did you mean `month`?"), "{}", ran.stdout);
    let path = kpid.folder().join("scorecards/acme.yaml");
    let scorecard = fs::read_to_string(&path).unwrap().replace("from: books", "from: scripts");
    fs::write(&path, scorecard).unwrap();
    let ran = kpid.run(&["check"]).await;
    let told = "`scripts` is not a database, so it has no queries";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}

#[tokio::test]
async fn scorecards_that_are_not_linked_share_an_answer_too() {
    let origin = Origin::start().await;
    origin.figure("orders", 41.0);
    let config = format!(
        "store: kpid.db\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections: {{ api: {} }}\n",
        origin.yaml()
    );
    let scorecard = |id: &str| {
        format!(
            "scorecard: {id}\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n          \
             orders: {{ nature: level, target: 1, schedule: \"0 6 * * *\", source: {{ http: {{ from: api, get: orders, value: $.value }} }} }}\n"
        )
    };
    let kpid = Kpid::new(&config, &scorecard("acme"));
    fs::write(kpid.folder().join("scorecards/site.yaml"), scorecard("site")).unwrap();
    let (setup, _) = load(&kpid.folder().join("kpid.yaml"), Secrets::Needed).unwrap();
    let kpis = ["acme/orders", "site/orders"].map(|kpi| KpiRef::parse(kpi).unwrap());
    let look = async || {
        // Until the daemon has made it, there is none.
        let store = Store::open_to_look_or_empty(&kpid.folder().join("kpid.db")).await;
        let Ok(store) = store else { return 0 };
        let held = store.periods(kpis.iter()).await.unwrap();
        held.values().filter(|periods| !periods.is_empty()).count()
    };
    let now = "2026-06-03T06:00:00+02:00".parse().unwrap();
    run_until(setup, Clock::set(now), "both figures", look, |held| *held == 2).await;
    assert_eq!(origin.asked("orders"), 1);
}
