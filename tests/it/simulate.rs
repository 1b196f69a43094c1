//! `kpid simulate`, the real binary: what holds, what does not, and what is no scenario.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::world::kpid::Kpid;

fn simulate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kpid"));
    command.arg("simulate").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_scenario_holds() {
    let folder = Path::new("tests/scenarios");
    let paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() >= 3);
    for path in paths {
        let output = simulate(&[path.to_str().unwrap()]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{}: {said}", path.display());
    }
}

#[test]
fn programs_get_one_element_a_step() {
    let output = simulate(&["tests/scenarios/customer.yaml", "--format", "json"]);
    let steps: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(steps.as_array().unwrap().len(), 2);
    let opened =
        serde_json::json!([{ "scope": "calder/customer", "event": "opened", "to": ["ines"] }]);
    assert_eq!(steps[0]["events"], serde_json::json!([]));
    assert_eq!(steps[1]["events"], opened);
    let perspective = &steps[1]["standing"]["scorecards"][0]["perspectives"][0];
    assert_eq!(perspective["status"], "off_track");
    assert_eq!(steps[1]["at"], "2026-06-03T06:00:00+02:00");
}

fn scenario(steps: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.yaml");
    let scorecards = "scorecards:\n  s:\n    perspectives:\n      p:\n        objectives:\n          o:\n            kpis:\n              k: { nature: flow, target: 100 }\n";
    fs::write(&path, format!("{scorecards}steps:\n{steps}")).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_missed_expectation_is_named_and_answers_no() {
    let (_folder, path) = scenario(
        "  - at: 2026-06-01\n    actuals: { s/k: 100 }\n    expect: { s/k: { status: at_risk, score: 70 } }\n",
    );
    let output = simulate(&[&path]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("expected status of s/k to be \"at_risk\", found \"on_track\""),
        "{said}"
    );
    assert!(!said.contains("score"), "{said}");
}

#[test]
fn what_is_no_scenario_is_told_with_its_place() {
    for (steps, words) in [
        ("  - at: 2026-06-01\n    actuals: { s/j: 100 }\n", "there is no KPI `s/j`"),
        ("  - at: then\n", "`then` is not a valid time"),
        ("  - at: 2026-06-02\n  - at: 2026-06-01\n", "earlier than the one above"),
        (
            "  - at: 2026-06-01\n    expect: { s/k: { statsu: on_track } }\n",
            "did you mean `status`?",
        ),
        (
            "  - at: 2026-06-01\n    expect: { s/x: { status: on_track } }\n",
            "there is no node `s/x`",
        ),
        (
            "  - at: 2026-06-01\n    actuals: { s/k: { period: 2026-W05, value: 1 } }\n",
            "is not a period of `s/k`",
        ),
        (
            "  - at: 2026-06-01\n    actuals: { s/k: { period: 2026-07, value: 1 } }\n",
            "has not begun",
        ),
        ("  - at: 2026-06-01\n    actuals: { s/k: { period: 2026-05, valeu: 1 } }\n", "valeu"),
        ("  - at: 2026-06-01\n    actuals: { s/k: { period: 2026-05 } }\n", "either `value`"),
        ("  - when: 2026-06-01\n", "unknown key `when`"),
    ] {
        let (_folder, path) = scenario(steps);
        let output = simulate(&[&path]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{steps}: {said}");
        assert!(said.contains(words) && said.contains("scenario.yaml:"), "{steps}: {said}");
    }
}

#[test]
fn null_is_a_failure_and_never_zero() {
    let (_folder, path) = scenario(
        "  - at: 2026-06-01\n    actuals: { s/k: null }\n    expect: { s/k: { status: no_data, value: null, error: the source said null } }\n",
    );
    let output = simulate(&[&path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// What is told, step by step.
fn told(path: &str) -> Vec<String> {
    let output = simulate(&[path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let transcript = text(&output.stdout);
    let arrows = transcript.lines().filter_map(|line| line.trim().strip_prefix("→ "));
    arrows.map(str::to_owned).collect()
}

#[test]
fn the_transcript_of_an_alert_names_every_event_and_why() {
    let mut lines = told("tests/scenarios/cadence.yaml");
    lines.retain(|line| line.starts_with("unanswered") || line.starts_with("restated"));
    assert_eq!(
        lines,
        [
            "unanswered/only opened, notifying owner",
            "restated/only opened, notifying owner",
            "unanswered/only escalated (unacknowledged), notifying chief",
            "restated/only corrected (restated), notifying owner",
            "unanswered/only reminded (unacknowledged), notifying owner",
            "unanswered/only reminded (new period), notifying owner",
            "unanswered/only recovered, notifying owner, chief",
        ]
    );
}

#[test]
fn what_an_alert_above_told_is_told_by_itself_when_that_ends() {
    assert_eq!(
        told("tests/scenarios/levels_handed_over.yaml"),
        [
            "team/service opened, notifying cy",
            "org/customer opened, notifying ann",
            "org/customer/promise opened, notifying cy",
            "team/service reminded (above ended), notifying ann",
            "org/customer recovered, notifying ann",
            "org/customer/promise reminded (above ended), notifying ann",
            "team/service recovered, notifying cy, ann",
            "org/customer/promise recovered, notifying cy, ann",
        ]
    );
}

#[test]
fn what_comes_and_goes_too_often_says_so_once() {
    let lines = told("tests/scenarios/flapping.yaml");
    let words: Vec<_> = lines.iter().filter_map(|line| line.split(", ").next()).collect();
    assert_eq!(
        words,
        [
            "s/only opened",
            "s/only recovered",
            "s/only opened",
            "s/only recovered",
            "s/only opened",
            "s/only recovered",
            "s/only opened (flapping)",
            "s/only recovered",
            "s/only opened",
        ]
    );
}

const SCHEDULED: &str = "scorecard: s
perspectives:
  daily:
    alert: { to: [ada] }
    objectives:
      o:
        kpis:
          revenue: { nature: flow, target: 100, schedule: \"0 6 * * *\", source: { http: { from: api, get: \"x?d={period_key}\", value: $.v } } }
  weekly:
    alert: { to: [ada] }
    objectives:
      o2:
        kpis:
          orders: { nature: flow, target: 100, schedule: \"0 6 * * 1\", source: { http: { from: api, get: \"x?d={period_key}\", value: $.v } } }
  late:
    alert: { to: [ada] }
    objectives:
      o3:
        kpis:
          booked: { nature: flow, target: 100, lag: 3d, schedule: \"0 6 * * *\", source: { http: { from: api, get: \"x?d={period_key}\", value: $.v } } }
";

const AT_THE_END_OF_MAY: &str = "config: kpid.yaml
steps:
  - at: 2026-05-01T06:00:00
    actuals:
      s/revenue: { period: 2026-04, value: 102 }
      s/orders: { period: 2026-04, value: 102 }
      s/booked: { period: 2026-04, value: 102 }
  - at: 2026-05-04T06:00:00
  # The last collections while May runs: a part of it.
  - at: 2026-05-31T06:00:00
    actuals:
      s/revenue: { period: 2026-05, value: 88 }
      s/orders: { period: 2026-05, value: 88 }
      s/booked: { period: 2026-05, value: 88 }
  - at: 2026-06-01T00:00:00
    expect:
      s/revenue: { period: 2026-04, state: awaiting, status: on_track }
      s/daily: { event: none }
      s/weekly: { event: none }
      s/late: { event: none }
  # The first collection after the end failed: it is over, whatever came, and what is held counts.
  - at: 2026-06-01T06:00:00
    failed: { s/revenue: connection refused }
    actuals:
      s/orders: { period: 2026-05, value: 101 }
    expect:
      s/revenue: { period: 2026-05, value: 88, status: off_track }
      s/daily: { event: opened }
      s/orders: { period: 2026-05, value: 101, status: on_track, as_reported: null }
      s/weekly: { event: none }
      s/booked: { period: 2026-04, state: awaiting }
      s/late: { event: none }
";

#[test]
fn a_month_of_a_scheduled_kpi_is_judged_once_its_first_collection_after_the_end_is_over() {
    let kpid = Kpid::new(
        "store: kpid.db
calendar: { timezone: Europe/London }
connections: { api: { http: { base_url: \"http://127.0.0.1:1/\" } } }
channels: { mail: { email: { from: kpid@harbour.example, folder: mails } } }
people: { ada: { name: Ada, email: ada@harbour.example } }
operators: [ada]
",
        SCHEDULED,
    );
    let path = kpid.folder().join("scenario.yaml");
    fs::write(&path, AT_THE_END_OF_MAY).unwrap();
    let output = simulate(&[path.to_str().unwrap()]);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
}
