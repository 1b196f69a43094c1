//! `kpid doctor`, the real binary: what is wrong with a machine and its store is told, nothing else is.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use chrono::TimeDelta;
use kpid_clock::Clock;
use kpid_rules::model::KpiRef;
use kpid_store::{Attempt, AttemptOutcome, Collected, Filing, Store};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::world::{kpid::Kpid, origin::Origin};

const SCORECARD: &str = "scorecard: acme
perspectives:
  care:
    alert: { to: [] }
    objectives:
      answer:
        kpis:
          calls: { nature: level, unit: points, schedule: { every: 1s }, target: 95, tolerance: 3, source: { http: { from: api, get: calls, value: $.value } } }
";

fn kpid(origin: &Origin) -> Kpid {
    let config = format!(
        "store: kpid.db\ncalendar: {{ timezone: UTC }}\nconnections: {{ api: {} }}\n\
         channels: {{ ops: {{ webhook: {{ url: http://127.0.0.1:9/, secret: {{ file: hook }} }} }}, post: {{ email: {{ from: kpid@acme.example, folder: mails }} }} }}\n",
        origin.yaml()
    );
    let kpid = Kpid::new(&config, SCORECARD);
    fs::write(kpid.folder().join("hook"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    open_to(&kpid.folder().join("hook"), 0o600);
    kpid
}

fn open_to(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The exit code, and the messages of what is wrong by name.
async fn wrong(kpid: &Kpid, arguments: &[&str]) -> (Option<i32>, Vec<(String, String)>) {
    let ran = kpid.run(&[&["doctor", "--format", "json"], arguments].concat()).await;
    let found: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let wrong = found.iter().filter(|finding| finding["state"] == "wrong");
    (ran.code, wrong.map(|found| (text(&found["what"]), text(&found["message"]))).collect())
}

#[tokio::test]
async fn runs_that_were_missed_lately_are_told() {
    let origin = Origin::start().await;
    let kpid = kpid(&origin);
    let store = Store::open(&kpid.folder().join("kpid.db")).await.unwrap();
    let now = Clock::System.now();
    for (days, missed) in [(30, 100), (2, 6)] {
        let at = now - TimeDelta::days(days);
        let attempt = Attempt {
            slot: Some(at),
            missed,
            finished_at: at,
            outcome: AttemptOutcome::Samples,
            message: None,
        };
        let kpi = KpiRef::parse("acme/calls").unwrap();
        let (attempt, filing) = (Some(attempt), Filing::Actuals);
        store.record(&[Collected { kpi, attempt, filing, filed: Vec::new() }]).await.unwrap();
    }
    store.close().await;
    let ran = kpid.run(&["doctor"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = "note   runs: 6 were missed in the last 7 days (acme/calls 6)";
    assert!(ran.stdout.contains(told), "{ran:?}");
}

#[tokio::test]
async fn a_healthy_daemon_has_nothing_wrong() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin);
    assert_eq!(wrong(&kpid, &[]).await, (Some(0), vec![]), "before the first start");
    let mut daemon = kpid.start();
    let look = async || kpid.show().await["scorecards"][0]["status"].clone();
    daemon.until("a verdict", look, |status| status == "on_track").await;
    assert_eq!(wrong(&kpid, &[]).await, (Some(0), vec![]));
    let text = kpid.run(&["doctor"]).await.stdout;
    assert!(text.contains("good   daemon: process") && !text.contains("WRONG"), "{text}");
    // Nobody listens where the webhook goes.
    let (code, found) = wrong(&kpid, &["--probe"]).await;
    assert_eq!(code, Some(1));
    assert_eq!(found.iter().map(|found| found.0.as_str()).collect::<Vec<_>>(), ["channel ops"]);
    daemon.stop().await;
}

#[tokio::test]
async fn open_secrets_an_open_store_and_its_damage_are_told() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin);
    kpid.run(&["pull"]).await;
    let store = kpid.folder().join("kpid.db");
    open_to(&kpid.folder().join("hook"), 0o644);
    open_to(&store, 0o640);
    let mails = kpid.folder().join("mails");
    fs::create_dir(&mails).unwrap();
    open_to(&mails, 0o755);
    let (code, found) = wrong(&kpid, &[]).await;
    assert_eq!(code, Some(1));
    let names: Vec<_> = found.iter().map(|found| found.0.as_str()).collect();
    assert_eq!(names, ["secret", "permissions", "permissions"]);
    assert!(found[1].1.contains("chmod 700") && found[1].1.contains("links"), "{found:?}");
    assert!(found[0].1.contains("mode 644") && found[0].1.contains("chmod 640"), "{found:?}");

    open_to(&kpid.folder().join("hook"), 0o640);
    open_to(&mails, 0o700);
    fs::write(&store, "no store").unwrap();
    open_to(&store, 0o600);
    let (code, found) = wrong(&kpid, &[]).await;
    assert_eq!(code, Some(1));
    assert!(found.len() == 1 && found[0].1.contains("kpid restore"), "{found:?}");
}

#[tokio::test]
async fn a_wrong_clock_and_a_stuck_delivery_are_told() {
    let origin = Origin::start().await;
    let kpid = kpid(&origin);
    let path = kpid.folder().join("kpid.db");
    let store = Store::open(&path).await.unwrap();
    let at = Clock::System.now() + TimeDelta::days(1);
    let attempt = Attempt {
        slot: Some(at),
        missed: 0,
        finished_at: at,
        outcome: AttemptOutcome::Samples,
        message: None,
    };
    let kpi = KpiRef::parse("acme/calls").unwrap();
    let collected =
        Collected { kpi, attempt: Some(attempt), filing: Filing::Actuals, filed: Vec::new() };
    store.record(&[collected]).await.unwrap();
    store.close().await;
    let waits = "INSERT INTO deliveries (id, dedup_key, event, channel, recipient, facts, state, \
        written_at, next_attempt_at) VALUES ('00000000-0000-0000-0000-000000000001', \
        'acme/care/1', 'opened', 'ops', 'ops', '{}', 'pending', 0, 0)";
    on(&path, waits).await;

    let (code, found) = wrong(&kpid, &[]).await;
    assert_eq!(code, Some(1));
    let names: Vec<_> = found.iter().map(|found| found.0.as_str()).collect();
    assert_eq!(names, ["clock", "deliveries"]);
    let later = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert!(found[0].1.contains(&later), "{found:?}");
    assert!(found[1].1.starts_with("1 wait, the oldest for"), "{found:?}");
}

#[tokio::test]
async fn a_migration_to_come_is_noted_and_left_to_the_next_start() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin);
    let path = kpid.folder().join("kpid.db");
    let migrator = sqlx::migrate!("migrations/sqlite");
    let newest = migrator.iter().map(|migration| migration.version).max().unwrap();
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    migrator.run_to(newest - 1, &pool).await.unwrap();
    pool.close().await;
    open_to(&path, 0o600);
    let words = format!("schema {}, which the next start brings to {newest}", newest - 1);
    for _looked in 0..2 {
        let ran = kpid.run(&["doctor"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains(&words), "{ran:?}");
    }
    assert_eq!(kpid.run(&["pull"]).await.code, Some(0));
    let text = kpid.run(&["doctor"]).await.stdout;
    assert!(text.contains(&format!("its pages are sound; schema {newest}\n")), "{text}");
}

async fn on(store: &Path, sql: &'static str) {
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(store)).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
