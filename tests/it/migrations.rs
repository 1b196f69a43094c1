//! A store of every earlier schema, with something in it, is brought up to date and keeps what it has.

use kpid_rules::{
    alerting::Cause,
    model::{Id, KpiRef, Period, Scope, Status},
    series::Figure,
};
use kpid_store::{
    AuditAction, Collected, DeliveryState, EpisodeEventCause, Filed, Pushed, Receipt, Store,
};
use sqlx::{AssertSqlSafe, sqlite::SqliteConnectOptions};

use crate::store::{SUM, at, claimed, collected, filed, pushed, revisions};

/// The schema from which on uses of configurations are a table of their own.
const CONFIGURATION_USES: i64 = 6;

/// The schema from which on it is written down what happened to alerts, and who did it.
const ALERTS: i64 = 2;

/// The schema from which on deliveries are kept for a summary.
const SUMMARIES: i64 = 9;

/// The schema from which on removed rows are summed up.
const RETENTION: i64 = 11;

/// The schema from which on verdicts are kept by node.
const VERDICTS: i64 = 16;

/// The schema from which on a verdict is a number.
const SHORT_VERDICTS: i64 = 20;

/// The schema from which on people log in.
const SESSIONS: i64 = 21;

/// The schema from which on readings are in the order of time.
const READINGS: i64 = 18;

/// The schema from which on a delivery is `batched` and a configuration has a `config_hash`, where
/// there was a `digest` before.
const WORDS: i64 = 12;

/// Filled by the names of the first schema, which every later one has too.
const FILLED: &str = "INSERT INTO episodes (scope, state, changed_at) VALUES ('calder/customer', \
    '{\"number\":1,\"phase\":\"open\",\"opened_at\":\"2026-06-03T04:00:00Z\",\"opened_period\":\"2026-05\",\
    \"recovered_at\":null,\"escalated\":false,\"seen\":true,\"bad_in_a_row\":1,\"bad_periods\":1,\
    \"last_occasion\":null,\"last_period\":null,\"acknowledged_by\":null}', 0); \
    INSERT INTO deliveries (id, dedup_key, event, channel, recipient, facts, state, written_at, \
    next_attempt_at) VALUES ('00000000-0000-0000-0000-000000000001', 'calder/customer/1', 'opened', \
    'mail', 'ines@calder.example', '{}', 'pending', 0, 0); \
    INSERT INTO actuals (kpi, period, revision, value, observed_at, collected_at) \
    VALUES ('calder/nps', '2026-05', 1, 41.0, 0, 0)";

/// What later schemas have further, by the names of their time.
fn of_schema(schema: i64) -> Vec<String> {
    let is_reworded = schema >= WORDS;
    let config = if is_reworded { "config_hash" } else { "config" };
    let mut filled = vec![if schema < VERDICTS {
        format!(
            "INSERT INTO snapshots (scorecard, as_of, {config}, standing) \
             VALUES ('calder', 8, 'sha256:1', '{{\"id\":\"calder\",\"status\":\"at_risk\",\"score\":61.5}}')"
        )
    } else {
        let verdict = if schema < SHORT_VERDICTS { "'at_risk', 61.5" } else { "1, 615000" };
        format!(
            "INSERT INTO nodes (id, scorecard, name) VALUES (1, 'calder', 'calder'); \
             INSERT INTO judging VALUES ('calder', 8, 'sha256:1'); \
             INSERT INTO verdicts (node, at, status, score) VALUES (1, 8, {verdict})"
        )
    }];
    filled.push(
        if schema < READINGS {
            "INSERT INTO readings (kpi, period, observed_at, collected_at, value) \
             VALUES ('calder/parts', '2026-05', 5, 6, 10.0), ('calder/parts', '2026-05', 7, 8, 2.0)"
        } else {
            "INSERT INTO reading_periods (id, kpi, period) VALUES (1, 'calder/parts', '2026-05'); \
             INSERT INTO readings (at, period, value, delay) VALUES (5, 1, 10.0, 1), (7, 1, 2.0, 1)"
        }
        .to_owned(),
    );
    if (RETENTION..READINGS).contains(&schema) {
        filled.push("INSERT INTO thinned VALUES ('calder/parts', '2026-04')".to_owned());
    } else if schema >= READINGS {
        let thinned = "INSERT INTO reading_periods (kpi, period, is_thinned) \
                       VALUES ('calder/parts', '2026-04', 1)";
        filled.push(thinned.to_owned());
    }
    if schema < CONFIGURATION_USES {
        filled.push("INSERT INTO configurations VALUES ('sha256:1', 7)".to_owned());
    } else {
        let hash = if is_reworded { "config_hash" } else { "digest" };
        let (counts, counted) = if schema < VERDICTS { ("", "") } else { (", verdicts", ", 1") };
        filled.push(format!(
            "INSERT INTO configuration_uses (started_at, {hash}{counts}) \
             VALUES (7, 'sha256:1'{counted})"
        ));
    }
    if schema >= ALERTS {
        filled.push(
            "INSERT INTO audit (at, person, action, subject) \
             VALUES (1, 'ines', 'dropped a delivery', 'x'), (2, 'ines', 'acknowledged', 'y'); \
             INSERT INTO episode_events (scope, number, sequence, at, event, cause, status) \
             VALUES ('calder/customer', 1, 1, 1, 'opened', 'fell', 'off_track'), \
             ('calder/customer', 1, 2, 2, 'ended', 'removed', NULL)"
                .to_owned(),
        );
    }
    if schema >= SESSIONS {
        filled.push("INSERT INTO sessions VALUES (x'0707070707070707070707070707070707070707070707070707070707070707', \
             'https://login.example', 'ines', '[\"ops\"]', 1, 2)".to_owned());
    }
    let (batched, summarised) =
        if is_reworded { ("batched", "summarised") } else { ("digest", "digested") };
    if schema >= SUMMARIES {
        for (number, state) in [(2, batched), (3, summarised)] {
            filled.push(format!(
                "INSERT INTO deliveries (id, dedup_key, event, channel, recipient, facts, state, \
                 written_at, next_attempt_at) VALUES ('00000000-0000-0000-0000-00000000000{number}', \
                 'calder/customer/{number}', 'opened', 'mail', 'tom@calder.example', '{{}}', \
                 '{state}', 0, 0)"
            ));
        }
    }
    if schema >= RETENTION {
        filled
            .push(format!("INSERT INTO removed VALUES ('deliveries', '2024-09', '{batched}', 3)"));
    }
    filled
}

#[tokio::test]
async fn a_store_of_every_earlier_schema_keeps_what_it_has() {
    let migrator = sqlx::migrate!("migrations/sqlite");
    let newest = migrator.iter().map(|migration| migration.version).max().unwrap();
    for schema in 1..=newest {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kpid.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        migrator.run_to(schema, &pool).await.unwrap();
        sqlx::raw_sql(FILLED).execute(&pool).await.unwrap();
        for sql in of_schema(schema) {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        }
        pool.close().await;
        let store = Store::open(&path).await.unwrap();
        let episodes = store.episodes().await.unwrap();
        assert!(
            episodes.values().all(kpid_rules::alerting::Episode::is_open) && episodes.len() == 1
        );
        assert_eq!(revisions(&store).await, [41.0], "of schema {schema}");
        let now = at("2026-06-03T06:00:00Z");
        assert_eq!(claimed(&store, "mail", now).await, [1], "of schema {schema}");
        let used = store.configurations_used().await.unwrap();
        let used: Vec<_> =
            used.iter().map(|used| (used.config_hash.as_str(), used.verdicts)).collect();
        assert_eq!(used, [("sha256:1", 1)], "of schema {schema}");
        if schema >= ALERTS {
            let entries = store.audit_entries(9).await.unwrap();
            let actions: Vec<_> = entries.iter().map(|entry| entry.action).collect();
            assert_eq!(actions, [AuditAction::Acknowledged, AuditAction::DroppedDelivery]);
            let events = store.episode_events().await.unwrap();
            let events = events.iter().map(|event| (event.event.word(), event.cause, event.status));
            let opened =
                ("opened", Some(EpisodeEventCause::Told(Cause::Fell)), Some(Status::OffTrack));
            let ended = ("ended", Some(EpisodeEventCause::Removed), None);
            assert_eq!(events.collect::<Vec<_>>(), [opened, ended], "of schema {schema}");
        }
        let verdicts = store.verdicts_at(now).await.unwrap();
        let calder = Scope::Scorecard(Id::parse("calder").unwrap());
        let colour = verdicts[0].picture.node(&calder).unwrap().colour;
        assert_eq!((colour.status, colour.score), (Status::AtRisk, Some(61.5)), "{schema}");
        if schema >= SUMMARIES {
            let held = store.deliveries(true).await.unwrap();
            let states: Vec<_> = held.iter().map(|held| held.state).collect();
            let (batched, summarised) = (DeliveryState::Batched, DeliveryState::Summarised);
            assert_eq!(states, [DeliveryState::Pending, batched, summarised], "of schema {schema}");
            let persons: Vec<_> = held.iter().filter_map(|held| held.person.as_ref()).collect();
            assert!(persons.is_empty(), "nobody is made up, of schema {schema}: {persons:?}");
        }
        if schema >= SESSIONS {
            let session = store.session([7; 32]).await.unwrap().unwrap();
            assert_eq!((session.person.as_str(), session.groups), ("ines", vec!["ops".to_owned()]));
        }
        if schema >= RETENTION {
            let removed = store.removed().await.unwrap();
            assert_eq!(removed[0].kind, "batched", "of schema {schema}");
        }
        let late = Filed {
            period: Period::parse("2026-04").unwrap(),
            ..filed(1.0, "2026-06-03T06:00:00Z")
        };
        let parts = Collected {
            kpi: KpiRef::parse("calder/parts").unwrap(),
            ..collected(SUM, vec![filed(5.0, "2026-06-03T06:00:00Z"), late])
        };
        let refused = store.record(std::slice::from_ref(&parts)).await.unwrap();
        let thinned: &[Period] = if schema >= RETENTION { &[late.period] } else { &[] };
        assert_eq!(refused.iter().map(|(_, period)| *period).collect::<Vec<_>>(), thinned);
        let held = store.held(&[parts.kpi.clone()].into()).await.unwrap();
        let actual = held.history.kpi(&parts.kpi).unwrap().actual(parts.filed[0].period).unwrap();
        assert_eq!(actual.figure, Figure::Value(17.0), "with the readings of schema {schema}");
        let pushed = pushed(&store, "a", "1", 41.0, "2026-06-03T06:00:00Z").await;
        assert_eq!(pushed, Pushed::Kept(Receipt { unchanged: 1, ..Receipt::default() }));
        assert_eq!(store.link_key([7; 32], now).await.unwrap(), [7; 32], "of schema {schema}");
    }
}
