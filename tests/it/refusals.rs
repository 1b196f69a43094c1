//! Whose fault a refusal is: what a mail server says of us waits until operators have mended it, who hear
//! of it by another way; only what it says of the recipient is final.

use std::fs;

use mail_parser::MessageParser;

use crate::world::{kpid::Kpid, smtp::Conduct, town::Town};

const ADA: &str = "ada@harbour.example";

impl Town {
    fn kpid_of_ada(&self, address: &str, operators: &str, smtp: &str) -> Kpid {
        let (api, hook) = (self.origin.yaml(), self.webhook.url());
        let smtp = self.smtp.yaml().replace(" }", &format!("{smtp} }}"));
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/London }}
connections: {{ api: {api} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: \"Bücher <kpid@bücher.example>\" }} }}
  ops: {{ webhook: {{ url: \"{hook}\" }} }}
people:
  ada: {{ name: Ada, email: {address} }}
  bob: {{ name: Bob, email: bob@harbour.example }}
operators: [{operators}]
"
        );
        let scorecard = "scorecard: h
perspectives:
  customer:
    alert: { to: [ada] }
    objectives:
      promise:
        kpis:
          otd: { nature: level, unit: pcs, target: 95, schedule: { every: 1s }, source: { http: { from: api, get: otd, value: $.value } } }
";
        self.origin.figure("otd", 98.0);
        Kpid::new(&config, scorecard)
    }
}

#[tokio::test]
async fn what_a_server_says_of_us_waits_for_operators_who_hear_of_it_by_another_way() {
    for (conduct, said) in [
        (Conduct::Relay, "Relay access denied"),
        (Conduct::Helo, "need fully-qualified hostname"),
        (Conduct::Spam, "Spam message rejected"),
    ] {
        let town = Town::open().await;
        // The operator's own way is the one that refuses.
        let kpid = town.kpid_of_ada(ADA, "bob", "");
        town.smtp.conduct(ADA, conduct);
        town.smtp.conduct("bob@harbour.example", conduct);
        let mut daemon = kpid.start();
        daemon.until_judged(&kpid, "on_track").await;
        town.origin.figure("otd", 10.0);
        daemon.until("told", async || town.webhook.calls(), |calls| !calls.is_empty()).await;
        let notice = town.webhook.calls()[0].json();
        assert_eq!(notice["event"], "config_trouble");
        assert!(notice["summary"].as_str().unwrap().contains(said), "{notice}");
        let doctor = kpid.run(&["doctor"]).await;
        assert_eq!(doctor.code, Some(1), "{}", doctor.stdout);
        assert!(
            doctor.stdout.contains("wait because a receiver refuses kpid"),
            "{}",
            doctor.stdout
        );
        let listed = kpid.run(&["outbox", "list"]).await.stdout;
        assert!(listed.contains("waits until operators fix"), "{listed}");
        // Mended: the next attempt delivers it, and the doctor is content.
        town.smtp.conduct(ADA, Conduct::Take);
        town.smtp.conduct("bob@harbour.example", Conduct::Take);
        assert_eq!(kpid.run(&["outbox", "retry", "--all"]).await.code, Some(0));
        let mails = async || town.smtp.mails();
        daemon.until("the alert", mails, |mails| mails.iter().any(|mail| mail.to == [ADA])).await;
        daemon.stop().await;
        let doctor = kpid.run(&["doctor"]).await.stdout;
        assert!(!doctor.contains("refuses kpid"), "{doctor}");
    }
}

#[tokio::test]
async fn kpid_comes_with_a_full_name_and_with_domains_in_ascii() {
    let town = Town::open().await;
    let kpid = town.kpid_of_ada("ada@bücher.example", "ops", ", hello: kpid.harbour.example");
    let ran = kpid.run(&["notify", "ada"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(town.smtp.hello(), "kpid.harbour.example");
    let mail = town.smtp.mails().remove(0);
    assert_eq!(mail.to, ["ada@xn--bcher-kva.example"]);
    let head = mail.bytes.split(|byte| *byte == b'\n').take_while(|line| line.len() > 1);
    assert!(head.flatten().all(u8::is_ascii), "{:?}", String::from_utf8_lossy(&mail.bytes));
    let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Bücher"), Some("kpid@xn--bcher-kva.example")));
    // Without a name of its own it never comes with a bare one.
    let kpid = town.kpid_of_ada(ADA, "ops", "");
    assert_eq!(kpid.run(&["notify", "ada"]).await.code, Some(0));
    assert!(town.smtp.hello().contains('.'), "{}", town.smtp.hello());
    let bad = town.kpid_of_ada(ADA, "ops", ", hello: vm");
    let checked = bad.run(&["check"]).await;
    assert!(checked.stdout.contains("`vm` is not a full name"), "{}", checked.stdout);
}

#[tokio::test]
async fn an_address_outside_ascii_goes_to_servers_that_take_it_and_is_refused_in_words_by_others() {
    let town = Town::open().await;
    let kpid = town.kpid_of_ada("jürgen@bücher.example", "ops", "");
    let checked = kpid.run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(
        checked
            .stdout
            .contains("warning: `jürgen@xn--bcher-kva.example` has characters outside ASCII")
    );
    let ran = kpid.run(&["notify", "ada"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("it does not offer SMTPUTF8"), "{}", ran.stderr);
    town.smtp.take_utf_8();
    let ran = kpid.run(&["notify", "ada"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(town.smtp.mails()[0].to, ["jürgen@xn--bcher-kva.example"]);
}

#[tokio::test]
async fn nothing_goes_to_an_address_that_is_nobody_s_when_it_leaves() {
    let town = Town::open().await;
    let kpid = town.kpid_of_ada(ADA, "ops", "");
    town.smtp.conduct(ADA, Conduct::Defer);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    town.origin.figure("otd", 10.0);
    daemon.until("an attempt", async || town.smtp.attempts(), |attempts| *attempts > 0).await;
    daemon.stop().await;
    let path = kpid.folder().join("kpid.yaml");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config.replace(ADA, "ada.byrne@harbour.example")).unwrap();
    town.smtp.conduct(ADA, Conduct::Take);
    let mut daemon = kpid.start();
    let retried = kpid.run(&["outbox", "retry", "--all"]).await;
    assert_eq!(retried.code, Some(0), "{}", retried.stderr);
    daemon.until("the mail", async || town.smtp.mails(), |mails| !mails.is_empty()).await;
    assert_eq!(town.smtp.mails()[0].to, ["ada.byrne@harbour.example"]);
    daemon.stop().await;
}
