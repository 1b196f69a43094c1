//! What the daemon asks of its store again and again is found by an index, however long it has run.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use kpid::{
    engine::judgement::{self, LIVE},
    instance::Instance,
};
use kpid_config::{load::load, secret::Secrets};
use kpid_rules::{
    alerting::{Note, NoticeKind, Silence},
    model::{Aggregate, Id, KpiRef, Period, Scope},
    series::{Figure, ReadingKind},
};
use kpid_store::{
    Attempt, AttemptOutcome, Collected, DeliveryState, DigestOutcome, Filed, Filing, Hastened,
    LastDigest, NewDelivery, OutboxSpan, Pace, Precedence, Push, Stage, Store,
};
use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{
    store::{delivered, due_again, given_up},
    world::statements::{Statement, statements},
};

const CONFIG: &str = "store: kpid.db
calendar: { timezone: UTC }
connections: { box: { sqlite: { path: none.db } } }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { ines: { email: ines@calder.example } }
";

const SCORECARD: &str = "scorecard: acme
perspectives:
  money:
    alert: { to: [ines] }
    objectives:
      earn:
        kpis:
          sold: { nature: flow, target: 100, tolerance: 10 }
          wait: { nature: ratio, unit: d, direction: lower, aggregate: avg, schedule: { every: 1d }, target: 50, tolerance: 20, source: { sql: { from: box, query: \"select 1 as value\" } } }
";

/// Tables that are as long as the configuration, not as the time that has passed: reading all of one
/// is no matter. `json_each` is what a statement itself brings along.
const NOT_GROWING: [&str; 9] = [
    "collections",
    // As many as the digests that people had last.
    "digest_standings",
    "digests",
    "episodes",
    "incidents",
    "json_each",
    "keys",
    "reports",
    "sweeps",
];

/// What reads a table that grows, and stops at a limit.
const LIMITED: [&str; 2] =
    ["SCAN notes USING INDEX notes_age", "SCAN review_items USING COVERING INDEX review_items_age"];

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn kpi(id: &str) -> KpiRef {
    KpiRef::parse(&format!("acme/{id}")).unwrap()
}

fn acme() -> Id {
    Id::parse("acme").unwrap()
}

async fn instance(folder: &Path) -> Instance {
    std::fs::create_dir_all(folder.join("scorecards")).unwrap();
    std::fs::write(folder.join("kpid.yaml"), CONFIG).unwrap();
    std::fs::write(folder.join("scorecards/acme.yaml"), SCORECARD).unwrap();
    let loaded = load(&folder.join("kpid.yaml"), Secrets::Needed);
    let (setup, _) = loaded.unwrap_or_else(|error| panic!("{error:?}"));
    let store = Store::open(&folder.join("kpid.db")).await.unwrap();
    Instance::new(setup, store).unwrap()
}

fn collected(id: &str, period: Period, value: f64, collected_at: DateTime<Utc>) -> Collected {
    let filing = match id {
        "wait" => {
            Filing::Readings { kind: ReadingKind::Value, aggregate: Aggregate::Avg, scale: 1.0 }
        }
        _ => Filing::Actuals,
    };
    let filed = Filed {
        period,
        figure: Figure::Value(value),
        target: None,
        observed_at: collected_at,
        collected_at,
        stage: Stage::Closed,
        precedence: Precedence::CollectedLast,
    };
    let attempt = Attempt {
        slot: Some(collected_at),
        missed: 1,
        finished_at: collected_at,
        outcome: AttemptOutcome::Samples,
        message: None,
    };
    Collected { kpi: kpi(id), attempt: Some(attempt), filing, filed: vec![filed] }
}

fn notice(number: u128) -> NewDelivery {
    NewDelivery {
        id: Uuid::from_u128(number),
        dedup_key: format!("test/{number}"),
        event: NoticeKind::Test.into(),
        sequence: 0,
        channel: "mail".to_owned(),
        recipient: "ines@calder.example".to_owned(),
        person: None,
        facts: "{}".to_owned(),
        held_until: None,
    }
}

/// What a daemon does with its store, each once at least: it collects, judges, claims, delivers, tells
/// again, is asked by people, pages and metrics.
async fn daily_work(instance: &Instance) {
    let store = &instance.store;
    let kpis = [kpi("sold"), kpi("wait")];
    let mut now = DateTime::UNIX_EPOCH;
    for (month, sold, wait) in
        [("2026-03", 120.0, 40.0), ("2026-04", 110.0, 40.0), ("2026-05", 50.0, 90.0)]
    {
        let period = Period::parse(month).unwrap();
        now = instance.setup.calendar.bounds(period).1 + TimeDelta::hours(7);
        let both =
            [("sold", sold), ("wait", wait)].map(|(id, value)| collected(id, period, value, now));
        store.record(&both).await.unwrap();
        judgement::judge(instance, &[acme()], LIVE, now).await.unwrap();
    }
    let pace =
        |opening| Pace { opening, day_began: at("2026-06-01T00:00:00Z"), mails_max: Some(1) };
    let until = now + TimeDelta::minutes(5);
    let closed = pace(now + TimeDelta::hours(1));
    assert!(store.claim_mail("mail", now, until, 8, closed).await.unwrap().is_empty());
    assert!(!store.waiting().await.unwrap().is_empty(), "an alert waits for working hours");
    now += TimeDelta::hours(2);
    judgement::judge(instance, &[acme()], LIVE, now).await.unwrap();
    for delivery in store.claim_mail("mail", now, now, 8, pace(now)).await.unwrap() {
        delivered(store, delivery.id, now).await;
    }
    store.tell(&[notice(1), notice(2)], now).await.unwrap();
    for delivery in store.claim("mail", now, now, 8).await.unwrap() {
        due_again(store, delivery.id, now, "451 try later").await;
        given_up(store, delivery.id, now, "550 no such user").await;
    }
    let ids = [Uuid::from_u128(1)];
    store.hasten("mail", Hastened::All, now).await.unwrap();
    store.hasten("mail", Hastened::Oldest, now).await.unwrap();
    store.renew_claims(&ids, until).await.unwrap();
    store.held_claims(&ids).await.unwrap();
    assert_eq!(store.standing_alerts("mail").await.unwrap().len(), 1, "of the open alert");
    store.pending().await.unwrap();
    store.sent_facts("test/1").await.unwrap();
    store.batched().await.unwrap();
    store.summarise(&[], &[], now).await.unwrap();
    store.overtaken(&[Uuid::from_u128(1)], "not configured", now).await.unwrap();
    store.deliveries(false).await.unwrap();
    store.deliveries_of("acme/money/1").await.unwrap();
    let states = DeliveryState::ALL.to_vec();
    let newest = OutboxSpan { states, from: Some(now), to: None, before: None };
    store.deliveries_before(&newest, 10).await.unwrap();
    store.missed(now.date_naive()).await.unwrap();
    store.last_slots().await.unwrap();
    store.held(&kpis.clone().into()).await.unwrap();
    store.held_of(&[acme()], &kpis.clone().into()).await.unwrap();
    store.periods(kpis.iter()).await.unwrap();
    store.swept_at().await.unwrap();
    let body = Push { connection: "mes", by: "line", key: Some("a"), body: "1", nulls: 0, at: now };
    let pushed = collected("sold", Period::parse("2026-05").unwrap(), 61.0, now);
    store.push(body, &[pushed]).await.unwrap();
    let person = Id::parse("ines").unwrap();
    for made_at in [now, now + TimeDelta::days(1)] {
        let standing = judgement::judge(instance, &[acme()], LIVE, made_at).await.unwrap().standing;
        let last = vec![(person.clone(), LastDigest { slot: made_at, at: made_at })];
        let made = DigestOutcome { standing, last, deliveries: Vec::new() };
        store.digest(&kpis.clone().into(), made_at, |_| Ok(made)).await.unwrap();
    }
    store.last_digests().await.unwrap();
    let scope = Scope::Perspective(acme(), Id::parse("money").unwrap());
    let (by, until) = ("ines".to_owned(), now + TimeDelta::hours(1));
    let silence =
        Silence { scope: scope.clone(), from: now, until, reason: "works".to_owned(), by };
    store.silence(&silence, chrono_tz::UTC, now).await.unwrap();
    store.silences(now).await.unwrap();
    let (period, text, by) = ("2026-05".to_owned(), "a strike".to_owned(), "ines".to_owned());
    store.note(&Note { scope, period, text, by, at: now }).await.unwrap();
}

/// The steps of the plan of a statement, with the tables that its names stand for.
async fn plan(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
    rows.into_iter().map(|(.., step)| step).collect()
}

/// Whether a step of a plan reads all of a table that grows.
fn reads_all(step: &str) -> bool {
    let Some(name) = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else {
        return false;
    };
    // What the statement made itself: a subquery, a list of constants, a list of names.
    let is_made = name.starts_with('(')
        || ["CONSTANT ROW", "VALUES CLAUSE", "VIRTUAL TABLE"]
            .iter()
            .any(|made| step.contains(made));
    !is_made && !NOT_GROWING.contains(&name) && !LIMITED.contains(&step)
}

/// Whether a step looks, for each delivery, through more than its own alert; or through all that
/// somebody ever got.
fn looks_through(steps: &[String]) -> bool {
    let is_of_deliveries = |step: &String| step.contains("INDEX deliveries_");
    let is_of_any_alert = |step: &String| is_of_deliveries(step) && !step.contains("dedup_key=?");
    steps.windows(2).any(|pair| pair[0].starts_with("CORRELATED") && is_of_any_alert(&pair[1]))
        || steps.iter().any(|step| step.ends_with("(recipient=?)"))
}

#[tokio::test]
async fn no_statement_of_daily_work_reads_a_table_that_grows() {
    let folder = tempfile::tempdir().unwrap();
    let instance = instance(folder.path()).await;
    let ((), seen) = statements(daily_work(&instance)).await;
    let mut asked: Vec<String> = seen.into_iter().map(|Statement { sql, .. }| sql).collect();
    asked.sort();
    asked.dedup();
    assert!(asked.len() > 50, "the walk sees what is asked: {asked:#?}");
    let options = SqliteConnectOptions::new().filename(folder.path().join("kpid.db"));
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let mut found = Vec::new();
    for sql in &asked {
        let steps = plan(&mut connection, sql).await;
        if steps.iter().any(|step| reads_all(step)) || looks_through(&steps) {
            found.push(format!("{sql}\n{steps:#?}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}
