//! `kpid backfill` and `kpid pull --dry-run`, the real binary: the past comes in silently, goes on
//! where it stopped, and what is asked can be looked at.

use std::fs;

use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::world::kpid::{Kpid, Ran};

const CONFIG: &str = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections:
  books: { sqlite: { path: books.db } }
channels:
  ops: { webhook: { url: \"http://127.0.0.1:9/\", secret: nobody's } }
";

fn scorecard(query: &str) -> String {
    format!(
        "scorecard: acme
perspectives:
  money:
    alert: {{ to: [ops] }}
    objectives:
      earn:
        kpis:
          revenue:
            nature: flow
            target: 100
            schedule: {{ every: 1d }}
            source: {{ sql: {{ from: books, query: \"{query}\" }} }}
          margin:
            nature: ratio
            target: 30
            schedule: {{ every: 1d }}
            source: {{ sql: {{ from: books, reading: series, query: \"select month as period, revenue as value from months where month >= substr(:period_first_day, 1, 7) and month <= :period_key\" }} }}
"
    )
}

const BY_MONTH: &str = "select revenue as value from months where month = :period_key";

/// The same until June 2024; what came after cannot be read.
const TORN: &str = "select case when :period_key > '2024-06' then json('torn') else revenue end as value from months where month = :period_key";

async fn acme(query: &str) -> Kpid {
    let kpid = Kpid::new(CONFIG, &scorecard(query));
    let options = SqliteConnectOptions::new()
        .filename(kpid.folder().join("books.db"))
        .create_if_missing(true);
    let mut books = SqliteConnection::connect_with(&options).await.unwrap();
    books.execute("create table months (month text, revenue real)").await.unwrap();
    for year in [2024, 2025] {
        for month in (1..=12).filter(|month| (year, *month) != (2024, 11)) {
            let row = format!("insert into months values ('{year}-{month:02}', 50)");
            books.execute(sqlx::AssertSqlSafe(row)).await.unwrap();
        }
    }
    books.close().await.unwrap();
    kpid
}

async fn filled(kpid: &Kpid, more: &[&str]) -> Ran {
    let usual = ["backfill", "--from", "2024-01", "--to", "2025-12"];
    kpid.run(&[&usual, more].concat()).await
}

async fn held(kpid: &Kpid) -> usize {
    kpid.run(&["export"]).await.stdout.lines().skip(1).count()
}

#[tokio::test]
async fn the_past_comes_in_silently_and_once() {
    let kpid = acme(BY_MONTH).await;
    let ran = filled(&kpid, &[]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let revenue = "acme/revenue: 23 periods filled, 1 without a figure at the source";
    assert!(ran.stdout.contains(revenue), "{}", ran.stdout);
    let margin = "acme/margin: 23 periods filled, 1 without a figure at the source\n";
    assert!(ran.stdout.contains(margin), "{}", ran.stdout);
    // Two years off track, and nobody hears of it.
    assert!(!ran.stdout.contains("message"), "{}", ran.stdout);
    assert_eq!(held(&kpid).await, 46);
    let deeds = kpid.run(&["audit", "--format", "json"]).await.stdout;
    let deeds: serde_json::Value = serde_json::from_str(&deeds).unwrap();
    assert_eq!(deeds[0]["action"], "backfilled");
    assert_eq!(deeds[0]["of"], "acme/revenue, acme/margin");
    assert_eq!(deeds[0]["detail"], "from 2024-01 to 2025-12");
    let again = filled(&kpid, &["acme/revenue"]).await;
    let nothing = "acme/revenue: 0 periods filled, 23 held already, 1 without a figure";
    assert!(again.stdout.contains(nothing), "{}", again.stdout);
    assert_eq!(held(&kpid).await, 46);
}

#[tokio::test]
async fn the_sum_of_nothing_is_zero_only_where_the_author_says_so() {
    let kpid = acme(BY_MONTH).await;
    let zero = scorecard(BY_MONTH).replace("nature: flow", "nature: flow\n            empty: zero");
    fs::write(kpid.folder().join("scorecards/acme.yaml"), &zero).unwrap();
    let ran = filled(&kpid, &["acme/revenue"]).await;
    assert!(ran.stdout.contains("acme/revenue: 24 periods filled"), "{}", ran.stdout);
    let rows = kpid.run(&["export"]).await.stdout;
    assert!(rows.contains("acme/revenue,2024-11,0.0,"), "{rows}");
    // A source that fails has not said nothing.
    fs::write(kpid.folder().join("scorecards/acme.yaml"), zero.replace(BY_MONTH, TORN)).unwrap();
    let ran = kpid.run(&["pull", "acme/revenue", "--period", "2025-01"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    let ratio = zero.replace("nature: flow", "nature: level");
    fs::write(kpid.folder().join("scorecards/acme.yaml"), ratio).unwrap();
    let checked = kpid.run(&["check"]).await;
    assert_eq!(checked.code, Some(1));
    assert!(checked.stdout.contains("is only for a flow"), "{}", checked.stdout);
}

#[tokio::test]
async fn what_stopped_goes_on_where_it_stopped() {
    let kpid = acme(TORN).await;
    let ran = filled(&kpid, &["acme/revenue"]).await;
    assert_eq!(ran.code, Some(1));
    let stopped = "acme/revenue: 6 periods filled, 3 failed, 15 not asked any more; run it again";
    assert!(ran.stdout.contains(stopped), "{}", ran.stdout);
    assert!(ran.stdout.contains("malformed JSON"), "{}", ran.stdout);
    assert_eq!(held(&kpid).await, 6);
    fs::write(kpid.folder().join("scorecards/acme.yaml"), scorecard(BY_MONTH)).unwrap();
    let ran = filled(&kpid, &["acme/revenue"]).await;
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("17 periods filled, 6 held already"), "{}", ran.stdout);
}

#[tokio::test]
async fn what_is_held_between_two_gaps_stays_as_it_is() {
    let kpid = acme(BY_MONTH).await;
    let rows = kpid.folder().join("rows.csv");
    fs::write(&rows, "kpi,period,numerator,denominator\nacme/margin,2024-08,7,10\n").unwrap();
    assert_eq!(kpid.run(&["import", rows.to_str().unwrap()]).await.code, Some(0));
    let asked = ["backfill", "acme/margin", "--from", "2024-07", "--to", "2024-10"];
    let ran = kpid.run(&asked).await;
    let told = "acme/margin: 3 periods filled, 1 held already\n";
    assert_eq!((ran.stdout.as_str(), ran.code), (told, Some(0)), "{}", ran.stderr);
    let rows = kpid.run(&["export"]).await.stdout;
    assert!(rows.contains("acme/margin,2024-08,,7.0,10.0"), "{rows}");
    // Whoever asks again has it restated.
    let ran = kpid.run(&[&asked[..], &["--again"]].concat()).await;
    assert_eq!(ran.stdout, "acme/margin: 4 periods filled\n");
    let rows = kpid.run(&["export"]).await.stdout;
    assert!(rows.contains("acme/margin,2024-08,50"), "{rows}");
}

#[tokio::test]
async fn periods_without_a_figure_are_counted_and_not_questions() {
    let kpid = acme(BY_MONTH).await;
    let asked = ["backfill", "acme/margin", "--from", "2022-01", "--to", "2022-12"];
    let ran = kpid.run(&asked).await;
    let told = "acme/margin: 0 periods filled, 12 without a figure at the source\n";
    assert_eq!((ran.stdout.as_str(), ran.code), (told, Some(0)), "{}", ran.stderr);
}

#[tokio::test]
async fn a_pull_is_of_a_period_that_has_begun() {
    let kpid = acme("select 41 as value where :period_key <> ''").await;
    let ran = kpid.run(&["pull", "acme/revenue", "--period", "2099-01"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    let words = "kpid: `2099-01` of `acme/revenue` has not begun\n";
    assert!(ran.stderr.starts_with(words), "{}", ran.stderr);
    assert_eq!(held(&kpid).await, 0);
    // Which period a figure is of that comes without one, is the asker's word.
    let ran = kpid.run(&["pull", "acme/revenue", "--period", "2024-03"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(held(&kpid).await, 1);
}

#[tokio::test]
async fn what_cannot_be_asked_of_the_past_says_so() {
    let kpid = acme(BY_MONTH).await;
    let of_now = scorecard("select 41 as value")
        .replace("query: \"select 41", "reading: to_date, query: \"select 41");
    fs::write(kpid.folder().join("scorecards/acme.yaml"), of_now).unwrap();
    let ran = filled(&kpid, &["acme/revenue"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("not told which period"), "{}", ran.stdout);
    for (arguments, words) in [
        (["backfill", "--from", "2025-12", "--to", "2024-01"], "comes after"),
        (["backfill", "--from", "soon", "--to", "2024-01"], "soon"),
    ] {
        let ran = kpid.run(&arguments).await;
        assert_eq!(ran.code, Some(2), "{}", ran.stdout);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_person_may_ask_that_the_present_is_told() {
    let kpid = acme("select 50 as value where :period_key <> ''").await;
    let ran = kpid
        .run(&[
            "backfill",
            "acme/revenue",
            "--from",
            "2024-01",
            "--to",
            "2099-12",
            "--alerts",
            "current",
        ])
        .await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("1 message waits for a daemon: `kpid run` delivers it"),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn a_dry_run_shows_what_was_said_and_a_failing_look_back_is_not_news() {
    let kpid = acme(TORN).await;
    let ran = kpid.run(&["pull", "acme/margin", "--period", "2024-03", "--dry-run"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for words in [
        "asked for 2024-03: `books`: `select month as period",
        "came: period | value\n        2024-03 | 50\n",
        "acme/margin: 50 for 2024-03",
        "verdict for 2024-03: on track, score 100.0",
        "nothing was kept",
    ] {
        assert!(ran.stdout.contains(words), "{words}:\n{}", ran.stdout);
    }
    assert!(!kpid.folder().join("kpid.db").exists());
    let ran = kpid.run(&["pull", "acme/revenue", "--period", "2024-09"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("malformed JSON"), "{}", ran.stdout);
    let standing = kpid.show().await;
    let kpi = &standing["scorecards"][0]["perspectives"][0]["objectives"][0]["kpis"][0];
    assert_eq!(kpi["error"], serde_json::Value::Null, "{kpi}");
}
