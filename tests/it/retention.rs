//! What is old goes, a few rows at a time, and nothing that a rule, a person or a message still leans
//! on goes with it.

use std::{collections::HashSet, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use kpid::{
    engine::{
        judgement::{self, LIVE},
        retention,
    },
    instance::Instance,
};
use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets};
use kpid_rules::{
    evaluation::judge as judged,
    model::{Aggregate, Id, KpiRef, Period},
    series::{Figure, ReadingKind},
};
use kpid_store::{Collected, Filed, Filing, Precedence, Removed, Stage, Store, backup};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    store::delivered,
    world::kpid::{Kpid, run_until},
};

const CONFIG: &str = "store: kpid.db
calendar: { timezone: Europe/Amsterdam, fiscal_year_start: april }
connections: { box: { sqlite: { path: none.db } } }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { ines: { email: ines@calder.example } }
";

/// Every rule that looks back: a fiscal year, last year, a rolling mean, usual ranges, parts.
const SCORECARD: &str = "scorecard: acme
freeze_after: 3
perspectives:
  money:
    alert: { to: [ines] }
    objectives:
      earn:
        kpis:
          sold: { nature: flow, cumulative: fiscal_year, target: 100, tolerance: 10 }
          more: { nature: flow, target: { relative: { to: same_period_last_year, improve: 5% } }, tolerance: 10 }
          even: { nature: flow, target: { rolling: { periods: 12, min: 1 } }, tolerance: 10 }
          stock: { nature: level, target: 100, tolerance: 10 }
          wait: { nature: ratio, unit: d, direction: lower, aggregate: p95, schedule: { every: 1d }, target: 50, tolerance: 20, source: { sql: { from: box, query: \"select 1 as value\" } } }
";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-06-20T01:30:00Z")
}

fn kpi(id: &str) -> KpiRef {
    KpiRef::parse(&format!("acme/{id}")).unwrap()
}

fn acme() -> Id {
    Id::parse("acme").unwrap()
}

fn month(back: u32) -> Period {
    let newest = Period::parse("2026-05").unwrap();
    std::iter::successors(Some(newest), |at| Some(at.previous())).nth(back as usize).unwrap()
}

async fn instance(folder: &Path, retention: &str) -> Instance {
    std::fs::create_dir_all(folder.join("scorecards")).unwrap();
    std::fs::write(folder.join("kpid.yaml"), format!("{CONFIG}{retention}")).unwrap();
    std::fs::write(folder.join("scorecards/acme.yaml"), SCORECARD).unwrap();
    let loaded = load(&folder.join("kpid.yaml"), Secrets::Needed);
    let (setup, _) = loaded.unwrap_or_else(|error| panic!("{error:?}"));
    let store = Store::open(&folder.join("kpid.db")).await.unwrap();
    Instance::new(setup, store).unwrap()
}

fn figure(id: &str, period: Period, value: f64, collected_at: DateTime<Utc>) -> Collected {
    let filing = match id {
        "wait" => Filing::Readings {
            kind: ReadingKind::Value,
            aggregate: Aggregate::Percentile(95.0),
            scale: 1.0,
        },
        "stock" => Filing::Newest,
        _ => Filing::Actuals,
    };
    let precedence = match filing {
        Filing::Newest => Precedence::ObservedLast(collected_at),
        _ => Precedence::CollectedLast,
    };
    let filed = Filed {
        period,
        figure: Figure::Value(value),
        target: None,
        observed_at: collected_at,
        collected_at,
        stage: Stage::Closed,
        precedence,
    };
    Collected { kpi: kpi(id), attempt: None, filing, filed: vec![filed] }
}

/// Three years of months with restatements and parts, judged every month; what is told is settled.
async fn live(instance: &Instance, figures: &[f64]) {
    let months = 36;
    for back in (0..months).rev() {
        let period = month(back);
        let end = instance.setup.calendar.bounds(period).1;
        for (at, id) in ["sold", "more", "even", "wait"].into_iter().enumerate() {
            let parts: Vec<Collected> = (0..4_usize)
                .map(|part| {
                    let value = figures[(back as usize * 7 + at * 3 + part) % figures.len()];
                    figure(id, period, value, end + TimeDelta::hours(part as i64 + 1))
                })
                .collect();
            instance.store.record(&parts).await.unwrap();
            let when = end + TimeDelta::hours(24 + at as i64);
            judgement::judge(instance, &[acme()], LIVE, when).await.unwrap();
        }
        let when = end + TimeDelta::days(2);
        for delivery in instance.store.claim("mail", when, when, 100).await.unwrap() {
            delivered(&instance.store, delivery.id, when).await;
        }
    }
}

/// What a person sees, and what the next judgement would do, in words.
async fn seen(instance: &Instance) -> Vec<String> {
    let portfolio = &instance.setup.portfolio;
    let kpis: HashSet<KpiRef> = portfolio.kpis().map(|(kpi, ..)| kpi).collect();
    let held = instance.store.held(&kpis).await.unwrap();
    let standing = judged(portfolio, &held.history, &held.episodes, "", now());
    let later = at("2026-06-21T01:30:00Z");
    let next = judgement::judge(instance, &[acme()], LIVE, later).await.unwrap();
    let told = next.deliveries.iter().map(|told| format!("{} {}", told.dedup_key, told.event));
    let mut seen = vec![
        serde_json::to_string(&standing).unwrap(),
        serde_json::to_string(&next.standing).unwrap(),
        format!("{:?}", next.changes),
        format!("{:?}", instance.store.episode_events().await.unwrap()),
    ];
    seen.extend(told);
    seen
}

const TIGHT: &str = "retention: { readings: 125d, level_readings: 35d, revisions: 792d, deliveries: 35d, verdicts: 35d, audit: 35d, misses: 35d }\n";

#[test]
fn what_is_shown_and_judged_next_is_the_same_after_old_rows_went() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Each case lives three years in a store of its own.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 2,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let figures = vec(1.0..200.0, 5..40);
    let same = runner.run(&figures, |figures| {
        runtime.block_on(async {
            let (kept, swept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let first = instance(swept.path(), TIGHT).await;
            live(&first, &figures).await;
            let copy = kept.path().join("kpid.db");
            backup(&swept.path().join("kpid.db"), &copy, false).await.unwrap();
            let other = instance(kept.path(), TIGHT).await;
            let gone = retention::sweep(&first, now(), &CancellationToken::new()).await.unwrap();
            let names: Vec<&str> = gone.0.iter().map(|(name, _)| *name).collect();
            for name in ["readings", "revisions", "verdicts", "deliveries"] {
                assert!(names.contains(&name) || name == "deliveries", "{name}: {gone:?}");
            }
            let again = retention::sweep(&first, now(), &CancellationToken::new()).await.unwrap();
            assert!(again.0.is_empty(), "{again:?}");
            prop_assert_eq!(seen(&first).await, seen(&other).await);
            Ok(())
        })
    });
    same.unwrap();
}

#[tokio::test]
async fn a_reading_that_comes_after_the_others_went_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let instance = instance(folder.path(), TIGHT).await;
    let (old, young) = (month(12), month(1));
    for period in [old, young] {
        let end = instance.setup.calendar.bounds(period).1;
        for (hour, value) in [(1, 10.0), (2, 20.0), (3, 30.0)] {
            let when = end + TimeDelta::hours(hour);
            instance.store.record(&[figure("wait", period, value, when)]).await.unwrap();
        }
    }
    let gone = retention::sweep(&instance, now(), &CancellationToken::new()).await.unwrap();
    assert_eq!(gone.0, [("readings", 3)]);
    let late = |period| [figure("wait", period, 99.0, now())];
    assert_eq!(instance.store.record(&late(old)).await.unwrap(), [(kpi("wait"), old)], "refused");
    assert_eq!(instance.store.record(&late(young)).await.unwrap(), []);
    let held = instance.store.held(&[kpi("wait")].into()).await.unwrap();
    let value = |period| held.history.kpi(&kpi("wait")).unwrap().actual(period).unwrap().figure;
    assert_eq!(value(old), Figure::Value(29.0), "as the three made it");
    assert_eq!(value(young), Figure::Value(30.0 + 0.85 * 69.0));
    let removed = Removed { name: "readings".to_owned(), kind: String::new(), count: 3 };
    assert_eq!(instance.store.removed().await.unwrap(), [removed], "counted");
}

#[tokio::test]
async fn readings_of_a_level_go_after_35_days_and_no_figure_changes_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let instance = instance(folder.path(), "").await;
    let period = month(0);
    let ago = |days| now() - TimeDelta::days(days);
    for (days, value) in [(40, 10.0), (36, 20.0), (34, 30.0)] {
        for id in ["stock", "wait"] {
            let reading = [figure(id, period, value, ago(days))];
            assert_eq!(instance.store.record(&reading).await.unwrap(), []);
        }
    }
    let value = async |id: &str| {
        let held = instance.store.held(&[kpi(id)].into()).await.unwrap();
        held.history.kpi(&kpi(id)).unwrap().actual(period).unwrap().figure
    };
    let gone = retention::sweep(&instance, now(), &CancellationToken::new()).await.unwrap();
    assert_eq!(gone.0, [("readings", 2)], "of the level alone");
    assert_eq!(value("stock").await, Figure::Value(30.0));

    let late = ["stock", "wait"].map(|id| figure(id, period, 40.0, now()));
    assert_eq!(instance.store.record(&late).await.unwrap(), [], "taken");
    assert_eq!(value("stock").await, Figure::Value(40.0));
    assert_eq!(value("wait").await, Figure::Value(30.0 + 0.85 * 10.0), "of all four");
}

#[tokio::test]
async fn each_kind_of_readings_is_kept_as_long_as_its_own_key_says() {
    for (retention, removed) in [
        ("readings: never, level_readings: never", vec![]),
        ("readings: 125d, level_readings: never", vec![("readings", 1)]),
        ("readings: never, level_readings: 125d", vec![("readings", 1)]),
        ("readings: 125d, level_readings: 125d", vec![("readings", 2)]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let instance = instance(folder.path(), &format!("retention: {{ {retention} }}\n")).await;
        let old = month(24);
        let end = instance.setup.calendar.bounds(old).1;
        let both = ["stock", "wait"].map(|id| figure(id, old, 10.0, end));
        instance.store.record(&both).await.unwrap();
        let gone = retention::sweep(&instance, now(), &CancellationToken::new()).await.unwrap();
        assert_eq!(gone.0, removed, "{retention}");
    }
}

#[tokio::test]
async fn the_last_verdict_of_each_month_stays_and_all_stay_counted() {
    let folder = tempfile::tempdir().unwrap();
    let instance = instance(folder.path(), TIGHT).await;
    instance
        .store
        .uses(&instance.setup.config_hash, &[], at("2020-01-01T00:00:00Z"))
        .await
        .unwrap();
    live(&instance, &[50.0, 90.0, 120.0]).await;
    let verdicts = async || instance.store.configurations_used().await.unwrap()[0].verdicts;
    let before = verdicts().await;
    let gone = retention::sweep(&instance, now(), &CancellationToken::new()).await.unwrap();
    let removed = gone.0.iter().find(|(name, _)| *name == "verdicts").unwrap().1;
    assert!(removed > 30, "{gone:?}");
    assert_eq!(verdicts().await, before);
    let deeds = instance.store.audit_entries(1).await.unwrap();
    assert_eq!((deeds[0].by.as_str(), deeds[0].action.words()), ("kpid", "removed old rows"));
}

#[tokio::test]
async fn the_daemon_removes_old_rows_at_the_quiet_hour() {
    let folder = tempfile::tempdir().unwrap();
    let instance = instance(folder.path(), TIGHT).await;
    live(&instance, &[50.0, 90.0, 120.0]).await;
    let setup = instance.setup.clone();
    instance.store.close().await;
    // A start that takes longer would be too late for today.
    let clock = Clock::set(now() - TimeDelta::seconds(10));
    let look = async || {
        let store = Store::open_read_only(&folder.path().join("kpid.db")).await.unwrap();
        store.swept_at().await.unwrap().zip(store.removed().await.ok())
    };
    let seen = run_until(setup, clock, "a sweep", look, Option::is_some).await;
    let (_, removed) = seen.unwrap();
    assert!(removed.iter().any(|removed| removed.name == "readings"), "{removed:?}");
}

#[tokio::test]
async fn a_retention_that_is_too_short_for_the_rules_is_refused_with_the_reason() {
    for (retention, part) in [
        ("readings: 90d", "its figures freeze after 3 periods"),
        ("revisions: 1y", "last year"),
        ("deliveries: 5d", "30 days"),
        ("actuals: 10y", "actuals are never removed"),
        ("audit: often", "is not a valid duration"),
    ] {
        let kpid = Kpid::new(&format!("{CONFIG}retention: {{ {retention} }}\n"), SCORECARD);
        let checked = kpid.run(&["check", "--format", "json"]).await;
        assert_eq!(checked.code, Some(1), "{retention}: {}", checked.stdout);
        let found: Value = serde_json::from_str(&checked.stdout).unwrap();
        assert!(found.to_string().contains(part), "{retention}: {found}");
    }
    let good = "retention: { readings: never, level_readings: 1d, revisions: 3y, deliveries: 400d, verdicts: 2y, audit: 10y, episode_events: never, misses: 2y, actuals: never }\n";
    let kpid = Kpid::new(&format!("{CONFIG}{good}"), SCORECARD);
    let checked = kpid.run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
}
