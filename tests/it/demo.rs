//! The demo, run by the built binary: its numbers, its one mail and its one webhook.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::world::{
    process::{self, Process, Signal},
    until,
};

/// The instant the demo's story ends at, and a little.
const AS_OF: &str = "2026-06-03T06:30:00+02:00";

fn kpid(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kpid")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn files(folder: &Path, extension: &str) -> Vec<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    wanted.map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn near(value: &Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 0.06)
}

fn children<'v>(node: &'v Value, kind: &str) -> impl Iterator<Item = &'v Value> {
    node[kind].as_array().unwrap().iter()
}

#[test]
fn the_demo_tells_its_story_once_and_in_the_right_numbers() {
    let parent = tempfile::tempdir().unwrap();
    let ran = kpid(&["demo", "--once", "story"], parent.path());
    let told = text(&ran.stdout);
    assert!(ran.status.success(), "{told}\n{}", text(&ran.stderr));
    let folder = parent.path().join("story");

    let mails = files(&folder.join("mail"), "eml");
    assert_eq!(mails.len(), 1, "{told}");
    assert!(mails[0].contains("ines.marlow@calder.example"));
    // She can go from the mail to the page, and answer for the alert.
    assert!(told.contains("/s/calder/2026-05/customer#calder/customer"), "{told}");
    assert!(told.contains("/a/"), "{told}");
    assert!(
        told.contains("[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)"),
        "{told}"
    );
    let hooks = files(&folder.join("webhooks"), "json");
    assert_eq!(hooks.len(), 1, "{told}");
    assert!(told.contains("its signature is right"), "{told}");
    let hook: Value = serde_json::from_str(&hooks[0]).unwrap();
    assert_eq!(hook["event"], "opened");
    assert!(near(&hook["score"]["from"], 72.0) && near(&hook["score"]["to"], 55.9));
    check_explanation(&hook["kpis"]);

    let shown = kpid(
        &["-c", "story/kpid.yaml", "show", "calder", "--as-of", AS_OF, "--format", "json"],
        parent.path(),
    );
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    check_standing(&serde_json::from_slice(&shown.stdout).unwrap());

    // In the folder it is June, also after the demo has ended.
    let command = |arguments: &[&str]| {
        let ran = kpid(&[&["-c", "story/kpid.yaml"], arguments].concat(), parent.path());
        assert!(ran.status.success(), "{arguments:?}: {}", text(&ran.stderr));
        text(&ran.stdout)
    };
    check_standing(
        &serde_json::from_str(&command(&["show", "calder", "--format", "json"])).unwrap(),
    );
    assert!(command(&["digest", "ines"]).contains("Customer (Calder Cycles): OFF TRACK"));
    assert!(
        command(&["report", "calder"]).contains("Calder Cycles was at risk (63.4) in May 2026")
    );

    // What its reader changed is not lost to the next one.
    let config = folder.join("kpid.yaml");
    let changed = fs::read_to_string(&config).unwrap() + "# mine\n";
    fs::write(&config, &changed).unwrap();
    let again = kpid(&["demo", "--once", "story"], parent.path());
    let said = text(&again.stderr);
    assert_eq!(again.status.code(), Some(2), "{said}");
    assert!(said.contains("you wrote or changed kpid.yaml") && said.contains("--fresh"), "{said}");
    assert_eq!(fs::read_to_string(&config).unwrap(), changed);
}

/// V142.
fn check_explanation(kpis: &Value) {
    let expected = [
        ("on-time-delivery", -16.5, 75.4),
        ("order-lead-time", -2.8, 24.6),
        ("nps", 2.2, 0.0),
        ("first-contact-resolution", 1.1, 0.0),
    ];
    assert_eq!(kpis.as_array().unwrap().len(), expected.len());
    for (id, contribution, share_pct) in expected {
        let kpi = kpis.as_array().unwrap().iter().find(|kpi| kpi["id"] == id).unwrap();
        assert!(near(&kpi["contribution"], contribution), "{id}: {}", kpi["contribution"]);
        assert!(near(&kpi["share_pct"], share_pct), "{id}: {}", kpi["share_pct"]);
    }
}

/// V139 to V141.
fn check_standing(standing: &Value) {
    let calder = &standing["scorecards"][0];
    assert_eq!((&calder["id"], &calder["status"]), (&"calder".into(), &"at_risk".into()));
    assert!(near(&calder["score"], 63.4), "{}", calder["score"]);
    let perspectives = [
        ("financial", "at_risk", 64.6, "score", 1.0),
        ("customer", "off_track", 55.9, "critical", 1.0),
        ("internal", "at_risk", 64.9, "score", 0.8),
        ("learning", "on_track", 73.6, "score", 1.0),
    ];
    for (found, (id, status, score, reason, coverage)) in
        children(calder, "perspectives").zip(perspectives)
    {
        assert_eq!((&found["id"], &found["status"]), (&id.into(), &status.into()));
        assert_eq!(found["reason"], reason, "{id}");
        assert!(
            near(&found["score"], score) && near(&found["coverage"], coverage),
            "{id}: {found}"
        );
    }
    let objectives = [
        ("grow-profitable-revenue", "at_risk", Some(60.0)),
        ("keep-cash-healthy", "on_track", Some(71.5)),
        ("deliver-on-promise", "off_track", Some(31.0)),
        ("delight-riders", "on_track", Some(80.8)),
        ("build-quality-in", "at_risk", Some(69.0)),
        ("lean-supply-chain", "at_risk", Some(58.0)),
        ("innovate-on-time", "no_data", None),
        ("capable-people", "at_risk", Some(58.0)),
        ("safe-people", "on_track", Some(100.0)),
        ("modern-systems", "on_track", Some(73.0)),
    ];
    let found = children(calder, "perspectives").flat_map(|node| children(node, "objectives"));
    check_nodes(found, &objectives);
    let kpis = [
        ("net-revenue", "at_risk", Some(55.9)),
        ("gross-margin", "at_risk", Some(64.0)),
        ("operating-cash-flow", "on_track", Some(84.0)),
        ("debtor-days", "at_risk", Some(59.1)),
        ("on-time-delivery", "off_track", Some(21.0)),
        ("order-lead-time", "at_risk", Some(46.0)),
        ("nps", "on_track", Some(82.4)),
        ("first-contact-resolution", "on_track", Some(78.4)),
        ("warranty-claims", "at_risk", Some(62.1)),
        ("first-pass-yield", "on_track", Some(76.0)),
        ("inventory-cover", "at_risk", Some(58.0)),
        ("milestones-on-date", "no_data", None),
        ("training-hours", "at_risk", Some(55.0)),
        ("voluntary-turnover", "at_risk", Some(61.0)),
        ("lost-time-injuries", "on_track", Some(100.0)),
        ("shop-availability", "on_track", Some(73.0)),
    ];
    let found = children(calder, "perspectives")
        .flat_map(|node| children(node, "objectives"))
        .flat_map(|node| children(node, "kpis"));
    check_nodes(found, &kpis);
}

fn check_nodes<'v>(found: impl Iterator<Item = &'v Value>, expected: &[(&str, &str, Option<f64>)]) {
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), expected.len());
    for (found, (id, status, score)) in found.into_iter().zip(expected) {
        assert_eq!((&found["id"], &found["status"]), (&(*id).into(), &(*status).into()), "{found}");
        match score {
            Some(score) => assert!(near(&found["score"], *score), "{id}: {}", found["score"]),
            None => assert!(found["score"].is_null(), "{id}"),
        }
    }
}

#[tokio::test]
async fn the_demo_takes_what_its_reader_changes() {
    let parent = tempfile::tempdir().unwrap();
    let said = parent.path().join("said");
    let mut command = process::command(Path::new(env!("CARGO_BIN_EXE_kpid")), None, Signal::Kill);
    command.args(["demo", "story"]).current_dir(parent.path()).stdout(File::create(&said).unwrap());
    let mut demo = Process::start(command, Signal::Kill);
    let look = async || {
        assert_eq!(demo.ended(), None, "{}", fs::read_to_string(&said).unwrap());
        fs::read_to_string(&said).unwrap()
    };
    let told = until("the demo to run on", look, |said| said.contains("The daemon runs on")).await;
    assert!(told.contains("kpid.yaml reload"), "{told}");

    let config = parent.path().join("story/kpid.yaml");
    let changed = fs::read_to_string(&config).unwrap().replace("role: CEO", "role: Chief");
    fs::write(&config, changed).unwrap();
    let folder = parent.path().to_owned();
    let reload = move || kpid(&["-c", "story/kpid.yaml", "reload"], &folder);
    let reloaded = tokio::task::spawn_blocking(reload).await.unwrap();
    let told = text(&reloaded.stdout);
    assert!(told.contains("now runs configuration sha256:"), "{told}{}", text(&reloaded.stderr));
    assert_eq!(demo.ended(), None);
    let ended = tokio::task::spawn_blocking(move || demo.end(Signal::Term)).await.unwrap();
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn the_scenario_of_the_sample_comes_true() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calder");
    let played = kpid(&["simulate", "scenarios/carrier-switch.yaml"], &sample);
    let told = text(&played.stdout);
    assert!(played.status.success(), "{told}\n{}", text(&played.stderr));
    let last = told.lines().rfind(|line| line.contains("calder/customer recovered"));
    assert_eq!(last.map(str::trim), Some("→ calder/customer recovered, notifying ines, ops, ceo"));
}

#[test]
fn a_folder_with_something_else_in_it_is_refused() {
    let theirs = tempfile::tempdir().unwrap();
    fs::write(theirs.path().join("thesis.txt"), "ten years of work").unwrap();
    let ran = kpid(&["demo", "--once", "."], theirs.path());
    assert_eq!(ran.status.code(), Some(2), "{}", text(&ran.stdout));
    assert!(text(&ran.stderr).contains("name another folder"), "{}", text(&ran.stderr));
    assert_eq!(fs::read_dir(theirs.path()).unwrap().count(), 1);
}
