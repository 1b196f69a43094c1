//! Digests and reports of periods: each once, over downtime, clocks that are set, and kills.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kpid_rules::{
    evaluation::judge,
    model::{Id, Portfolio},
    series::History,
};
use kpid_store::{DigestOutcome, LastDigest, Store};
use mail_parser::MessageParser;

use crate::world::{kpid::Kpid, smtp::Conduct, town::Town};

const INES: &str = "ines@acme.example";
const GRETA: &str = "greta@acme.example";
const GERMAN: &str = "  greta: { name: Greta Data, email: greta@acme.example, language: de }\n";

impl Town {
    /// Two monthly KPIs and a level; Ines owns the scorecard.
    fn kpid_that_sums_up(&self, daemon: &str, scorecard: &str) -> Kpid {
        let (api, smtp, hook) = (self.origin.yaml(), self.smtp.yaml(), self.webhook.url());
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections: {{ api: {api} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: \"Scorecard <kpid@acme.example>\" }} }}
  ops: {{ webhook: {{ url: \"{hook}\" }} }}
people:
  ines: {{ name: Ines Marlow, email: {INES} }}
  tom: {{ name: Tom Data, email: tom@acme.example }}
  lena: {{ name: Lena Vos, email: lena@acme.example, digest: false }}
{daemon}"
        );
        let kpi = |id: &str, more: &str, get: &str| {
            format!(
                "          {id}: {{ name: {id}, owner: lena, unit: points, schedule: {{ every: 1s }}, target: 95, tolerance: 3, {more}, source: {{ http: {{ from: api, get: \"{get}\", value: $.value }} }} }}\n"
            )
        };
        let scorecard = format!(
            "scorecard: acme
name: Acme
owner: ines
{scorecard}
perspectives:
  care:
    name: Care
    owner: ines
    alert: {{ to: [ops] }}
    objectives:
      answer:
        name: Answer
        kpis:
{}{}",
            kpi("calls", "nature: flow, period: month, lag: 5d", "calls/{period_key}"),
            kpi("mails", "nature: flow, period: month, lag: 5d", "mails/{period_key}"),
        );
        Kpid::new(&config, &scorecard)
    }

    fn both(&self, month: &str, value: f64) {
        for kpi in ["calls", "mails"] {
            self.origin.figure(&format!("{kpi}/{month}"), value);
        }
    }

    /// The subjects of the mails to somebody that begin with a word.
    fn subjects(&self, to: &str, word: &str) -> Vec<String> {
        let mails = self.smtp.mails();
        let to_them = mails.iter().filter(|mail| mail.to == [to]);
        let subject = |mail: &crate::world::smtp::Mail| {
            let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
            parsed.subject().unwrap().to_owned()
        };
        to_them.map(subject).filter(|subject| subject.starts_with(word)).collect()
    }

    fn digests(&self) -> Vec<String> {
        self.subjects(INES, "[Digest]")
    }

    /// A minute's rounds: whatever would be told has been.
    async fn rounds(&self, kpid: &Kpid, at: &str, month: &str) {
        let path = format!("calls/{month}");
        let enough = self.origin.asked(&path) + 4;
        kpid.run_at(at, "some rounds", async || self.origin.asked(&path) >= enough).await;
    }
}

async fn last_digests(kpid: &Kpid) -> HashMap<Id, LastDigest> {
    let store = Store::open_read_only(&kpid.folder().join("kpid.db")).await;
    let Ok(store) = store else { return HashMap::new() };
    let last = store.last_digests().await.unwrap_or_default();
    store.close().await;
    last
}

/// Some rounds without digests, and then as many with them: that is no news.
async fn switched_on(town: &Town, kpid: &Kpid, at: &str, digest: &str) {
    town.rounds(kpid, at, "2026-05").await;
    let path = kpid.folder().join("kpid.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{config}{digest}\n")).unwrap();
    if !digest.is_empty() {
        let known = async || last_digests(kpid).await.len() == 2;
        kpid.run_at(at, "the first look", known).await;
    }
}

#[tokio::test]
async fn a_digest_comes_on_monday_once_and_downtime_is_caught_up_once() {
    let town = Town::open().await;
    let kpid = town.kpid_that_sums_up("", "");
    town.both("2026-05", 98.0);
    let friday = "2026-06-05T10:00:00Z";
    switched_on(&town, &kpid, friday, "digest: {}").await;
    assert_eq!(town.digests(), [""; 0], "what was so before is not told");

    town.both("2026-05", 80.0);
    town.rounds(&kpid, "2026-06-08T05:50:00Z", "2026-05").await;
    assert_eq!(town.digests(), [""; 0], "not yet");
    let told = async || !town.digests().is_empty();
    kpid.run_at("2026-06-08T05:59:57Z", "the digest of 08:00 in Amsterdam", told).await;
    let fallen = "[Digest] 5 changes since 5 June, 5 off track";
    assert_eq!(town.digests(), [fallen]);
    town.rounds(&kpid, "2026-06-08T06:00:30Z", "2026-05").await;
    assert_eq!(town.digests(), [fallen], "once");

    // Three Mondays pass.
    town.both("2026-06", 80.0);
    let told = async || town.digests().len() > 1;
    kpid.run_at("2026-06-30T10:00:00Z", "the digest that was missed", told).await;
    assert_eq!(town.digests()[1], "[Digest] No changes since 8 June");
    town.rounds(&kpid, "2026-06-30T10:01:00Z", "2026-05").await;
    assert_eq!(town.digests().len(), 2, "one for all that were missed");
    for (who, why) in [("tom@acme.example", "owns nothing"), ("lena@acme.example", "wants none")] {
        assert_eq!(town.subjects(who, "[Digest]"), [""; 0], "{why}");
    }
}

#[tokio::test]
async fn a_mailbox_gets_one_digest_of_all_that_its_people_answer_for() {
    let town = Town::open().await;
    // Whoever comes first is written to, of what is the other's.
    let people = "  tess: { name: Tess Data, email: Tom@ACME.example }\n";
    let kpid = town.kpid_that_sums_up(people, "alert: { to: [tess] }");
    town.both("2026-05", 98.0);
    switched_on(&town, &kpid, "2026-06-05T10:00:00Z", "digest: {}").await;
    town.both("2026-05", 80.0);
    town.rounds(&kpid, "2026-06-08T05:50:00Z", "2026-05").await;
    let told = async || !town.digests().is_empty();
    kpid.run_at("2026-06-08T05:59:57Z", "the digests of 08:00 in Amsterdam", told).await;
    town.rounds(&kpid, "2026-06-08T06:00:30Z", "2026-05").await;
    let tom = town.subjects("tom@acme.example", "[Digest]");
    assert_eq!((tom.len(), town.digests().len()), (1, 1), "{tom:?}");
    let shown = kpid.run(&["digest", "tom"]).await.stdout;
    assert!(shown.contains("Digest for Tom Data") && shown.contains("Acme"), "{shown}");
}

#[tokio::test]
async fn a_digest_is_off_unless_asked_for_and_may_be_silent_when_nothing_changes() {
    for daemon in ["", "digest: { empty: nothing }"] {
        let town = Town::open().await;
        let kpid = town.kpid_that_sums_up("", "");
        town.both("2026-05", 98.0);
        switched_on(&town, &kpid, "2026-06-05T10:00:00Z", daemon).await;
        town.rounds(&kpid, "2026-06-09T10:00:00Z", "2026-05").await;
        if !daemon.is_empty() {
            let monday: DateTime<Utc> = "2026-06-08T06:00:00Z".parse().unwrap();
            let served =
                async || last_digests(&kpid).await.values().all(|last| last.slot == monday);
            kpid.run_at("2026-06-09T10:01:00Z", "the silent digest", served).await;
        }
        assert_eq!(town.smtp.mails().len(), 0, "{daemon}");
    }
}

/// Somebody's last digest, eight days ago, in a store that knows nothing else.
async fn a_week_ago(kpid: &Kpid, now: DateTime<Utc>) {
    let store = Store::open(&kpid.folder().join("kpid.db")).await.unwrap();
    let at = now - TimeDelta::days(8);
    let none = Portfolio::default();
    let standing = judge(&none, &History::default(), &HashMap::new(), "", at);
    let last = vec![(Id::parse("ines").unwrap(), LastDigest { slot: at, at })];
    let digested = DigestOutcome { standing, last, deliveries: Vec::new() };
    store.digest(&[].into(), at, |_| Ok(digested)).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_kill_neither_loses_nor_doubles_a_digest() {
    let town = Town::open().await;
    let kpid = town.kpid_that_sums_up("digest: {}", "");
    let now = kpid_clock::Clock::System.now();
    a_week_ago(&kpid, now).await;
    town.smtp.conduct(INES, Conduct::Defer);
    let mut daemon = kpid.start();
    daemon.until("an attempt", async || town.smtp.attempts(), |attempts| *attempts > 0).await;
    daemon.kill().await;
    // Whether it had noted the refusal or not, it is the same delivery.
    for _ in 0..2 {
        let mut daemon = kpid.start();
        daemon.until_log("kpid runs").await;
        daemon.kill().await;
    }
    town.smtp.conduct(INES, Conduct::Take);
    let listed = kpid.run(&["outbox", "list", "--format", "json"]).await.stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let [digest] = listed.as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!(digest["event"], "digest");
    let mut daemon = kpid.start();
    let id = digest["id"].as_str().unwrap();
    assert_eq!(kpid.run(&["outbox", "retry", id]).await.code, Some(0));
    daemon.until("the digest", async || town.digests(), |seen| !seen.is_empty()).await;
    daemon.stop().await;
    assert_eq!(town.digests().len(), 1);
    assert!(last_digests(&kpid).await[&Id::parse("ines").unwrap()].slot > now - TimeDelta::days(8));
}

#[tokio::test]
async fn a_period_is_reported_once_when_it_is_official() {
    let town = Town::open().await;
    let kpid = town.kpid_that_sums_up(GERMAN, "report: { to: [ines, greta, ops] }");
    town.both("2026-04", 98.0);
    let reports = || town.subjects(INES, "[Report]");
    town.rounds(&kpid, "2026-05-20T10:00:00Z", "2026-04").await;
    assert_eq!(reports(), [""; 0], "what was official before is history");

    // One of two is in, and the other has time until the fifth.
    town.origin.figure("calls/2026-05", 98.0);
    town.rounds(&kpid, "2026-06-02T10:00:00Z", "2026-05").await;
    assert_eq!(reports(), [""; 0], "not official");
    town.origin.figure("mails/2026-05", 80.0);
    let told = async || !reports().is_empty() && !town.webhook.calls().is_empty();
    kpid.run_at("2026-06-03T10:00:00Z", "the report of May", told).await;
    town.rounds(&kpid, "2026-06-03T10:01:00Z", "2026-05").await;
    assert_eq!(reports().len(), 1);
    assert!(reports()[0].starts_with("[Report] Acme - May 2026: "), "{:?}", reports());
    let german = town.subjects(GRETA, "[Bericht]");
    assert_eq!(german.len(), 1);
    assert!(german[0].starts_with("[Bericht] Acme - Mai 2026: "), "{german:?}");
    let of_reports = || {
        let calls = town.webhook.calls();
        let bodies: Vec<_> = calls.iter().map(|call| call.json()).collect();
        bodies.into_iter().filter(|body| body["event"] == "period_report").collect::<Vec<_>>()
    };
    assert_eq!(of_reports().len(), 1);
    assert_eq!(of_reports()[0]["map"][0]["objectives"][0]["name"], "Answer");
    let printed = kpid.run(&["report", "acme", "2026-05"]).await.stdout;
    assert!(printed.starts_with("Acme, May 2026\n"), "{printed}");

    // Of June one figure never comes, and its time is up.
    town.origin.figure("calls/2026-06", 98.0);
    town.rounds(&kpid, "2026-07-03T10:00:00Z", "2026-06").await;
    assert_eq!(reports().len(), 1, "not official");
    let told = async || reports().len() > 1;
    kpid.run_at("2026-07-08T10:00:00Z", "the report of June", told).await;
    assert!(reports()[1].starts_with("[Report] Acme - June 2026"), "{:?}", reports());
}

#[tokio::test]
async fn an_action_of_a_review_is_in_the_digest_of_whoever_does_it_in_their_language() {
    let town = Town::open().await;
    let kpid = town.kpid_that_sums_up(&format!("{GERMAN}digest: {{}}\n"), "");
    town.both("2026-05", 98.0);
    let known = async || last_digests(&kpid).await.len() == 3;
    kpid.run_at("2026-06-05T10:00:00Z", "the first look", known).await;
    let action = ["--action", "Call the carrier", "--who", "greta", "--due", "2099-06-30"];
    kpid.says(&[&["review", "acme", "2026-05", "--about", "acme/calls"][..], &action].concat())
        .await;
    let told = || town.subjects(GRETA, "[Übersicht]");
    let came = async || !told().is_empty();
    kpid.run_at("2026-06-08T05:59:57Z", "the digest of 08:00 in Amsterdam", came).await;
    assert_eq!(told(), ["[Übersicht] 1 Änderung seit 5. Juni"]);
    let mails = town.smtp.mails();
    let mail = mails.iter().find(|mail| mail.to == [GRETA]).unwrap();
    let mail = MessageParser::default().parse(&mail.bytes).unwrap();
    let text = mail.body_text(0).unwrap();
    for part in ["Maßnahmen aus Reviews", "Call the carrier", "Greta Data, fällig"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
