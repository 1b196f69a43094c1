//! SIGHUP under load: good, bad and half-written files by turns while every KPI is asked each second.
//! Each order is answered, the last good configuration runs, no round is left out, nothing is told
//! twice.

use std::fs;

use kpid_config::{load::load, secret::Secrets};
use kpid_store::{Reloaded, Store, holder};

use crate::{
    web,
    world::{
        dice::{Dice, seeds},
        kpid::{Daemon, Kpid},
        origin::Origin,
        webhook::Webhook,
    },
};

const SIDES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Orders given.
const ORDERS: usize = 40;

fn config(origin: &Origin, ops: &Webhook) -> String {
    format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
connections: {{ api: {} }}
channels: {{ ops: {{ webhook: {{ url: \"{}\" }} }} }}
web: {{ listen: \"127.0.0.1:0\" }}
",
        origin.yaml(),
        ops.url()
    )
}

/// What falls below 90 is off track by either target.
fn scorecard(target: u32) -> String {
    let side = |id: &&str| {
        format!(
            "  {id}:
    alert: {{ to: [ops] }}
    objectives:
      {id}-goal:
        kpis:
          {id}-kpi: {{ nature: level, unit: points, schedule: {{ every: 1s }}, target: {target}, tolerance: 3, source: {{ http: {{ from: api, get: {id}, value: $.value }} }} }}
"
        )
    };
    let sides: String = SIDES.iter().map(side).collect();
    format!("scorecard: acme\nperspectives:\n{sides}")
}

struct Storm {
    kpid: Kpid,
    origin: Origin,
    ops: Webhook,
    daemon: Daemon,
    /// What runs.
    running: String,
}

impl Storm {
    fn write(&self, text: &str) {
        fs::write(self.kpid.folder().join("scorecards/acme.yaml"), text).unwrap();
    }

    /// The digest of the files as they are.
    fn config_hash(&self) -> String {
        let loaded = load(&self.kpid.folder().join("kpid.yaml"), Secrets::Needed);
        loaded.unwrap().0.config_hash
    }

    fn answer(&self) -> Option<Reloaded> {
        holder(&self.kpid.folder().join("kpid.db")).unwrap().and_then(|held| held.reloaded)
    }

    /// Orders a reload, and waits for what comes of it.
    async fn order(&mut self) -> Result<String, String> {
        let before = self.answer();
        self.daemon.hang_up();
        let kpid = self.kpid.folder().join("kpid.db");
        let look = async || holder(&kpid).unwrap().and_then(|held| held.reloaded);
        let answered = self.daemon.until("an answer", look, |now| *now != before).await;
        answered.unwrap().came
    }

    /// Every KPI is asked again, and again.
    async fn rounds_go_on(&mut self) {
        let asked = |origin: &Origin| SIDES.map(|side| origin.asked(side));
        let before = asked(&self.origin);
        let (origin, look) = (self.origin.clone(), asked);
        let more = |now: &[usize; SIDES.len()]| {
            now.iter().zip(before).all(|(now, before)| *now >= before + 2)
        };
        self.daemon.until("two rounds more", async || look(&origin), more).await;
    }

    fn events(&self) -> Vec<String> {
        let told = self.ops.calls();
        let told = told.iter().map(|call| call.json());
        let mut told: Vec<String> =
            told.map(|told| format!("{} {}", told["dedup_key"], told["event"])).collect();
        told.sort();
        told
    }
}

#[tokio::test]
async fn a_storm_of_good_bad_and_half_written_files_loses_no_round_and_doubles_no_alert() {
    let (origin, ops) = tokio::join!(Origin::start(), Webhook::start());
    SIDES.iter().for_each(|side| origin.figure(side, 98.0));
    let kpid = Kpid::new(&config(&origin, &ops), &scorecard(95));
    let daemon = kpid.start();
    let mut storm = Storm { kpid, origin, ops, daemon, running: String::new() };
    storm.running = storm.config_hash();
    storm.rounds_go_on().await;
    let mut dice = Dice::of(seeds(1).start);
    let mut used = vec![storm.running.clone()];
    for order in 0..ORDERS {
        let good = scorecard(dice.pick(&[94, 95]));
        // A file that ends with a whole perspective would be a good one.
        let middle = good.len() / 3 + usize::try_from(dice.below(900)).unwrap();
        let half = &good[..good[..middle].rfind("source:").unwrap()];
        match dice.below(5) {
            bad @ 0..=2 => {
                let misspelt = good.replace("tolerance", "tolerence");
                storm.write([half, misspelt.as_str(), ""][usize::try_from(bad).unwrap()]);
                assert!(storm.order().await.is_err(), "{bad}: {half}");
            }
            _ => {
                storm.write(&good);
                storm.running = storm.config_hash();
                assert_eq!(storm.order().await, Ok(storm.running.clone()));
            }
        }
        if used.last() != Some(&storm.running) {
            used.push(storm.running.clone());
        }
        match order {
            10 => storm.origin.figure("a", 80.0),
            20 => storm.origin.figure("b", 80.0),
            30 => storm.origin.figure("a", 98.0),
            _ => {}
        }
        if order % 10 == 5 {
            storm.rounds_go_on().await;
        }
    }
    // Many orders at once, the file being written meanwhile: the last of them finds it whole.
    let good = scorecard(94);
    for _ in 0..20 {
        storm.write(&good[..good.len() / 2]);
        storm.daemon.hang_up();
        storm.write(&good);
        storm.daemon.hang_up();
    }
    let wanted = storm.config_hash();
    let path = storm.kpid.folder().join("kpid.db");
    let look = async || holder(&path).unwrap().and_then(|held| held.reloaded);
    let came = |now: &Option<Reloaded>| now.as_ref().is_some_and(|now| now.came.is_ok());
    storm.daemon.until("the last answer", look, came).await;
    storm.rounds_go_on().await;
    assert_eq!(storm.answer().unwrap().came, Ok(wanted.clone()));
    let at = storm.daemon.address().await;
    let metrics = web::text(at, "/metrics").await;
    assert_eq!(web::value(&metrics, "kpid_config_last_reload_successful"), Some(1.0));

    let told = [("a", "opened"), ("a", "recovered"), ("b", "opened")];
    let told = told.map(|(side, event)| format!("\"acme/{side}/1\" \"{event}\""));
    let (ops, length) = (storm.ops.clone(), told.len());
    storm.daemon.until("the news", async || ops.calls().len(), |calls| *calls >= length).await;
    storm.rounds_go_on().await;
    assert_eq!(storm.events(), told);
    let store = Store::open_read_only(&path).await.unwrap();
    let mut ran: Vec<String> = store
        .configurations_used()
        .await
        .unwrap()
        .into_iter()
        .map(|used| used.config_hash)
        .collect();
    ran.truncate(used.len());
    assert_eq!(ran, used, "what judged, in its order");
    assert_eq!(storm.daemon.stop().await.code(), Some(0));
}
