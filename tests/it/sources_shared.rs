//! One query or command that feeds several KPIs: asked once a round, each KPI reads its own column.

use std::fs;

use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::world::kpid::Kpid;

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
    let told = "`scripts` is no database and has no queries";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}
