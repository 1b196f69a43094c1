//! Deliveries by the hundred: taken, sent and settled together, over few connections, whatever some of
//! their receivers do. Counted is the work, not the time.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use kpid::{instance::Instance, outbox::deliver::Worker};
use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets};
use kpid_delivery::{channels::Channels, delivery::Delivery, send_error::SendError};
use kpid_message::{message::Message, samples};
use kpid_rules::{
    alerting::{Event, NoticeKind},
    model::Id,
};
use kpid_store::{
    DeliveryResult, DeliveryState, Handling, Hastened, NewDelivery, Settlement, Store,
    WAITS_AS_ASKED,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    store::{delivered, due_again},
    world::{
        free_port,
        kpid::Kpid,
        smtp::{Conduct, Smtp},
        statements::statements,
        tls::Certificates,
        webhook::{Answer, Webhook},
    },
};

const INES: &str = "ines@acme.example";

/// A company with a mail server, a receiver that takes what comes, and one that is not there.
struct Firm {
    smtp: Smtp,
    hook: Webhook,
    instance: Instance,
    channels: Channels,
    kpid: Kpid,
}

impl Firm {
    async fn open() -> Self {
        let (smtp, hook) = tokio::join!(Smtp::start(), Webhook::start());
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: UTC }}
channels:
  mail: {{ email: {{ smtp: {}, from: kpid@acme.example }} }}
  ops: {{ webhook: {{ url: \"{}\" }} }}
  gone: {{ webhook: {{ url: \"http://127.0.0.1:{}/\" }} }}
people:
  ines: {{ email: {INES} }}
  tom: {{ email: tom@acme.example }}
alerts: {{ mails_per_day: 0 }}
",
            smtp.yaml(),
            hook.url(),
            free_port()
        );
        let kpid = Kpid::new(&config, SCORECARD);
        let instance = instance(kpid.folder()).await;
        let channels = Channels::open(&instance.setup.channels).unwrap();
        Self { smtp, hook, instance, channels, kpid }
    }

    /// Decides on so many messages, each of an alert of its own; the oldest first.
    async fn decide(&self, channel: &str, recipient: &str, count: usize) -> Vec<Uuid> {
        let facts = Message::from(samples::alerts::opened()).to_json().unwrap();
        let message = |_| NewDelivery {
            id: Uuid::now_v7(),
            dedup_key: Uuid::now_v7().to_string(),
            event: Event::Opened.into(),
            sequence: 1,
            channel: channel.to_owned(),
            recipient: recipient.to_owned(),
            person: None,
            facts: facts.clone(),
            held_until: None,
        };
        let messages: Vec<NewDelivery> = (0..count).map(message).collect();
        self.store().tell(&messages, Utc::now()).await.unwrap();
        messages.iter().map(|message| message.id).collect()
    }

    fn store(&self) -> &Store {
        &self.instance.store
    }

    /// A pass of a channel's worker that has just begun.
    async fn deliver(&self, channel: &str) -> usize {
        let (channel, news) = (Id::parse(channel).unwrap(), Notify::new());
        let (instance, channels, clock) = (&self.instance, &self.channels, Clock::System);
        let worker = Worker::new(instance, channels, &channel, clock, &news, None);
        worker.deliver_due(&CancellationToken::new()).await.unwrap()
    }

    async fn states(&self, channel: &str) -> Vec<(DeliveryState, u32)> {
        let all = self.store().deliveries(true).await.unwrap();
        let of_channel = all.iter().filter(|held| held.channel == channel);
        of_channel.map(|held| (held.state, held.attempts)).collect()
    }
}

const SCORECARD: &str = "scorecard: acme
perspectives:
  care:
    alert: { to: [ines, ops] }
    objectives:
      aim:
        kpis:
          sold: { nature: flow, target: 100, tolerance: 10 }
";

async fn instance(folder: &Path) -> Instance {
    let (setup, _) = load(&folder.join("kpid.yaml"), Secrets::Needed).unwrap();
    let store = Store::open(&folder.join("kpid.db")).await.unwrap();
    Instance::new(setup, store).unwrap()
}

#[tokio::test]
async fn a_burst_leaves_in_batches_over_few_connections() {
    let firm = Firm::open().await;
    for (channel, recipient) in [("mail", INES), ("ops", "ops")] {
        firm.decide(channel, recipient, 200).await;
        let (made, seen) = statements(firm.deliver(channel)).await;
        assert_eq!(made, 200);
        assert_eq!(firm.states(channel).await, [(DeliveryState::Delivered, 1); 200]);
        let claims = seen.iter().filter(|asked| asked.sql.contains("SET claimed_until = $2"));
        let claims = claims.filter(|asked| asked.rows_written > 0).count();
        assert!(claims <= 20, "{claims} claims of {channel}");
    }
    let ids: Vec<String> =
        firm.hook.calls().iter().map(|call| call.header("webhook-id").to_owned()).collect();
    let mut once = ids.clone();
    once.sort();
    once.dedup();
    assert_eq!((firm.smtp.mails().len(), ids.len(), once.len()), (200, 200, 200));
    let (mails, posts) = (firm.smtp.connections(), firm.hook.connections());
    assert!((1..=8).contains(&mails) && (1..=8).contains(&posts), "{mails}, {posts}");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_with_one_and_takes_no_place_of_others() {
    let firm = Firm::open().await;
    firm.decide("gone", "gone", 40).await;
    firm.decide("ops", "ops", 40).await;
    let (at_gone, at_ops) = tokio::join!(firm.deliver("gone"), firm.deliver("ops"));
    assert!(at_gone > 0, "it was tried");
    assert_eq!(at_ops, 40);
    assert_eq!(firm.hook.calls().len(), 40);
    let tried = firm.states("gone").await.iter().filter(|(_, attempts)| *attempts > 0).count();
    assert!((1..=8).contains(&tried), "what was not sent was handed back: {tried} tried");
}

#[tokio::test]
async fn whoever_is_back_gets_all_that_waited_oldest_first() {
    let firm = Firm::open().await;
    let waiting = firm.decide("ops", "ops", 5).await;
    let (now, later) = (Utc::now(), Utc::now() + TimeDelta::hours(2));
    claim(firm.store(), "ops", now).await;
    for id in &waiting[..4] {
        due_again(firm.store(), *id, later, "503 not now").await;
    }
    let patient = DeliveryResult::DueAgain {
        at: later,
        error: "429 later".to_owned(),
        waits_for: Some(WAITS_AS_ASKED),
    };
    let patient = Settlement { id: waiting[4], at: later, result: patient };
    firm.store().settle(&[patient]).await.unwrap();
    assert_eq!(firm.deliver("ops").await, 0, "nothing is due");
    // What waits longest goes first, and everything with it but what was asked to wait.
    assert_eq!(firm.store().hasten("ops", Hastened::Oldest, now).await.unwrap(), 1);
    firm.hook.answer(&[Answer::Status(503)]);
    firm.deliver("ops").await;
    assert_eq!(firm.hook.calls().len(), 1, "it is still away");
    assert_eq!(firm.store().hasten("ops", Hastened::Oldest, now).await.unwrap(), 1);
    firm.deliver("ops").await;
    let came: Vec<String> =
        firm.hook.calls().iter().map(|call| call.header("webhook-id").to_owned()).collect();
    assert_eq!(came[..2], [waiting[0].to_string(), waiting[0].to_string()]);
    let mut others = came[2..].to_vec();
    others.sort();
    assert_eq!(others, waiting[1..4].iter().map(Uuid::to_string).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_mail_server_that_defers_gets_the_same_mail_again() {
    let firm = Firm::open().await;
    firm.smtp.conduct(INES, Conduct::Defer);
    let deferred = firm.decide("mail", INES, 1).await;
    firm.decide("mail", "tom@acme.example", 3).await;
    firm.deliver("mail").await;
    let to_tom = || firm.smtp.mails().iter().filter(|mail| mail.to == ["tom@acme.example"]).count();
    assert_eq!(to_tom(), 3, "another reader's answer is none of theirs");
    firm.smtp.conduct(INES, Conduct::Take);
    let lock = kpid_store::InstanceLock::take(&firm.kpid.folder().join("kpid.db")).await.unwrap();
    assert_eq!(firm.store().free_claims(&lock).await.unwrap(), 0, "nothing is left under way");
    firm.store().hasten("mail", Hastened::All, Utc::now()).await.unwrap();
    firm.deliver("mail").await;
    let mails = firm.smtp.mails();
    let id = deferred[0].to_string();
    let to_ines: Vec<_> = mails.iter().filter(|mail| mail.to == [INES]).collect();
    assert_eq!(to_ines.len(), 1);
    assert!(String::from_utf8_lossy(&to_ines[0].bytes).contains(&id), "under its id");
}

#[tokio::test]
async fn what_was_taken_and_not_begun_can_be_dropped_and_handed_back() {
    let firm = Firm::open().await;
    let (ids, now) = (firm.decide("ops", "ops", 3).await, Utc::now());
    assert_eq!(claim(firm.store(), "ops", now).await, ids);
    firm.store().handle(ids[0], Handling::Drop, "tom", now, |_| None).await.unwrap();
    let until = now + TimeDelta::minutes(10);
    for held in [
        firm.store().held_claims(&ids).await.unwrap(),
        firm.store().renew_claims(&ids, until).await.unwrap(),
    ] {
        assert_eq!(held, [ids[1], ids[2]].into());
    }
    let back = Settlement { id: ids[1], at: now, result: DeliveryResult::HandedBack };
    firm.store().settle(&[back]).await.unwrap();
    delivered(firm.store(), ids[2], now).await;
    use DeliveryState::{Delivered, Dropped, Pending};
    // An attempt that was not made is not counted.
    assert_eq!(firm.states("ops").await, [(Dropped, 1), (Pending, 0), (Delivered, 1)]);
    assert_eq!(claim(firm.store(), "ops", now).await, [ids[1]]);
}

#[tokio::test]
async fn of_all_that_was_told_only_what_is_open_is_told_again() {
    let firm = Firm::open().await;
    let now = Utc::now();
    let told = firm.decide("ops", "ops", 3).await;
    let all = firm.store().deliveries(true).await.unwrap();
    for id in &told {
        delivered(firm.store(), *id, now).await;
    }
    let mut end = NewDelivery {
        id: Uuid::now_v7(),
        dedup_key: all[0].dedup_key.clone(),
        event: Event::Recovered.into(),
        sequence: 2,
        channel: "ops".to_owned(),
        recipient: "ops".to_owned(),
        person: None,
        facts: "{}".to_owned(),
        held_until: None,
    };
    firm.store().tell(std::slice::from_ref(&end), now).await.unwrap();
    let standing = async || {
        let standing = firm.store().standing_alerts("ops").await.unwrap();
        standing.iter().map(|alert| alert.id).collect::<Vec<_>>()
    };
    let others = |ended: &[Uuid]| -> Vec<Uuid> {
        told.iter().copied().filter(|id| !ended.contains(id)).collect()
    };
    assert_eq!(standing().await, others(&[all[0].id]), "its end is decided");
    end = NewDelivery {
        id: Uuid::now_v7(),
        dedup_key: all[1].dedup_key.clone(),
        event: NoticeKind::AlertEnded.into(),
        ..end
    };
    firm.store().tell(&[end], now).await.unwrap();
    assert_eq!(standing().await, others(&[all[0].id, all[1].id]));
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_waits_for_operators_and_not_for_days() {
    let certificates = Certificates::make();
    let port = certificates.serve("good", false).port();
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
channels:
  mail: {{ email: {{ smtp: {{ host: 127.0.0.1, port: {port}, tls: implicit }}, from: kpid@acme.example }} }}
"
    );
    let kpid = Kpid::new(&config, SCORECARD.replace("[ines, ops]", "[]").as_str());
    let (setup, _) = load(&kpid.folder().join("kpid.yaml"), Secrets::Needed).unwrap();
    let channels = Channels::open(&setup.channels).unwrap();
    let (channel, message) = (Id::parse("mail").unwrap(), samples::alerts::opened().into());
    let (id, recipient) = (Uuid::now_v7(), INES);
    let language = kpid_language::english();
    let (channel, message) = (&channel, &message);
    let delivery = Delivery { id, channel, recipient, language, message, link: None };
    let refused = channels.send(delivery, Utc::now()).await.unwrap_err();
    let SendError::Blocked(trouble) = &refused else { panic!("{refused:?}") };
    assert!(
        trouble.summary.contains("an authority that this machine does not trust"),
        "{trouble:?}"
    );
    assert!(trouble.lines[0].contains("`smtp.tls`"), "{trouble:?}");
}

async fn claim(store: &Store, channel: &str, now: DateTime<Utc>) -> Vec<Uuid> {
    // What was decided a moment ago is due by then.
    let now = now + TimeDelta::seconds(1);
    let claimed = store.claim(channel, now, now + TimeDelta::minutes(10), 64).await.unwrap();
    claimed.iter().map(|delivery| delivery.id).collect()
}
