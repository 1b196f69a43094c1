//! A message that waits in the store of an earlier release.

use chrono::{DateTime, TimeDelta, Utc};
use kpid_message::{mail::render, message::Message};
use kpid_store::Store;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;

/// The schema from which on the facts of an alert have a `node`.
const ALERT_NODES: i64 = 17;

#[tokio::test]
async fn a_message_that_an_earlier_release_stored_can_still_be_sent() {
    let migrator = sqlx::migrate!("migrations/sqlite");
    let of_customer = |facts: &mut Value| facts["note"] = Value::Null;
    let of_a_kpi = |facts: &mut Value| {
        facts["perspective"] = json!({ "id": "on-time", "name": "On time" });
        (facts["level"], facts["scope"]) = ("kpi".into(), "calder/on-time".into());
        facts["told"] =
            json!({ "at": "2026-06-02T06:00:00+02:00", "status": "at_risk", "score": 61.5 });
    };
    type Case<'a> = (&'a dyn Fn(&mut Value), Value, &'a str);
    let cases: [Case<'_>; 2] = [
        (
            &of_customer,
            json!({ "kind": "perspective", "path": "calder/customer", "id": "customer", "name": "Customer" }),
            "[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)",
        ),
        (
            &of_a_kpi,
            json!({ "kind": "kpi", "path": "calder/on-time", "id": "on-time", "name": "On time" }),
            "[Off track] On time - Calder Cycles - May 2026: 55.9 (was 72.0)",
        ),
    ];
    for (change, node, subject) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kpid.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        migrator.run_to(ALERT_NODES - 1, &pool).await.unwrap();

        let mut stored: Value =
            serde_json::from_str(include_str!("../data/facts-0.1.json")).unwrap();
        change(&mut stored);
        let fill = "INSERT INTO deliveries (id, dedup_key, event, channel, recipient, facts, state, \
                    written_at, next_attempt_at) VALUES \
                    ('00000000-0000-0000-0000-000000000001', 'calder/customer/1', 'opened', 'mail', \
                    'ines@calder.example', $1, 'pending', 0, 0)";
        sqlx::query(fill).bind(stored.to_string()).execute(&pool).await.unwrap();
        pool.close().await;
        let store = Store::open(&path).await.unwrap();
        let now: DateTime<Utc> = "2026-06-03T06:00:00Z".parse().unwrap();
        let claimed = store.claim("mail", now, now + TimeDelta::minutes(10), 8).await.unwrap();
        let facts: Value = serde_json::from_str(&claimed[0].facts).unwrap();
        assert_eq!(facts["node"], node);
        let last = stored.get("told").cloned().unwrap_or_default();
        assert_eq!(facts["last_notified"], last);
        assert!(
            ["perspective", "level", "scope", "told"].iter().all(|key| facts.get(key).is_none())
        );
        let message = Message::from_json(&claimed[0].facts).unwrap();
        assert_eq!(render::plain(&message).unwrap().subject, subject);
    }
}
