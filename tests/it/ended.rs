//! What opened ends: alerts of what the configuration no longer has, incidents that nobody would end,
//! and receivers that forget.

use std::fs;

use kpid::{instance::Instance, outbox::deliver::Worker};
use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets};
use kpid_delivery::channels::Channels;
use kpid_rules::model::Id;
use kpid_store::Store;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{
    kpid::Kpid,
    smtp::{Conduct, Smtp},
    webhook::Webhook,
};

/// A company that tells Ada by mail, a pager, and Alertmanager.
struct Harbour {
    kpid: Kpid,
    smtp: Smtp,
    pager: Webhook,
    alertmanager: Webhook,
}

const SCORECARD: &str = "scorecard: h
name: Harbour
perspectives:
  customer:
    name: Customer
    alert: { to: [ada, pager, am] }
    objectives:
      promise:
        kpis:
          nps: { name: Praise, nature: level, target: 40, tolerance: 5, owner: ada }
  people:
    alert: { to: [ada] }
    objectives:
      skill:
        kpis:
          days: { nature: level, target: 40, tolerance: 5, owner: ada }
";

impl Harbour {
    async fn open() -> Self {
        let (smtp, pager, alertmanager) =
            (Smtp::start().await, Webhook::start().await, Webhook::start().await);
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/London }}
channels:
  mail: {{ email: {{ smtp: {}, from: kpid@h.example }} }}
  pager: {{ webhook: {{ url: \"{}\", format: pagerduty, secret: {{ file: pager.key }} }} }}
  am: {{ webhook: {{ url: \"{}\", format: alertmanager }} }}
people: {{ ada: {{ name: Ada, email: ada@h.example }} }}
operators: [pager]
",
            smtp.yaml(),
            pager.url(),
            alertmanager.url()
        );
        let kpid = Kpid::new(&config, SCORECARD);
        fs::write(kpid.folder().join("pager.key"), "R123").unwrap();
        Self { kpid, smtp, pager, alertmanager }
    }

    async fn import(&self, value: f64) {
        let month = Clock::System.now().format("%Y-%m");
        let path = self.kpid.folder().join("rows.csv");
        fs::write(&path, format!("kpi,period,value\nh/nps,{month},{value}\n")).unwrap();
        let ran = self.kpid.run(&["import", path.to_str().unwrap()]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    /// An alert that everybody was told of.
    async fn off_track(&self) {
        self.import(45.0).await;
        self.import(20.0).await;
        self.run_until("everybody is told", |told| told == "1 mail, trigger, firing").await;
    }

    /// Runs the daemon until what was told is as wanted.
    async fn run_until(&self, what: &str, is_wanted: impl Fn(&str) -> bool) {
        let mut daemon = self.kpid.start();
        daemon.until(what, async || self.told(), |told| is_wanted(told)).await;
        assert!(daemon.stop().await.success());
    }

    /// How many mails came, what the pager was told, and how Alertmanager's alert stands.
    fn told(&self) -> String {
        let actions: Vec<String> = self
            .pager
            .calls()
            .iter()
            .map(|call| call.json()["event_action"].as_str().unwrap().to_owned())
            .collect();
        let alerts = self.alertmanager.calls();
        let alert = alerts.last().map_or("nothing", |call| {
            let ends = call.json()[0]["endsAt"].as_str().unwrap().to_owned();
            let ends = chrono::DateTime::parse_from_rfc3339(&ends).unwrap();
            if ends <= Clock::System.now() { "over" } else { "firing" }
        });
        let mails = self.smtp.mails().len();
        let noun = if mails == 1 { "mail" } else { "mails" };
        format!("{mails} {noun}, {}, {alert}", actions.join("+"))
    }

    fn scorecard(&self, text: &str) {
        fs::write(self.kpid.folder().join("scorecards/acme.yaml"), text).unwrap();
    }

    async fn deliveries(&self) -> Vec<String> {
        let store = Store::open_read_only(&self.kpid.folder().join("kpid.db")).await.unwrap();
        let mut told: Vec<String> = store
            .deliveries(true)
            .await
            .unwrap()
            .iter()
            .map(|held| format!("{} {} {}", held.event, held.channel, held.state))
            .collect();
        told.sort();
        told
    }
}

/// The scorecard without the perspective that is off track.
fn without_customer() -> String {
    let (head, rest) = SCORECARD.split_once("  customer:").unwrap();
    let (_, people) = rest.split_once("  people:").unwrap();
    format!("{head}  people:{people}")
}

#[tokio::test]
async fn an_alert_of_what_is_removed_ends_wherever_it_was_told() {
    let harbour = Harbour::open().await;
    harbour.off_track().await;
    harbour.scorecard(&without_customer());
    let listed = harbour.kpid.run(&["alerts", "list"]).await.stdout;
    assert!(listed.contains("h/customer: alert 1 open"), "{listed}");
    assert!(listed.contains("no longer configured"), "{listed}");
    harbour.run_until("its end", |told| told == "2 mails, trigger+resolve, over").await;
    let mail = harbour.smtp.mails().pop().unwrap();
    let mail = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap().into_owned();
    assert_eq!(mail.subject(), Some("[Ended] Customer - Harbour: no longer configured"));
    let text = mail.body_text(0).unwrap();
    assert!(text.contains("on Customer (Harbour) is over: it is no longer configured."), "{text}");
    let keys: Vec<Value> =
        harbour.pager.calls().iter().map(|call| call.json()["dedup_key"].clone()).collect();
    assert_eq!(keys, [json!("h/customer/1"), json!("h/customer/1")]);
    let labels: Vec<Value> =
        harbour.alertmanager.calls().iter().map(|call| call.json()[0]["labels"].clone()).collect();
    assert!(labels.iter().all(|of| *of == labels[0]), "{labels:?}");
    let listed = harbour.kpid.run(&["alerts", "list"]).await.stdout;
    assert_eq!(listed, "no alert is open\n");
    let listed = harbour.kpid.run(&["alerts", "list", "--all"]).await.stdout;
    assert!(listed.contains("h/customer: alert 1 ended"), "{listed}");
    assert!(listed.contains("1 ended") && listed.contains(", removed"), "{listed}");
    // Nothing is told of it again, also when its node is back and well.
    harbour.scorecard(SCORECARD);
    harbour.import(45.0).await;
    let mut daemon = harbour.kpid.start();
    daemon.until_log("kpid runs: ").await;
    assert!(daemon.stop().await.success());
    assert_eq!(harbour.told(), "2 mails, trigger+resolve, over");
}

#[tokio::test]
async fn a_rename_without_its_earlier_id_ends_the_alert_and_one_with_it_does_not() {
    let harbour = Harbour::open().await;
    harbour.off_track().await;
    harbour.scorecard(&SCORECARD.replace("  customer:", "  clients:\n    was: [customer]"));
    let mut daemon = harbour.kpid.start();
    daemon.until_log("kpid runs: ").await;
    assert!(daemon.stop().await.success());
    assert!(harbour.told().starts_with("1 mail, trigger, "), "{}", harbour.told());
    harbour.scorecard(&SCORECARD.replace("  customer:", "  others:"));
    harbour.run_until("its end", |told| told == "2 mails, trigger+resolve, over").await;
}

#[tokio::test]
async fn whoever_never_heard_of_an_alert_does_not_hear_of_its_removal() {
    let harbour = Harbour::open().await;
    harbour.import(45.0).await;
    harbour.import(20.0).await;
    harbour.scorecard(&without_customer());
    let mut daemon = harbour.kpid.start();
    daemon.until_log("kpid runs: ").await;
    assert!(daemon.stop().await.success());
    let told = harbour.deliveries().await;
    assert_eq!(told, ["opened am overtaken", "opened mail overtaken", "opened pager overtaken"]);
    assert_eq!(harbour.told(), "0 mails, , nothing");
}

#[tokio::test]
async fn alertmanager_is_told_again_of_what_is_open_and_of_nothing_else() {
    let harbour = Harbour::open().await;
    harbour.off_track().await;
    let told_again = async || {
        let (setup, _) = load(&harbour.kpid.folder().join("kpid.yaml"), Secrets::Needed).unwrap();
        let channels = Channels::open(&setup.channels).unwrap();
        let store = Store::open(&harbour.kpid.folder().join("kpid.db")).await.unwrap();
        let instance = Instance::new(setup, store).unwrap();
        let mut told = Vec::new();
        for channel in ["am", "pager", "mail"] {
            let (channel, deliveries_ready) = (Id::parse(channel).unwrap(), Notify::new());
            let (news, clock) = (&deliveries_ready, Clock::System);
            let worker = Worker::new(&instance, &channels, &channel, clock, news, None);
            told.push(worker.tell_again().await.unwrap());
        }
        instance.store.close().await;
        told
    };
    let before = harbour.alertmanager.calls();
    assert_eq!(told_again().await, [1, 0, 0], "only what forgets is told again");
    let after = harbour.alertmanager.calls();
    assert_eq!(after.len(), before.len() + 1);
    let [first, again] = [before.last().unwrap().json(), after.last().unwrap().json()];
    assert_eq!(
        (&first[0]["labels"], &first[0]["startsAt"]),
        (&again[0]["labels"], &again[0]["startsAt"])
    );
    // A daemon that starts tells it at once: Alertmanager may have started anew meanwhile.
    let count = after.len();
    let mut daemon = harbour.kpid.start();
    daemon
        .until(
            "it is told again",
            async || harbour.alertmanager.calls().len(),
            |calls| *calls > count,
        )
        .await;
    assert!(daemon.stop().await.success());
    harbour.import(45.0).await;
    harbour.run_until("the end", |told| told == "2 mails, trigger+resolve, over").await;
    assert_eq!(told_again().await, [0, 0, 0]);
}

#[tokio::test]
async fn an_incident_of_a_message_given_up_ends_when_that_is_settled() {
    let harbour = Harbour::open().await;
    let scorecard = SCORECARD.replace("[ada, pager, am]", "[ada]");
    harbour.scorecard(&scorecard);
    harbour.smtp.conduct("ada@h.example", Conduct::Reject);
    harbour.import(45.0).await;
    harbour.import(20.0).await;
    harbour.run_until("the incident", |told| told == "0 mails, trigger, nothing").await;
    let ran = harbour.kpid.run(&["outbox", "drop", "--all", "--by", "ada"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    harbour.run_until("its end", |told| told == "0 mails, trigger+resolve, nothing").await;
    let keys: Vec<Value> =
        harbour.pager.calls().iter().map(|call| call.json()["dedup_key"].clone()).collect();
    assert_eq!(keys[0], keys[1]);
    assert!(keys[0].as_str().unwrap().starts_with("gave_up/"), "{keys:?}");
}

#[tokio::test]
async fn a_test_message_leaves_no_incident_open() {
    let harbour = Harbour::open().await;
    let ran = harbour.kpid.run(&["notify", "pager"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(harbour.told(), "0 mails, trigger+resolve, nothing");
}
