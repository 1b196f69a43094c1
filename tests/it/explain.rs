//! `kpid explain`, the real binary: the numbers of a standing can be checked by hand.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const SCORECARD: &str = "scorecard: calder
perspectives:
  customer:
    alert: { to: [ines] }
    objectives:
      promise:
        critical: true
        kpis:
          otd: { nature: ratio, unit: '%', weight: 60, target: 95, tolerance: 3 }
          lead-time: { nature: ratio, direction: lower, weight: 40, target: 6, tolerance: 1.5 }
      riders:
        kpis:
          fcr: { nature: ratio, unit: '%', target: 75, tolerance: 5 }
  learning:
    alert: { to: [ines] }
    objectives:
      ready:
        kpis:
          training: { nature: event, target: { milestone: { due: 2099-12-31 } } }
          audit: { nature: event, target: { milestone: { due: 2099-12-31 } } }
          survey: { nature: flow, target: 10 }
";

const ACTUALS: &str = "kpi,period,value,numerator,denominator
calder/otd,2026-04,95.6,,
calder/otd,2026-05,,2703,3000
calder/lead-time,2026-04,6.5,,
calder/lead-time,2026-05,7.2,,
calder/fcr,2026-04,75.5,,
calder/fcr,2026-05,76.4,,
calder/training,2026-03,0,,
calder/training,2026-04,0,,
calder/training,2026-05,0,,
calder/audit,2026-03,1,,
";

fn kpid(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kpid"));
    command.current_dir(folder).args(["-c", "kpid.yaml"]).args(arguments).output().unwrap()
}

fn loaded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    write(
        "kpid.yaml",
        "calendar: { timezone: Europe/Amsterdam }\n\
         people: { ines: { name: Ines, email: ines@calder.example } }\n\
         channels: { mail: { email: { folder: out, from: kpid@calder.example } } }\n",
    );
    write("scorecards/calder.yaml", SCORECARD);
    write("actuals.csv", ACTUALS);
    let output = kpid(folder.path(), &["import", "actuals.csv"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

#[test]
fn the_parts_of_a_perspective_add_up() {
    let folder = loaded();
    let output =
        kpid(folder.path(), &["explain", "calder/customer", "2026-05", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let sum = |key: &str| -> f64 {
        told["kpis"].as_array().unwrap().iter().filter_map(|part| part[key].as_f64()).sum()
    };
    let (score, before) =
        (told["score"].as_f64().unwrap(), told["before"]["score"].as_f64().unwrap());
    assert!((sum("weight") - 1.0).abs() < 1e-9);
    assert!((sum("contribution") - score).abs() < 1e-9);
    assert!((sum("change") + told["residual"].as_f64().unwrap() - (score - before)).abs() < 1e-9);
    assert!((sum("share_pct") - 100.0).abs() < 1e-9);
    assert_eq!(told["scope"], "calder/customer");
}

#[test]
fn a_kpi_without_data_is_left_out_in_plain_words() {
    let folder = loaded();
    let output = kpid(folder.path(), &["explain", "calder/customer", "2020-05"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("  left out\n") && !told.contains(" , left out"), "{told}");
}

#[test]
fn a_kpi_shows_its_formula_with_its_numbers() {
    let folder = loaded();
    let output = kpid(folder.path(), &["explain", "calder/otd", "2026-05"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for words in ["2703 / 3000", "40 + 30 × (90.1 - 92) / (95 - 92) = 21.0", "May 2026: off track"]
    {
        assert!(said.contains(words), "{said}");
    }
}

fn json_of(folder: &Path, scope: &str, period: &str) -> serde_json::Value {
    let output = kpid(folder, &["explain", scope, period, "--format", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_milestone_is_nothing_before_its_day_and_done_for_good() {
    let folder = loaded();
    for (kpi, period, status, score) in [
        ("training", "2026-05", "pending", None),
        ("audit", "2026-02", "pending", None),
        ("audit", "2026-03", "on_track", Some(100.0)),
        ("audit", "2026-05", "on_track", Some(100.0)),
        ("training", "2099-12", "pending", None),
    ] {
        let told = json_of(folder.path(), &format!("calder/{kpi}"), period);
        assert_eq!((told["status"].as_str(), told["score"].as_f64()), (Some(status), score));
    }
    let told = json_of(folder.path(), "calder/learning", "2026-05");
    let statuses: Vec<_> =
        told["kpis"].as_array().unwrap().iter().map(|kpi| &kpi["status"]).collect();
    assert_eq!(statuses, ["pending", "on_track", "no_data"]);
    assert_eq!(told["before"]["score"], 100.0);
}

#[test]
fn what_is_not_due_is_not_overdue() {
    let folder = loaded();
    for (kpi, period, status, gap) in [
        ("otd", "2099-11", "pending", "not_due"),
        ("otd", "2026-03", "no_data", "overdue"),
        ("survey", "2099-11", "pending", "not_due"),
        ("survey", "2026-03", "no_data", "never_collected"),
    ] {
        let told = json_of(folder.path(), &format!("calder/{kpi}"), period);
        assert_eq!((told["status"].as_str(), told["gap"].as_str()), (Some(status), Some(gap)));
    }
    let told = json_of(folder.path(), "calder/customer", "2099-11");
    assert_eq!(
        (told["status"].as_str(), &told["score"]),
        (Some("pending"), &serde_json::Value::Null)
    );
}

#[test]
fn what_is_not_there_is_not_explained() {
    let folder = loaded();
    for (arguments, words) in [
        (["calder/custmer", "2026-05"], "`calder/custmer` is not configured"),
        (["calder/otd", "2026-W05"], "is not a period of `calder/otd`"),
        (["calder/otd", "soon"], "soon"),
    ] {
        let output = kpid(folder.path(), &[&["explain"][..], &arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
    }
}
