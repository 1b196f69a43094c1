//! `kpid alerts`, the real binary: what people do about alerts, and that it is kept.

use std::fs;

use kpid_clock::Clock;
use kpid_message::{mail::render, message::Message};
use kpid_store::{AuditAction, AuditEntry, Store};
use serde_json::Value;

use crate::{
    store::delivered,
    world::kpid::{Kpid, Ran},
};

const CONFIG: &str = "store: kpid.db
calendar: { timezone: UTC }
channels: { mail: { email: { from: Scorecard <kpid@acme.example>, folder: outbox } } }
people: { ines: { email: ines@acme.example } }
";

const SCORECARD: &str = "scorecard: acme
perspectives:
  customer:
    alert: { to: [ines] }
    objectives:
      o:
        kpis:
          nps: { nature: level, target: 40, tolerance: 5, owner: ines }
";

const BY: [&str; 2] = ["--by", "ines"];

fn acme() -> Kpid {
    Kpid::new(CONFIG, SCORECARD)
}

/// Takes in a figure of now.
async fn import(kpid: &Kpid, value: f64) -> Ran {
    import_of(kpid, "acme/nps", value).await
}

async fn import_of(kpid: &Kpid, kpi: &str, value: f64) -> Ran {
    let rows = format!("kpi,period,value\n{kpi},{},{value}\n", Clock::System.now().format("%Y-%m"));
    let path = kpid.folder().join("rows.csv");
    fs::write(&path, rows).unwrap();
    kpid.run(&["import", path.to_str().unwrap()]).await
}

/// An open alert: a first look, and then a bad figure.
async fn open_alert(kpid: &Kpid) {
    import(kpid, 45.0).await;
    let ran = import(kpid, 30.0).await;
    assert!(ran.stdout.contains("1 message waits"), "{ran:?}");
}

async fn list(kpid: &Kpid, arguments: &[&str]) -> Value {
    let ran = kpid.run(&[&["alerts", "list", "--format", "json"], arguments].concat()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// A command of `kpid alerts`, done by Ines.
async fn alerts(kpid: &Kpid, arguments: &[&str]) -> Ran {
    kpid.run(&[&["alerts"], arguments, &BY].concat()).await
}

async fn deeds(kpid: &Kpid) -> Vec<AuditEntry> {
    let store = Store::open_read_only(&kpid.folder().join("kpid.db")).await.unwrap();
    let deeds = store.audit_entries(10).await.unwrap();
    // The figures of these tests are imported, which is written down too.
    deeds.into_iter().filter(|entry| entry.action != AuditAction::Imported).collect()
}

#[tokio::test]
async fn an_open_alert_is_acknowledged_with_words_and_a_day() {
    let kpid = acme();
    open_alert(&kpid).await;
    let told = ["--comment", "carrier change", "--due", "2099-06-30"];
    let ran = alerts(&kpid, &[&["ack", "acme/customer"], &told[..]].concat()).await;
    assert_eq!(
        (ran.code, ran.stdout.trim()),
        (Some(0), "alert 1 of acme/customer is acknowledged by ines")
    );
    let listed = list(&kpid, &[]).await;
    let episode = &listed["episodes"][0];
    assert_eq!(episode["acknowledged"]["by"], "ines");
    assert_eq!(episode["acknowledged"]["comment"], "carrier change");
    assert_eq!(episode["acknowledged"]["due"], "2099-06-30");
    let events: Vec<_> =
        episode["events"].as_array().unwrap().iter().map(|event| event["event"].clone()).collect();
    assert_eq!(events, ["opened", "acknowledged"]);
    let shown = kpid.show().await;
    let shown = &shown["scorecards"][0]["perspectives"][0]["episode"];
    assert_eq!((&shown["acknowledged_by"], &shown["due"]), (&"ines".into(), &"2099-06-30".into()));
    let deeds = deeds(&kpid).await;
    let [entry] = deeds.as_slice() else { panic!("{deeds:?}") };
    assert_eq!((entry.action.words(), entry.of.as_str()), ("acknowledged", "acme/customer/1"));
    assert_eq!(entry.detail.as_deref(), Some("carrier change; due 2099-06-30"));
}

/// The events that wait for a channel, in the order in which they are told.
async fn waiting(store: &Store, channel: &str) -> Vec<String> {
    let mut events = Vec::new();
    let now = Clock::System.now();
    while let Some(next) = store.claim(channel, now, now, 1).await.unwrap().pop() {
        let facts: Value = serde_json::from_str(&next.facts).unwrap();
        events.push(facts["event"].as_str().unwrap().to_owned());
        delivered(store, next.id, now).await;
    }
    events
}

#[tokio::test]
async fn channels_hear_of_an_acknowledgement_and_persons_do_not() {
    let hook = "channels: { ops: { webhook: { url: \"https://hooks.example/kpid\" } }, mail:";
    let scorecard = SCORECARD.replace("[ines]", "[ines, ops]");
    let kpid = Kpid::new(&CONFIG.replace("channels: { mail:", hook), &scorecard);
    import(&kpid, 45.0).await;
    import(&kpid, 30.0).await;
    let ran = alerts(&kpid, &["ack", "acme/customer"]).await;
    assert!(ran.stdout.contains("1 message waits"), "{ran:?}");
    import(&kpid, 29.0).await;
    let store = Store::open(&kpid.folder().join("kpid.db")).await.unwrap();
    assert_eq!(waiting(&store, "ops").await, ["opened", "acknowledged"]);
    assert_eq!(waiting(&store, "mail").await, ["opened"]);
}

#[tokio::test]
async fn one_person_under_two_ids_gets_one_mail_and_is_named_once() {
    let people = "{ ines: { name: Ines, email: Ines@acme.example }, \
                  coo: { name: Chief, email: INES@acme.Example } }";
    let config = CONFIG.replace("{ ines: { email: ines@acme.example } }", people);
    let scorecard = SCORECARD.replace("to: [ines]", "to: [ines, coo, ines], escalate_to: [coo]");
    let kpid = Kpid::new(&config, &scorecard);
    open_alert(&kpid).await;
    let store = Store::open(&kpid.folder().join("kpid.db")).await.unwrap();
    let told = store.deliveries(true).await.unwrap();
    let [one] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(one.recipient, "Ines@acme.example");
    let now = Clock::System.now();
    let facts = store.claim("mail", now, now, 1).await.unwrap().remove(0).facts;
    let (text, _) =
        render::bodies(kpid_language::english(), &Message::from_json(&facts).unwrap()).unwrap();
    assert!(text.contains("Notified: Ines; if it persists: Chief."), "{text}");
}

#[tokio::test]
async fn an_acknowledgement_is_of_one_episode() {
    let kpid = acme();
    open_alert(&kpid).await;
    alerts(&kpid, &["ack", "acme/customer"]).await;
    import(&kpid, 46.0).await;
    let ran = alerts(&kpid, &["ack", "acme/customer"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("has no open alert"), "{ran:?}");
    import(&kpid, 29.0).await;
    let listed = list(&kpid, &[]).await;
    assert_eq!(listed["episodes"][0]["number"], 2);
    assert_eq!(listed["episodes"][0]["acknowledged"], Value::Null);
    let all = list(&kpid, &["--all"]).await;
    assert_eq!(all["episodes"][0]["events"].as_array().unwrap().len(), 4, "{all}");
}

#[tokio::test]
async fn while_silenced_nothing_is_told_and_afterwards_what_is_still_so() {
    let kpid = acme();
    import(&kpid, 45.0).await;
    let until = (Clock::System.now() + chrono::TimeDelta::days(2)).to_rfc3339();
    let silence = ["silence", "acme", "--until", &until, "--reason", "stocktaking"];
    assert_eq!(alerts(&kpid, &silence).await.code, Some(0));
    let quiet = import(&kpid, 30.0).await;
    assert_eq!((quiet.code, quiet.stdout.contains("wait")), (Some(0), false), "{quiet:?}");
    let listed = list(&kpid, &["acme"]).await;
    assert_eq!(listed["episodes"], serde_json::json!([]));
    assert_eq!(
        (&listed["silences"][0]["id"], &listed["silences"][0]["scope"]),
        (&1.into(), &"acme".into())
    );
    assert_eq!(alerts(&kpid, &["unsilence", "1"]).await.code, Some(0));
    assert_eq!(alerts(&kpid, &["unsilence", "1"]).await.code, Some(1), "it is over");
    let told = import(&kpid, 29.0).await;
    assert!(told.stdout.contains("1 message waits"), "{told:?}");
}

#[tokio::test]
async fn a_unit_that_is_off_track_is_told_when_the_perspective_above_recovers() {
    let people = "{ ann: { email: ann@acme.example }, cy: { email: cy@acme.example } }";
    let config = CONFIG.replace("{ ines: { email: ines@acme.example } }", people);
    let contributions = "        contributions: { team/answer: { weight: 0.1 } }\n        kpis:";
    let scorecard = SCORECARD.replace("[ines]", "[ann]").replace("owner: ines", "owner: ann");
    let kpid = Kpid::new(&config, &scorecard.replace("        kpis:", contributions));
    let team = SCORECARD.replace("acme", "team").replace("[ines]", "[ann, cy]");
    let team = team.replace("      o:", "      answer:").replace("ines", "cy");
    fs::write(kpid.folder().join("scorecards/team.yaml"), team).unwrap();
    let both = async |value: f64| {
        let month = Clock::System.now().format("%Y-%m");
        let rows =
            format!("kpi,period,value\nacme/nps,{month},{value}\nteam/nps,{month},{value}\n");
        let path = kpid.folder().join("rows.csv");
        fs::write(&path, rows).unwrap();
        kpid.run(&["import", path.to_str().unwrap()]).await
    };
    both(45.0).await;
    both(30.0).await;
    // Only a figure of the perspective above comes, and nothing of the team.
    import(&kpid, 45.0).await;
    import_of(&kpid, "team/nps", 45.0).await;
    let store = Store::open_read_only(&kpid.folder().join("kpid.db")).await.unwrap();
    let told = store.deliveries(true).await.unwrap();
    let mut told: Vec<_> = told
        .iter()
        .map(|held| (held.dedup_key.as_str(), held.recipient.as_str(), held.event.word()))
        .collect();
    told.sort();
    let (ann, cy) = ("ann@acme.example", "cy@acme.example");
    assert_eq!(
        told,
        [
            ("acme/customer/1", ann, "opened"),
            ("acme/customer/1", ann, "recovered"),
            ("team/customer/1", ann, "recovered"),
            ("team/customer/1", ann, "reminded"),
            ("team/customer/1", cy, "opened"),
            ("team/customer/1", cy, "recovered"),
        ]
    );
}

#[tokio::test]
async fn a_silence_without_an_end_or_a_reason_is_refused() {
    let kpid = acme();
    import(&kpid, 45.0).await;
    let far = (Clock::System.now() + chrono::TimeDelta::days(31)).to_rfc3339();
    for (arguments, words) in [
        (vec!["silence", "acme", "--reason", "x"], "--until"),
        (vec!["silence", "acme", "--until", &far, "--reason", "x"], "at most 30 days"),
        (vec!["silence", "acme", "--until", "2020-01-01", "--reason", "x"], "later end"),
        (
            vec!["silence", "acme", "--until", "soon", "--reason", "x"],
            "`soon` is not a valid instant",
        ),
        (vec!["silence", "acme/custmer", "--until", &far, "--reason", "x"], "acme/customer"),
        (vec!["note", "acme/customer", " "], "the note is empty"),
        (vec!["note", "acme/customer", "x", "--period", "may"], "`may`"),
    ] {
        let ran = alerts(&kpid, &arguments).await;
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {ran:?}");
    }
    assert_eq!(deeds(&kpid).await, []);
}

#[tokio::test]
async fn what_people_do_never_makes_a_store() {
    let kpid = acme();
    for arguments in [
        &["ack", "acme/customer"][..],
        &["silence", "acme", "--until", "2099-01-01", "--from", "2098-12-30", "--reason", "x"],
        &["unsilence", "1"],
        &["note", "acme", "x"],
    ] {
        let ran = alerts(&kpid, arguments).await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("there is no store"), "{ran:?}");
    }
    assert!(!kpid.folder().join("kpid.db").exists());
}

#[tokio::test]
async fn the_newest_note_is_in_the_next_mail() {
    let kpid = acme();
    import(&kpid, 45.0).await;
    for text in ["an older one", "second shift from 15 June"] {
        assert_eq!(alerts(&kpid, &["note", "acme/nps", text]).await.code, Some(0));
    }
    import(&kpid, 30.0).await;
    let store = Store::open(&kpid.folder().join("kpid.db")).await.unwrap();
    let now = Clock::System.now();
    let claimed = store.claim("mail", now, now, 8).await.unwrap();
    let facts: Value = serde_json::from_str(&claimed[0].facts).unwrap();
    assert_eq!(facts["note"]["text"], "second shift from 15 June");
    assert_eq!((&facts["note"]["of"], &facts["note"]["by"]), (&"acme/nps".into(), &"ines".into()));
}

#[tokio::test]
async fn a_rename_keeps_history_alert_and_thread() {
    let kpid = acme();
    open_alert(&kpid).await;
    alerts(&kpid, &["ack", "acme/customer"]).await;
    let renamed = SCORECARD
        .replace("  customer:\n", "  clients:\n    was: [customer]\n")
        .replace("nps: {", "promoters: { was: nps,");
    fs::write(kpid.folder().join("scorecards/acme.yaml"), renamed).unwrap();
    let again = import_of(&kpid, "acme/promoters", 29.5).await;
    assert!(!again.stdout.contains("wait"), "{again:?}");
    let listed = list(&kpid, &[]).await;
    let episode = &listed["episodes"][0];
    assert_eq!((&episode["scope"], &episode["number"]), (&"acme/clients".into(), &1.into()));
    assert_eq!(episode["acknowledged"]["by"], "ines");
    let exported = kpid.run(&["export"]).await;
    assert!(exported.stdout.contains("acme/promoters,"), "{exported:?}");
    import_of(&kpid, "acme/promoters", 46.0).await;
    let store = Store::open(&kpid.folder().join("kpid.db")).await.unwrap();
    let now = Clock::System.now();
    let claimed = store.claim("mail", now, now, 8).await.unwrap();
    delivered(&store, claimed[0].id, now).await;
    let recovered = store.claim("mail", now, now, 8).await.unwrap();
    let facts: Value = serde_json::from_str(&recovered[0].facts).unwrap();
    assert_eq!(
        (&facts["event"], &facts["dedup_key"]),
        (&"recovered".into(), &"acme/customer/1".into())
    );
    assert_eq!(facts["node"]["id"], "clients");
}

#[tokio::test]
async fn an_id_in_use_is_nobodys_earlier_one() {
    for (was, words) in [
        ("  clients:\n    was: [nps]\n", "`nps` cannot be an earlier id"),
        ("  clients:\n    was: [old, old]\n", "`old` is the earlier id of two"),
    ] {
        let kpid = Kpid::new(CONFIG, &SCORECARD.replace("  customer:\n", was));
        let ran = kpid.run(&["check"]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(words), "{ran:?}");
    }
}

#[tokio::test]
async fn only_a_critical_kpi_has_an_alert_of_its_own() {
    let kpid = Kpid::new(CONFIG, &SCORECARD.replace("nps: {", "nps: { alert: { to: ines },"));
    let ran = kpid.run(&["check"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(format!("{}{}", ran.stdout, ran.stderr).contains("is not critical"), "{ran:?}");
}

#[tokio::test]
async fn a_quiet_window_is_a_part_of_the_week() {
    for (quiet, words) in [
        ("[{ days: [someday] }]", "`someday` is not a day of the week"),
        ("[{ from: dawn }]", "`dawn` is not a valid time of day"),
        ("[{}]", "nobody would ever be alerted"),
    ] {
        let alert = format!("alert: {{ to: [ines], quiet: {quiet} }}");
        let kpid = Kpid::new(CONFIG, &SCORECARD.replace("alert: { to: [ines] }", &alert));
        let ran = kpid.run(&["check"]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(words), "{ran:?}");
    }
}

#[tokio::test]
async fn people_read_a_list() {
    let kpid = acme();
    open_alert(&kpid).await;
    let ran = kpid.run(&["alerts", "list"]).await;
    assert!(ran.stdout.starts_with("acme/customer: alert 1 open, opened 2"), "{ran:?}");
    assert!(ran.stdout.contains("not acknowledged") && ran.stdout.contains("1 opened"), "{ran:?}");
}

#[tokio::test]
async fn an_open_alert_of_what_is_no_longer_there_says_so() {
    let kpid = acme();
    open_alert(&kpid).await;
    let gone = SCORECARD.replace("customer:", "clients:");
    fs::write(kpid.folder().join("scorecards/acme.yaml"), gone).unwrap();
    let ran = kpid.run(&["alerts", "list"]).await;
    assert!(ran.stdout.contains("not acknowledged, no longer configured\n"), "{ran:?}");
}

#[tokio::test]
async fn the_end_of_a_silence_is_written_down_in_the_zone_of_its_readers() {
    let zone = CONFIG.replace("UTC", "Asia/Kolkata");
    let kpid = Kpid::new(&zone, SCORECARD);
    import(&kpid, 45.0).await;
    let until = (Clock::System.now() + chrono::TimeDelta::days(9)).date_naive().to_string();
    let silence = ["silence", "acme", "--until", &until, "--reason", "x"];
    let ran = alerts(&kpid, &silence).await;
    let (_, said) = ran.stdout.trim_end().rsplit_once(" until ").unwrap();
    assert!(said.ends_with(" 00:00 IST"), "{ran:?}");
    assert_eq!(deeds(&kpid).await[0].detail.as_deref(), Some(format!("x; until {said}").as_str()));
}

#[tokio::test]
async fn the_daemon_tells_what_is_still_so_when_a_silence_ends() {
    let kpid = acme();
    import(&kpid, 45.0).await;
    let end = Clock::System.now() + chrono::TimeDelta::minutes(10);
    let until = end.to_rfc3339();
    let silence = ["silence", "acme/customer", "--until", &until, "--reason", "stocktaking"];
    assert_eq!(alerts(&kpid, &silence).await.code, Some(0));
    assert!(!import(&kpid, 30.0).await.stdout.contains("wait"));
    let outbox = kpid.folder().join("outbox");
    let is_mailed = async || fs::read_dir(&outbox).map_or(0, Iterator::count) == 1;
    let before = (end - chrono::TimeDelta::seconds(3)).to_rfc3339();
    kpid.run_at(&before, "the mail after the silence", is_mailed).await;
}
