//! A connection that fails again and again is left alone, delays no other, and is asked again by
//! itself; a person who pulls always asks.

use std::{collections::BTreeSet, net::SocketAddr};

use chrono::{NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Europe::Amsterdam;
use kpid_clock::Clock;
use serde_json::Value;

use crate::world::{
    kpid::{Daemon, Kpid},
    origin::{Answer, Origin},
    town::Town,
};

/// KPIs of the connection that dies; more than are asked at once.
const OF_DEAD: usize = 12;

impl Town {
    /// Twelve KPIs of one API and one of another; the operators are told by webhook.
    fn kpid_of_two_apis(&self, other: &Origin) -> Kpid {
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections: {{ api: {}, other: {} }}
channels: {{ ops: {{ webhook: {{ url: \"{}\" }} }} }}
operators: [ops]
web: {{ listen: \"127.0.0.1:0\" }}
",
            self.origin.yaml(),
            other.yaml(),
            self.webhook.url()
        );
        let kpi = |id: &str, from: &str| {
            format!(
                "          {id}: {{ nature: level, schedule: {{ every: 1s }}, target: 95, source: {{ http: {{ from: {from}, get: {id}, value: $.value }} }} }}\n"
            )
        };
        let kpis: String = (0..OF_DEAD).map(|at| kpi(&format!("k{at}"), "api")).collect();
        let scorecard = format!(
            "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}{}",
            kpi("well", "other")
        );
        Kpid::new(&config, &scorecard)
    }

    fn all_answer(&self, answer: &Answer) {
        for at in 0..OF_DEAD {
            self.origin.set(&format!("k{at}"), answer.clone());
        }
    }

    fn asked_of_all(&self) -> usize {
        (0..OF_DEAD).map(|at| self.origin.asked(&format!("k{at}"))).sum()
    }
}

fn kpis(standing: &Value) -> &[Value] {
    let kpis = &standing["scorecards"][0]["perspectives"][0]["objectives"][0]["kpis"];
    kpis.as_array().map_or(&[], Vec::as_slice)
}

fn errors(standing: &Value) -> Vec<&str> {
    kpis(standing).iter().filter_map(|kpi| kpi["error"].as_str()).collect()
}

async fn left_alone(at: SocketAddr, connection: &str) -> String {
    let text = reqwest::get(format!("http://{at}/metrics")).await.unwrap().text().await.unwrap();
    let name = format!("kpid_connection_left_alone{{connection=\"{connection}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("absent").to_owned()
}

async fn until_all_are_well(daemon: &mut Daemon, kpid: &Kpid) {
    let is_well = |seen: &Value| kpis(seen).len() == OF_DEAD + 1 && errors(seen).is_empty();
    daemon.until("no errors", async || kpid.show().await, is_well).await;
}

#[tokio::test]
async fn a_dead_connection_is_left_alone_and_comes_back_by_itself() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let (town, other) = tokio::join!(Town::open(), Origin::start());
    let figure = Answer::Json(r#"{"value":98}"#.to_owned());
    town.all_answer(&figure);
    other.figure("well", 98.0);
    let kpid = town.kpid_of_two_apis(&other);
    let mut daemon = kpid.start();
    let address = daemon.address().await;
    until_all_are_well(&mut daemon, &kpid).await;
    assert_eq!(left_alone(address, "api").await, "0");

    town.all_answer(&Answer::Status(401));
    daemon.until_log("the connection `api` is left alone for a while: answered 401").await;
    let log = daemon.until_log("without a figure; left alone: `api`").await;
    assert!(!log.contains("left alone: `api`, `other`"), "{log}");
    assert_eq!(left_alone(address, "api").await, "1");
    assert_eq!(left_alone(address, "other").await, "0");
    let told = |seen: &Value| {
        let refused =
            |error: &&str| error.contains("not asked: the connection `api` is left alone");
        errors(seen).iter().filter(|error| refused(error)).count() == OF_DEAD
    };
    let seen = daemon.until("what is left alone", async || kpid.show().await, told).await;
    for error in errors(&seen) {
        assert!(
            error.contains(" is left alone until 20") && error.contains("because answered 401")
        );
    }
    let well = kpis(&seen).iter().find(|kpi| kpi["id"] == "well").unwrap();
    assert_eq!(well["error"], Value::Null, "the other connection goes on");

    let asked = town.asked_of_all();
    let ran = kpid.run(&["pull", "acme", "--dry-run"]).await;
    assert!(ran.stdout.contains("answered 401"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("left alone"), "a person always asks: {}", ran.stdout);
    assert!(town.asked_of_all() >= asked + OF_DEAD);

    town.all_answer(&figure);
    daemon.until_log("the connection `api` answers again").await;
    until_all_are_well(&mut daemon, &kpid).await;
    assert_eq!(left_alone(address, "api").await, "0");
    let events = async || {
        let calls = town.webhook.calls();
        calls.iter().map(|call| call.json()["event"].as_str().unwrap().to_owned()).collect()
    };
    let events: Vec<String> =
        daemon.until("the end told", events, |events: &Vec<String>| events.len() >= 2).await;
    assert_eq!(events, ["data_trouble", "data_recovered"], "one notice for all its KPIs");
    let connections: BTreeSet<bool> = town
        .webhook
        .calls()
        .iter()
        .map(|call| call.json()["summary"].as_str().unwrap().contains("`api`"))
        .collect();
    assert_eq!(connections, BTreeSet::from([true]));
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_connection_is_left_alone_for_as_long_as_it_asks() {
    let (town, other) = tokio::join!(Town::open(), Origin::start());
    town.all_answer(&Answer::Json(r#"{"value":98}"#.to_owned()));
    other.figure("well", 98.0);
    let kpid = town.kpid_of_two_apis(&other);
    let mut daemon = kpid.start();
    until_all_are_well(&mut daemon, &kpid).await;
    let asked_before = Clock::System.now();
    town.all_answer(&Answer::Busy);
    daemon.until_log("the connection `api` is left alone for a while: answered 429").await;
    let told =
        |seen: &Value| errors(seen).iter().filter(|e| e.contains("not asked")).count() == OF_DEAD;
    let seen = daemon.until("what is left alone", async || kpid.show().await, told).await;
    let hour = asked_before + TimeDelta::minutes(59);
    for error in errors(&seen) {
        let until = error.split_once(" is left alone until ").unwrap().1.get(..19).unwrap();
        let until = NaiveDateTime::parse_from_str(until, "%Y-%m-%d %H:%M:%S").unwrap();
        let until = Amsterdam.from_local_datetime(&until).latest().unwrap();
        assert!(until > hour, "{error}");
    }
    let asked = town.asked_of_all();
    daemon.rounds(3).await;
    assert_eq!(town.asked_of_all(), asked, "nobody asks within the hour");
    daemon.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_stays_broken_keeps_no_other_of_its_connection() {
    let (town, other) = tokio::join!(Town::open(), Origin::start());
    other.figure("well", 98.0);
    // From the beginning, so that the broken one is the first to be tried whenever one is.
    town.all_answer(&Answer::Status(500));
    let kpid = town.kpid_of_two_apis(&other);
    let mut daemon = kpid.start();
    let address = daemon.address().await;
    let refused = |error: &&str| error.contains("not asked: this request to `api` is left alone");
    let told = |seen: &Value| errors(seen).iter().filter(|error| refused(error)).count() == OF_DEAD;
    daemon.until("all left alone", async || kpid.show().await, told).await;
    assert_eq!(left_alone(address, "api").await, "0", "each by itself");
    for broken in [Answer::Status(500), Answer::Status(503), Answer::Cut, Answer::Away] {
        town.all_answer(&Answer::Json(r#"{"value":98}"#.to_owned()));
        town.origin.set("k0", broken.clone());
        let is_alone = |seen: &Value| kpis(seen).len() == OF_DEAD + 1 && errors(seen).len() == 1;
        daemon.until("the others are well", async || kpid.show().await, is_alone).await;
        let asked = town.asked_of_all();
        daemon.rounds(2).await;
        assert!(town.asked_of_all() >= asked + OF_DEAD - 1, "{broken:?}");
    }
    assert_eq!(left_alone(address, "api").await, "0");
    daemon.stop().await;
}
