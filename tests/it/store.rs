//! The store on a real file: what is kept, what is refused, and what a restart finds.

use chrono::{DateTime, TimeDelta, Utc};
use kpid_rules::{
    alerting::Event,
    judgement::Standing,
    model::{Aggregate, KpiRef, Period},
    series::{Figure, ReadingKind},
};
use kpid_store::{
    Attempt, AttemptOutcome, Collected, DeliveryResult, Filed, Filing, Handled, Handling,
    InstanceLock, Judgement, NewDelivery, Precedence, Push, Pushed, Receipt, Settlement, Stage,
    Store,
};
use uuid::Uuid;

/// Readings that are parts of a sum.
pub(crate) const SUM: Filing =
    Filing::Readings { kind: ReadingKind::Delta, aggregate: Aggregate::Sum, scale: 1.0 };

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn nps() -> KpiRef {
    KpiRef::parse("calder/nps").unwrap()
}

pub(crate) fn filed(value: f64, collected_at: &str) -> Filed {
    let collected_at = at(collected_at);
    let period = Period::parse("2026-05").unwrap();
    let figure = Figure::Value(value);
    let closed = collected_at >= at("2026-06-01T00:00:00Z");
    let stage = if closed { Stage::Closed } else { Stage::Running };
    Filed {
        period,
        figure,
        target: None,
        observed_at: collected_at,
        collected_at,
        stage,
        precedence: Precedence::CollectedLast,
    }
}

pub(crate) fn collected(filing: Filing, filed: Vec<Filed>) -> Collected {
    Collected { kpi: nps(), attempt: None, filing, filed }
}

/// The values of all revisions of May, oldest first.
pub(crate) async fn revisions(store: &Store) -> Vec<f64> {
    let held = store.held(&[nps()].into()).await.unwrap();
    let may = Period::parse("2026-05").unwrap();
    let Some(kpi) = held.history.kpi(&nps()) else { return Vec::new() };
    let revisions = kpi.actuals.get(&may).cloned().unwrap_or_default();
    revisions.iter().map(|actual| actual.figure.value(1.0).unwrap()).collect()
}

async fn kept(filing: Filing, figures: &[(f64, &str)]) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    for (value, when) in figures {
        store.record(&[collected(filing, vec![filed(*value, when)])]).await.unwrap();
    }
    revisions(&store).await
}

#[tokio::test]
async fn collecting_the_same_twice_adds_nothing() {
    let twice = [(41.0, "2026-06-02T00:00:00Z"), (41.0, "2026-06-03T00:00:00Z")];
    assert_eq!(kept(Filing::Actuals, &twice).await, [41.0]);
}

#[tokio::test]
async fn a_restatement_is_a_revision() {
    let restated = [(41.0, "2026-06-02T00:00:00Z"), (42.0, "2026-06-02T01:00:00Z")];
    assert_eq!(kept(Filing::Actuals, &restated).await, [41.0, 42.0]);
}

#[tokio::test]
async fn the_last_reading_is_the_one_observed_last() {
    let last = at("2026-05-31T23:59:59.999999Z");
    let reading = |value, observed: &str, collected: &str| Filed {
        observed_at: at(observed),
        precedence: Precedence::ObservedLast(last),
        ..filed(value, collected)
    };
    for (first, second, kept) in [
        // Earlier in the world, later here.
        (("2026-05-20T14:00:00Z", "2026-05-20T14:00:01Z"), "2026-05-20T13:00:00Z", vec![30.0]),
        (("2026-05-19T14:00:00Z", "2026-05-19T14:00:01Z"), "2026-05-20T13:00:00Z", vec![30.0, 3.0]),
        // Equally late, the one collected last; what is observed after the end is equally late.
        (("2026-05-20T14:00:00Z", "2026-05-19T14:00:01Z"), "2026-05-20T14:00:00Z", vec![30.0, 3.0]),
        (("2026-06-03T09:00:00Z", "2026-06-03T09:00:01Z"), "2026-06-02T09:00:00Z", vec![30.0, 3.0]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let collected_again =
            if first.0 < "2026-06" { "2026-05-20T15:00:00Z" } else { "2026-06-04T00:00:00Z" };
        for filed in [reading(30.0, first.0, first.1), reading(3.0, second, collected_again)] {
            store.record(&[collected(Filing::Actuals, vec![filed])]).await.unwrap();
        }
        assert_eq!(revisions(&store).await, kept, "{first:?}, then {second}");
    }
}

#[tokio::test]
async fn what_readings_make_is_as_late_as_the_last_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let parts = SUM;
    for (value, observed) in [(30.0, "2026-05-20T14:00:00Z"), (3.0, "2026-05-20T13:00:00Z")] {
        let filed = Filed { observed_at: at(observed), ..filed(value, "2026-05-20T15:00:00Z") };
        store.record(&[collected(parts, vec![filed])]).await.unwrap();
    }
    let held = store.held(&[nps()].into()).await.unwrap();
    let actual = held.history.kpi(&nps()).unwrap().actual(Period::parse("2026-05").unwrap());
    let actual = actual.unwrap();
    assert_eq!(actual.figure, Figure::Value(33.0));
    assert_eq!(actual.observed_at, at("2026-05-20T14:00:00Z"));
}

#[tokio::test]
async fn what_is_kept_at_once_is_kept_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let closed = |value, period: Period| Filed { period, ..filed(value, "2026-06-02T00:00:00Z") };
    let may = Period::parse("2026-05").unwrap();
    let months = std::iter::successors(Some(may), |month| Some(month.previous()));
    // More than are written by one statement, and more again of May in the same go.
    let mut rows: Vec<Filed> = months.take(2_500).map(|month| closed(0.1, month)).collect();
    rows.extend([closed(41.0, may), closed(41.0, may), closed(42.0, may)]);
    store.record(&[collected(Filing::Actuals, rows.clone())]).await.unwrap();
    assert_eq!(revisions(&store).await, [0.1, 41.0, 42.0]);
    let held = store.held(&[nps()].into()).await.unwrap();
    assert_eq!(held.history.kpi(&nps()).unwrap().actuals.len(), 2_500);
    store.record(&[collected(Filing::Actuals, rows[1..2_500].to_vec())]).await.unwrap();
    assert_eq!(revisions(&store).await, [0.1, 41.0, 42.0], "the others are nobody's business");
}

/// A push of one figure, under a key.
pub(crate) async fn pushed(store: &Store, key: &str, body: &str, value: f64, when: &str) -> Pushed {
    let push = Push { connection: "mes", by: "line", key: Some(key), body, nulls: 0, at: at(when) };
    let collected = collected(Filing::Actuals, vec![filed(value, when)]);
    store.push(push, &[collected]).await.unwrap()
}

#[tokio::test]
async fn a_push_under_a_key_is_kept_once_and_answered_the_same_for_a_week() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let kept = Receipt { stored: 1, ..Receipt::default() };
    let monday = "2026-06-01T12:00:00Z";
    assert_eq!(pushed(&store, "a", "1", 41.0, monday).await, Pushed::Kept(kept.clone()));
    assert_eq!(pushed(&store, "a", "1", 41.0, monday).await, Pushed::Repeated(kept));
    assert_eq!(pushed(&store, "a", "2", 42.0, monday).await, Pushed::KeyTaken);
    assert_eq!(revisions(&store).await, [41.0]);
    let revised = Receipt { revised: 1, ..Receipt::default() };
    assert_eq!(pushed(&store, "b", "2", 42.0, monday).await, Pushed::Kept(revised.clone()));
    let later = "2026-06-08T12:00:01Z";
    assert_eq!(pushed(&store, "a", "3", 43.0, later).await, Pushed::Kept(revised));
    assert_eq!(revisions(&store).await, [41.0, 42.0, 43.0]);
    let deeds = store.audit_entries(10).await.unwrap();
    assert_eq!(deeds.len(), 3, "what changed nothing is no entry");
    assert_eq!((deeds[2].by.as_str(), deeds[2].of.as_str()), ("line", "mes"));
}

#[tokio::test]
async fn the_key_of_links_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpid.db");
    let store = Store::open(&path).await.unwrap();
    let now = at("2026-06-01T12:00:00Z");
    assert_eq!(store.link_key([1; 32], now).await.unwrap(), [1; 32]);
    store.close().await;
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.link_key([2; 32], now).await.unwrap(), [1; 32]);
}

#[tokio::test]
async fn misses_are_counted_by_day() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    for (missed, finished_at) in
        [(6, "2026-06-08T10:00:00Z"), (0, "2026-06-09T04:00:00Z"), (1, "2026-06-10T04:00:00Z")]
    {
        let slot = Some(at(finished_at));
        let (finished_at, outcome) = (at(finished_at), AttemptOutcome::Samples);
        let attempt = Attempt { slot, missed, finished_at, outcome, message: None };
        let attempt = Some(attempt);
        let filing = Filing::Actuals;
        let collected = Collected { kpi: nps(), attempt, filing, filed: Vec::new() };
        store.record(&[collected]).await.unwrap();
    }
    let missed = async |since: &str| store.missed(since.parse().unwrap()).await.unwrap();
    assert_eq!(missed("2026-06-01").await, [(nps(), 7)].into());
    assert_eq!(missed("2026-06-09").await, [(nps(), 1)].into());
    assert_eq!(missed("2026-06-11").await, [].into());
}

#[tokio::test]
async fn a_frozen_period_is_filled_once_and_then_left_to_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let frozen = |value| Filed { stage: Stage::Frozen, ..filed(value, "2026-09-01T00:00:00Z") };
    let record =
        async |filed| store.record(&[collected(Filing::Actuals, vec![filed])]).await.unwrap();
    assert!(record(frozen(41.0)).await.is_empty());
    let may = Period::parse("2026-05").unwrap();
    assert_eq!(record(frozen(42.0)).await, [(nps(), may)]);
    assert_eq!(revisions(&store).await, [41.0]);
    assert!(record(filed(43.0, "2026-09-01T00:00:00Z")).await.is_empty());
    assert_eq!(revisions(&store).await, [41.0, 43.0]);
}

#[tokio::test]
async fn a_running_period_keeps_one_revision_a_day() {
    let moving = [
        (41.0, "2026-05-02T00:00:00Z"),
        (42.0, "2026-05-02T01:00:00Z"),
        (43.0, "2026-05-03T00:00:00Z"),
    ];
    assert_eq!(kept(Filing::Actuals, &moving).await, [42.0, 43.0]);
}

#[tokio::test]
async fn readings_of_a_period_make_its_actual_however_often_they_are_collected() {
    let filing = SUM;
    let parts = [
        (10.0, "2026-05-02T00:00:00Z"),
        (5.0, "2026-05-03T00:00:00Z"),
        (5.0, "2026-05-03T00:00:00Z"),
    ];
    assert_eq!(kept(filing, &parts).await, [10.0, 15.0]);
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/kpid.db");
    let store = Store::open(&path).await.unwrap();
    let attempt = Attempt {
        slot: Some(at("2026-06-02T00:00:00Z")),
        missed: 3,
        finished_at: at("2026-06-02T00:00:01Z"),
        outcome: AttemptOutcome::Error,
        message: Some("the desk hung up".to_owned()),
    };
    let failed = Collected { attempt: Some(attempt), ..collected(Filing::Actuals, Vec::new()) };
    store.record(&[failed]).await.unwrap();
    store.close().await;
    let store = Store::open(&path).await.unwrap();
    let last = store.last_slots().await.unwrap()[&nps()];
    assert_eq!((last.slot, last.missed), (at("2026-06-02T00:00:00Z"), 3));
    let held = store.held(&[nps()].into()).await.unwrap();
    let failure = held.history.kpi(&nps()).unwrap().failure.clone().unwrap();
    assert_eq!(failure.message, "the desk hung up");
}

#[tokio::test]
async fn two_processes_may_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpid.db");
    let (first, second) = (Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap());
    let write = async |store: &Store, offset: i64| {
        for n in 0..20 {
            let period = Period::Month(i32::try_from(2000 + offset + n).unwrap(), 5);
            let mut filed = filed(1.0, "2026-06-02T00:00:00Z");
            filed.period = period;
            store.record(&[collected(Filing::Actuals, vec![filed])]).await.unwrap();
        }
    };
    tokio::join!(write(&first, 0), write(&second, 100));
    let held = first.held(&[nps()].into()).await.unwrap();
    assert_eq!(held.history.kpi(&nps()).unwrap().actuals.len(), 40);
}

#[tokio::test]
async fn a_store_from_the_future_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpid.db");
    Store::open(&path).await.unwrap().close().await;
    let url = format!("sqlite://{}", path.display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', '2030-01-01', 1, x'00', 0)";
    sqlx::query(newer).execute(&pool).await.unwrap();
    pool.close().await;
    let refused = Store::open(&path).await.unwrap_err().to_string();
    assert!(refused.contains("newer kpid"), "{refused}");
}

#[tokio::test]
async fn looking_makes_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpid.db");
    let refused = Store::open_read_only(&path).await.unwrap_err().to_string();
    assert!(refused.contains("no store"), "{refused}");
    Store::open_to_look_or_empty(&path).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_configuration_that_comes_back_is_a_use_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let uses = [("a", "06:00"), ("a", "07:00"), ("b", "08:00"), ("a", "09:00")];
    for (config_hash, hour) in uses {
        store.uses(config_hash, &[], at(&format!("2026-06-03T{hour}:00Z"))).await.unwrap();
    }
    let used = store.configurations_used().await.unwrap();
    let told: Vec<_> = used.iter().map(|used| (used.config_hash.as_str(), used.to)).collect();
    let (eight, nine) = (at("2026-06-03T08:00:00Z"), at("2026-06-03T09:00:00Z"));
    assert_eq!(told, [("a", Some(eight)), ("b", Some(nine)), ("a", None)]);
}

fn delivery(number: u128, event: Event, channel: &str) -> NewDelivery {
    NewDelivery {
        id: Uuid::from_u128(number),
        dedup_key: "calder/customer/1".to_owned(),
        event: event.into(),
        sequence: 0,
        channel: channel.to_owned(),
        recipient: "ines@calder.example".to_owned(),
        person: None,
        facts: "{}".to_owned(),
        held_until: None,
    }
}

async fn decide(store: &Store, deliveries: Vec<NewDelivery>) {
    let now = at("2026-06-03T06:00:00Z");
    let standing = Standing {
        as_of: now.with_timezone(&chrono_tz::UTC),
        config: "sha256:0".to_owned(),
        scorecards: Vec::new(),
    };
    let judge = |_: &kpid_store::Held| Judgement {
        standing,
        changes: Vec::new(),
        anew: Vec::new(),
        moved: Vec::new(),
        incidents: Vec::new(),
        reports: Vec::new(),
        deliveries,
        hold_decisions: Vec::new(),
    };
    store.judge(&[nps()].into(), now, judge).await.unwrap();
}

pub(crate) async fn claimed(store: &Store, channel: &str, now: DateTime<Utc>) -> Vec<u128> {
    let claimed = store.claim(channel, now, now + TimeDelta::minutes(10), 8).await.unwrap();
    claimed.iter().map(|delivery| delivery.id.as_u128()).collect()
}

pub(crate) async fn delivered(store: &Store, id: Uuid, at: DateTime<Utc>) {
    let result = DeliveryResult::Delivered;
    store.settle(&[Settlement { id, at, result }]).await.unwrap();
}

pub(crate) async fn due_again(store: &Store, id: Uuid, at: DateTime<Utc>, error: &str) {
    let result = DeliveryResult::DueAgain { at, error: error.to_owned(), waits_for: None };
    store.settle(&[Settlement { id, at, result }]).await.unwrap();
}

pub(crate) async fn given_up(store: &Store, id: Uuid, at: DateTime<Utc>, error: &str) {
    let result = DeliveryResult::GivenUp { error: error.to_owned(), notices: Vec::new() };
    store.settle(&[Settlement { id, at, result }]).await.unwrap();
}

#[tokio::test]
async fn an_outbox_row_is_one_for_each_event_channel_and_recipient() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    decide(&store, vec![delivery(1, Event::Opened, "mail"), delivery(2, Event::Opened, "ops")])
        .await;
    decide(&store, vec![delivery(3, Event::Opened, "mail")]).await;
    let now = at("2026-06-03T06:00:00Z");
    assert_eq!(claimed(&store, "mail", now).await, [1], "decided once, however often judged");
    assert_eq!(claimed(&store, "ops", now).await, [2]);
    assert_eq!(store.pending().await.unwrap(), 2);
}

#[tokio::test]
async fn what_waits_goes_another_way_and_to_no_mailbox_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let to = |number, event, channel: &str, person: &str, address: &str| {
        let (person, recipient) = (Some(person.to_owned()), address.to_owned());
        NewDelivery { person, recipient, ..delivery(number, event, channel) }
    };
    let deliveries = vec![
        to(1, Event::Opened, "mail", "ines", "ines@calder.example"),
        to(2, Event::Opened, "mail", "tom", "tom@calder.example"),
        to(3, Event::Worsened, "mail", "ines", "ines@calder.example"),
        delivery(4, Event::Opened, "ops"),
    ];
    decide(&store, deliveries).await;
    let now = at("2026-06-03T06:00:00Z");
    delivered(&store, Uuid::from_u128(2), now).await;
    let routes = store.waiting_routes().await.unwrap();
    let shown: Vec<_> = routes
        .iter()
        .map(|route| (route.channel.as_str(), route.person.as_deref(), route.count))
        .collect();
    assert_eq!(shown, [("mail", Some("ines"), 2), ("ops", None, 1)]);
    // Ines and Tom share a mailbox now, which has heard that it opened.
    store.send_over(&routes[0], "mail", "tom@calder.example", now).await.unwrap();
    let held = store.deliveries(true).await.unwrap();
    let states: Vec<_> =
        held.iter().map(|held| (held.id.as_u128(), held.state, held.recipient.as_str())).collect();
    use kpid_store::DeliveryState::{Delivered, Overtaken, Pending};
    assert_eq!(
        states,
        [
            (1, Overtaken, "ines@calder.example"),
            (2, Delivered, "tom@calder.example"),
            (3, Pending, "tom@calder.example"),
            (4, Pending, "ines@calder.example"),
        ]
    );
}

#[tokio::test]
async fn a_reader_is_known_under_another_address() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let ines = |number, event, sequence, channel: &str, address: &str| NewDelivery {
        sequence,
        person: Some("ines".to_owned()),
        recipient: address.to_owned(),
        ..delivery(number, event, channel)
    };
    let (old, new) = ("ines@calder.example", "ines.marlow@calder.example");
    let deliveries =
        vec![ines(1, Event::Opened, 1, "mail", old), ines(2, Event::Recovered, 2, "post", new)];
    decide(&store, deliveries).await;
    let now = at("2026-06-03T06:00:00Z");
    assert!(claimed(&store, "post", now).await.is_empty(), "the end follows the beginning");
    assert_eq!(claimed(&store, "mail", now).await, [1]);
    delivered(&store, Uuid::from_u128(1), now).await;
    assert_eq!(claimed(&store, "post", now).await, [2]);
}

#[tokio::test]
async fn what_is_claimed_is_nobody_elses_until_the_claimant_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpid.db");
    let store = Store::open(&path).await.unwrap();
    decide(&store, vec![delivery(1, Event::Opened, "mail")]).await;
    let now = at("2026-06-03T06:00:00Z");
    assert_eq!(claimed(&store, "mail", now).await, [1]);
    assert_eq!(claimed(&store, "mail", now).await, [] as [u128; 0]);
    let lock = InstanceLock::take(&path).await.unwrap();
    assert_eq!(store.free_claims(&lock).await.unwrap(), 1);
    assert_eq!(claimed(&store, "mail", now).await, [1], "with the same id");
}

#[tokio::test]
async fn a_clock_set_back_between_two_messages_turns_nothing_round() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    let opened = NewDelivery { sequence: 1, ..delivery(9, Event::Opened, "mail") };
    let recovered = NewDelivery { sequence: 2, ..delivery(2, Event::Recovered, "mail") };
    decide(&store, vec![opened, recovered]).await;
    let now = at("2026-06-03T06:00:00Z");
    assert_eq!(claimed(&store, "mail", now).await, [9], "although its id sorts later");
    delivered(&store, Uuid::from_u128(9), now).await;
    assert_eq!(claimed(&store, "mail", now).await, [2]);
}

#[tokio::test]
async fn what_is_under_way_is_neither_taken_up_again_nor_followed_by_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    decide(&store, vec![delivery(1, Event::Opened, "mail"), delivery(2, Event::Recovered, "mail")])
        .await;
    let now = at("2026-06-03T06:00:00Z");
    let retry = async |id| {
        store.handle(Uuid::from_u128(id), Handling::Retry, "tom", now, |_| None).await.unwrap()
    };
    assert_eq!(claimed(&store, "mail", now).await, [1]);
    retry(1).await;
    assert_eq!(claimed(&store, "mail", now).await, [] as [u128; 0], "it is under way");
    given_up(&store, Uuid::from_u128(1), now, "550 no such user").await;
    assert_eq!(claimed(&store, "mail", now).await, [2]);
    assert_eq!(retry(1).await, Handled::Overtaken, "the recovery is under way");
    due_again(&store, Uuid::from_u128(2), now, "451 try later").await;
    assert_eq!(retry(1).await, Handled::Done);
    assert_eq!(claimed(&store, "mail", now).await, [1], "and the recovery waits for it");
}

#[tokio::test]
async fn a_recovery_waits_until_the_alert_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
    decide(&store, vec![delivery(1, Event::Opened, "mail"), delivery(2, Event::Recovered, "mail")])
        .await;
    let now = at("2026-06-03T06:00:00Z");
    assert_eq!(claimed(&store, "mail", now).await, [1]);
    let later = now + TimeDelta::minutes(5);
    due_again(&store, Uuid::from_u128(1), later, "451 try later").await;
    assert_eq!(claimed(&store, "mail", now).await, [] as [u128; 0]);
    assert_eq!(claimed(&store, "mail", later).await, [1]);
    delivered(&store, Uuid::from_u128(1), later).await;
    assert_eq!(claimed(&store, "mail", later).await, [2]);
}

#[tokio::test]
async fn many_that_begin_together_on_a_new_store_make_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpid.db");
    let opened = futures_util::future::join_all((0..8).map(|_| Store::open(&path))).await;
    for store in opened {
        store.unwrap().close().await;
    }
}
