//! An edited configuration and an open alert: what the edit makes of a figure is not news, and what
//! a newer figure makes of it is.

use std::fs;

use crate::world::{
    kpid::{Kpid, Ran},
    until,
};

const CONFIG: &str = "store: kpid.db
calendar: { timezone: UTC }
channels: { mail: { email: { from: Scorecard <kpid@acme.example>, folder: outbox } } }
people: { ines: { email: ines@acme.example } }
connections: { files: { csv: { folder: files } } }
";

const SCORECARD: &str = "scorecard: acme
perspectives:
  customer:
    alert: { to: [ines] }
    objectives:
      o:
        kpis:
          on_time:
            description: On time
            nature: level
            target: 95
            tolerance: 3
            owner: ines
            schedule: { every: 1d }
            source: { csv: { from: files, file: on-time.csv, value: value } }
";

fn acme() -> Kpid {
    let kpid = Kpid::new(CONFIG, SCORECARD);
    fs::create_dir(kpid.folder().join("files")).unwrap();
    kpid
}

fn give(kpid: &Kpid, value: f64) {
    fs::write(kpid.folder().join("files/on-time.csv"), format!("value\n{value}\n")).unwrap();
}

async fn pull(kpid: &Kpid, value: f64) -> Ran {
    give(kpid, value);
    let ran = kpid.run(&["pull"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

async fn told(kpid: &Kpid) -> Vec<String> {
    let listed = kpid.says(&["alerts", "list", "--all", "--format", "json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let events = listed["episodes"][0]["events"].as_array().unwrap();
    events.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_figure_that_worsens_after_an_edit_is_told() {
    let kpid = acme();
    pull(&kpid, 96.0).await;
    pull(&kpid, 91.6).await;
    assert_eq!(told(&kpid).await, ["opened"]);
    kpid.rewrite_scorecard(&SCORECARD.replace("description: On time", "description: In time"));
    pull(&kpid, 80.0).await;
    assert_eq!(told(&kpid).await, ["opened", "worsened"]);
}

#[tokio::test]
async fn a_daemon_that_starts_with_an_edit_tells_of_a_figure_that_worsens() {
    let kpid = acme();
    pull(&kpid, 96.0).await;
    pull(&kpid, 91.6).await;
    kpid.rewrite_scorecard(&SCORECARD.replace("description: On time", "description: In time"));
    give(&kpid, 80.0);
    let _daemon = kpid.start();
    until("the worsening", async || told(&kpid).await, |told| *told == ["opened", "worsened"])
        .await;
}

#[tokio::test]
async fn an_edit_that_makes_the_same_figure_worse_tells_nothing() {
    let kpid = acme();
    pull(&kpid, 96.0).await;
    pull(&kpid, 91.6).await;
    kpid.rewrite_scorecard(&SCORECARD.replace("target: 95", "target: 97"));
    pull(&kpid, 91.6).await;
    pull(&kpid, 91.6).await;
    assert_eq!(told(&kpid).await, ["opened"]);
}
