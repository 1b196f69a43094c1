//! `kpid outbox` and `kpid notify`: what people do about messages, against real receivers.

use mail_parser::MessageParser;
use serde_json::Value;

use crate::world::{
    kpid::Kpid,
    smtp::{Conduct, Mail},
    town::Town,
    webhook::Answer,
};

const SECRET: &str = "a secret of nobody";

impl Town {
    /// One perspective whose score is what the API says, and which tells Ines and a webhook.
    fn kpid_of_one(&self) -> Kpid {
        let (api, smtp, hook) = (self.origin.yaml(), self.smtp.yaml(), self.webhook.url());
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  api: {api}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: \"Scorecard <kpid@acme.example>\" }} }}
  ops: {{ webhook: {{ url: \"{hook}\", secret: \"{SECRET}\" }} }}
people:
  ines: {{ name: Ines Marlow, email: ines@acme.example }}
  guest: {{ name: Guest }}
"
        );
        let scorecard = "scorecard: acme
perspectives:
  care:
    alert: { to: [ines, ops] }
    objectives:
      answer:
        kpis:
          answered:
            nature: level
            unit: points
            schedule: { every: 1s }
            target: 95
            tolerance: 3
            source: { http: { from: api, get: answered, value: $.value } }
";
        Kpid::new(&config, scorecard)
    }
}

async fn listed(kpid: &Kpid, more: &[&str]) -> Vec<Value> {
    let ran = kpid.run(&[&["outbox", "list", "--format", "json"], more].concat()).await;
    serde_json::from_str(&ran.stdout).unwrap_or_default()
}

fn state(deliveries: &[Value], channel: &str, event: &str) -> Value {
    let fits = |held: &&Value| held["channel"] == channel && held["event"] == event;
    deliveries.iter().find(fits).map_or(Value::Null, |held| held["state"].clone())
}

#[tokio::test]
async fn a_person_sees_retries_and_drops_what_is_not_delivered() {
    let town = Town::open().await;
    let kpid = town.kpid_of_one();
    let ran = kpid.run(&["outbox", "retry", "--all"]).await;
    assert_eq!(ran.code, Some(2), "there is no store to change");
    assert!(!kpid.folder().join("kpid.db").exists());

    town.smtp.conduct("ines@acme.example", Conduct::Defer);
    town.webhook.answer(&[Answer::Status(400)]);
    town.origin.figure("answered", 98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    town.origin.figure("answered", 80.0);
    let look = async || {
        let held = listed(&kpid, &[]).await;
        (state(&held, "ops", "opened"), state(&held, "mail", "opened"))
    };
    let wanted = |seen: &(Value, Value)| seen.0 == "given_up" && seen.1 == "pending";
    daemon.until("one given up and one pending", look, wanted).await;

    let held = listed(&kpid, &[]).await;
    let of = |channel: &str| held.iter().find(|held| held["channel"] == channel).unwrap();
    assert!(of("ops")["last_error"].as_str().unwrap().contains("400"), "{held:?}");
    assert_eq!(of("mail")["recipient"], "ines@acme.example");
    let said = kpid.run(&["outbox", "list"]).await.stdout;
    assert!(said.contains("given up: opened of acme/care/1 over ops"), "{said}");

    // The mail is dropped and never comes, the webhook is tried again and taken.
    let mail = of("mail")["id"].as_str().unwrap().to_owned();
    let hook = of("ops")["id"].as_str().unwrap().to_owned();
    assert_eq!(kpid.run(&["outbox", "drop", &mail[..18]]).await.code, Some(0));
    assert_eq!(kpid.run(&["outbox", "retry", &hook, "--by", "tom"]).await.code, Some(0));
    let look = async || state(&listed(&kpid, &["--all"]).await, "ops", "opened");
    daemon.until("the retried delivered", look, |seen| seen == "delivered").await;
    let calls = town.webhook.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].header("webhook-id"), calls[1].header("webhook-id"));
    let again = kpid.run(&["outbox", "retry", &hook]).await;
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("delivered already"), "{}", again.stderr);

    // Once its reader knows that it is over, the alarm is not told any more.
    town.smtp.conduct("ines@acme.example", Conduct::Take);
    town.origin.figure("answered", 98.0);
    let look = async || state(&listed(&kpid, &["--all"]).await, "mail", "recovered");
    daemon.until("the recovery delivered", look, |seen| seen == "delivered").await;
    let late = kpid.run(&["outbox", "retry", &mail]).await;
    assert_eq!(late.code, Some(1));
    assert!(late.stderr.contains("overtaken"), "{}", late.stderr);
    assert_eq!(town.smtp.mails().len(), 1);
    for (name, words) in [("ffff", "too short"), ("ffffffffffff", "no delivery")] {
        let ran = kpid.run(&["outbox", "drop", name]).await;
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_test_message_takes_the_way_of_alerts() {
    let town = Town::open().await;
    let kpid = town.kpid_of_one();
    let ran = kpid.run(&["notify", "ines"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mails = town.smtp.mails();
    let mail = MessageParser::default().parse(&mails[0].bytes).unwrap();
    assert_eq!(mail.subject(), Some("[Test] kpid reaches you"));
    assert!(mail.body_text(0).unwrap().contains("kpid reaches Ines Marlow"));
    assert!(mail.body_html(0).unwrap().contains("kpid reaches Ines Marlow"));

    let ran = kpid.run(&["notify", "ops"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let calls = town.webhook.calls();
    assert!(calls[0].is_signed_with(SECRET));
    assert_eq!(calls[0].json()["event"], "test");
    assert!(!kpid.folder().join("kpid.db").exists());

    town.webhook.answer(&[Answer::Status(503)]);
    let refused = kpid.run(&["notify", "ops"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("503"), "{}", refused.stderr);
    for (name, words) in
        [("inez", "did you mean `ines`?"), ("guest", "no mail address"), ("mail", "name a person")]
    {
        let ran = kpid.run(&["notify", name]).await;
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_reader_whose_server_hangs_keeps_no_other_waiting() {
    let town = Town::open().await;
    let (api, smtp) = (town.origin.yaml(), town.smtp.yaml());
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections: {{ api: {api} }}
channels: {{ mail: {{ email: {{ smtp: {smtp}, from: kpid@acme.example }} }} }}
people:
  ines: {{ email: ines@acme.example }}
  omar: {{ email: omar@acme.example }}
"
    );
    let view = |name: &str, reader: &str| {
        format!(
            "  {name}:
    alert: {{ to: [{reader}] }}
    objectives:
      {name}-aim:
        kpis:
          {name}-points:
            nature: level
            schedule: {{ every: 1s }}
            target: 95
            source: {{ http: {{ from: api, get: {name}, value: $.value }} }}
"
        )
    };
    let scorecard =
        format!("scorecard: acme\nperspectives:\n{}{}", view("care", "ines"), view("cash", "omar"));
    let kpid = Kpid::new(&config, &scorecard);
    town.smtp.conduct("ines@acme.example", Conduct::Hang);
    town.origin.figure("care", 98.0);
    town.origin.figure("cash", 98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    town.origin.figure("care", 10.0);
    town.smtp.hung().await;
    town.origin.figure("cash", 10.0);
    let look = async || town.smtp.mails();
    let is_there = |mail: &Mail| mail.taken && mail.to == ["omar@acme.example"];
    daemon.until("the mail to Omar", look, |mails| mails.iter().any(is_there)).await;
    let deliveries = listed(&kpid, &["--all"]).await;
    let to_ines = deliveries.iter().find(|held| held["recipient"] == "ines@acme.example").unwrap();
    assert_eq!(to_ines["last_error"], Value::Null, "it is still under way: {to_ines}");
    daemon.kill().await;
}
