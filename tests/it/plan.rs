//! `kpid plan`, the real binary: what a changed configuration would do, and nothing is done.

use std::fs;

use serde_json::{Value, json};

use crate::world::kpid::Kpid;

const CONFIG: &str = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels:
  mail: { email: { folder: mail, from: kpid@acme.example } }
people:
  ines: { name: Ines Marlow, email: ines@acme.example }
";

/// Ines is told of Care; calls and mails are measured, each a share of the one objective.
const PRESENT: &str = "scorecard: acme
perspectives:
  care:
    alert: { to: [ines] }
    objectives:
      answer:
        kpis:
          calls: { nature: flow, unit: calls, target: 100, tolerance: 10, weight: 3 }
          mails: { nature: flow, unit: mails, target: 100, tolerance: 10 }
";

/// More is wanted of calls, which weigh more; mails have another name; chats are new.
const PROPOSED: &str = "scorecard: acme
perspectives:
  care:
    alert: { to: [ines] }
    objectives:
      answer:
        kpis:
          calls: { nature: flow, unit: calls, target: 140, tolerance: 20, weight: 9 }
          letters: { was: mails, nature: flow, unit: mails, target: 100, tolerance: 10 }
          chats: { nature: flow, unit: chats, target: 5, weight: 0 }
";

async fn acme() -> Kpid {
    let kpid = Kpid::new(CONFIG, PRESENT);
    let period = last_month(&kpid).await;
    let rows = format!("kpi,period,value\nacme/calls,{period},104\nacme/mails,{period},103\n");
    fs::write(kpid.folder().join("rows.csv"), rows).unwrap();
    let file = kpid.folder().join("rows.csv");
    let ran = kpid.run(&["import", file.to_str().unwrap()]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    fs::write(kpid.folder().join("new.yaml"), format!("{CONFIG}scorecards: [new/*.yaml]\n"))
        .unwrap();
    fs::create_dir(kpid.folder().join("new")).unwrap();
    kpid
}

/// The month that flows are judged on now, as the program itself says.
async fn last_month(kpid: &Kpid) -> String {
    fs::write(kpid.folder().join("none.csv"), "kpi,period,value\nacme/calls,2000-01,1\n").unwrap();
    let file = kpid.folder().join("none.csv");
    let ran = kpid.run(&["import", file.to_str().unwrap()]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let standing = kpid.show().await;
    let kpi = &standing["scorecards"][0]["perspectives"][0]["objectives"][0]["kpis"][0];
    kpi["period"].as_str().unwrap_or_else(|| panic!("{standing}")).to_owned()
}

async fn plan(kpid: &Kpid, proposed: &str, more: &[&str]) -> String {
    fs::write(kpid.folder().join("new/acme.yaml"), proposed).unwrap();
    let path = kpid.folder().join("new.yaml");
    let ran = kpid.run(&[&["plan", path.to_str().unwrap()], more].concat()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout
}

#[tokio::test]
async fn a_change_is_told_before_it_is_made() {
    let kpid = acme().await;
    assert_eq!(plan(&kpid, PRESENT, &[]).await, "nothing would change\n");
    let found: Value =
        serde_json::from_str(&plan(&kpid, PROPOSED, &["--format", "json"]).await).unwrap();
    assert_eq!(found["added"], json!(["acme/chats"]));
    assert_eq!(found["removed"], json!([]));
    assert_eq!(found["renamed"], json!([{ "from": "acme/mails", "to": "acme/letters" }]));
    assert_eq!(found["reweighted"], json!([{ "scope": "acme/calls", "from": 3.0, "to": 9.0 }]));
    assert_eq!(found["lines"][0]["scope"], "acme/calls");
    assert_eq!(
        found["lines"][0]["to"],
        json!({ "target": 140.0, "green_line": 140.0, "red_line": 120.0 })
    );
    let colour = |scope: &str| {
        let changed = found["colours"].as_array().unwrap().iter();
        let found = changed.clone().find(|held| held["scope"] == scope);
        found.map(|held| (held["from"]["status"].clone(), held["to"]["status"].clone()))
    };
    assert_eq!(colour("acme/calls"), Some((json!("on_track"), json!("off_track"))));
    assert_eq!(colour("acme/care"), Some((json!("on_track"), json!("off_track"))));
    assert_eq!(colour("acme/letters"), None, "what is renamed stands as it stood");
    let alert = json!([{ "scope": "acme/care", "event": "opened", "to": ["ines"] }]);
    assert_eq!((&found["alerts"], &found["notified"]), (&alert, &json!(["ines"])));

    let said = plan(&kpid, PROPOSED, &[]).await;
    for words in [
        "renamed\n  acme/mails → acme/letters\n",
        "weights\n  acme/calls: 3 → 9\n",
        "target 100 → 140, green line 100 → 140, red line 90 → 120\n",
        "alerts\n  acme/care opened, notifying ines\n",
        "notified: ines\n",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    assert_eq!(kpid.run(&["outbox", "list"]).await.stdout, "nothing waits to be delivered\n");
}

#[tokio::test]
async fn an_alert_that_would_end_and_a_rename_without_was_are_told_before() {
    let kpid = acme().await;
    let period = last_month(&kpid).await;
    let rows = format!("kpi,period,value\nacme/calls,{period},20\nacme/mails,{period},20\n");
    fs::write(kpid.folder().join("rows.csv"), rows).unwrap();
    let file = kpid.folder().join("rows.csv");
    let ran = kpid.run(&["import", file.to_str().unwrap()]).await;
    assert!(ran.stdout.contains("1 message waits"), "{ran:?}");
    let ends = "an alert is open on acme/care: it would end, notifying ines\n";
    let others = "scorecard: acme
perspectives:
  growth:
    objectives:
      sell: { kpis: { deals: { nature: flow, target: 5 } } }
";
    let said = plan(&kpid, others, &[]).await;
    assert!(said.contains(ends) && said.contains("notified: ines\n"), "{said}");
    assert!(!said.contains("looks like a rename"), "{said}");
    let renamed = PRESENT.replace("  care:", "  clients:");
    let said = plan(&kpid, &renamed, &[]).await;
    assert!(said.contains(ends), "{said}");
    let hint = "acme/care → acme/clients looks like a rename: add `was: [care]`";
    assert!(said.contains(hint), "{said}");
    let found: Value =
        serde_json::from_str(&plan(&kpid, &renamed, &["--format", "json"]).await).unwrap();
    assert_eq!(found["ended"], json!([{ "scope": "acme/care", "to": ["ines"] }]));
    assert_eq!(found["lookalikes"], json!([{ "from": "acme/care", "to": "acme/clients" }]));
    // With its earlier id it goes on, and there is nothing to tell.
    let kept = PRESENT.replace("  care:", "  clients:\n    was: [care]");
    let said = plan(&kpid, &kept, &[]).await;
    assert!(!said.contains("would end") && !said.contains("looks like"), "{said}");
    // So it is with an objective.
    let objective = PRESENT.replace("      answer:", "      reply:");
    let said = plan(&kpid, &objective, &[]).await;
    assert!(said.contains("acme/care/answer → acme/care/reply looks like"), "{said}");
}

#[tokio::test]
async fn a_bad_proposal_says_what_is_wrong_with_it() {
    let kpid = acme().await;
    fs::write(kpid.folder().join("new/acme.yaml"), "scorecard: acme\nperspectives: { x: 3 }\n")
        .unwrap();
    let path = kpid.folder().join("new.yaml");
    let ran = kpid.run(&["plan", path.to_str().unwrap()]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("acme.yaml"), "{}", ran.stderr);
}
