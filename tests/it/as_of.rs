//! What was judged then stays known: KPIs that are deleted from the configuration keep their verdicts.

use std::{fs, path::Path, process::Command};

use chrono::Utc;

fn kpid(folder: &Path, arguments: &[&str]) -> String {
    let mut kpid = Command::new(env!("CARGO_BIN_EXE_kpid"));
    let ran = kpid.args(["-c", "kpid.yaml"]).args(arguments).current_dir(folder).output().unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

const CONFIG: &str = "
store: kpid.db
calendar: { timezone: UTC }
channels: { mail: { email: { from: kpid@harbour.example, folder: outbox } } }
people: { ada: { name: Ada, email: ada@harbour.example } }
operators: [ada]
";

fn scorecard(kpis: &[&str]) -> String {
    let kpis: String = kpis
        .iter()
        .map(|id| format!("          {id}: {{ nature: flow, unit: pcs, target: 100, tolerance: 10, owner: ada }}\n"))
        .collect();
    format!(
        "scorecard: h\nowner: ada\nperspectives:\n  customer:\n    owner: ada\n    objectives:\n      \
         promise:\n        kpis:\n{kpis}"
    )
}

#[test]
fn a_deleted_kpi_keeps_its_verdict_of_then() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("scorecards")).unwrap();
    fs::write(folder.join("kpid.yaml"), CONFIG).unwrap();
    fs::write(folder.join("scorecards/h.yaml"), scorecard(&["old", "otd"])).unwrap();
    let today = Utc::now();
    let month = (today.date_naive() - chrono::Days::new(35)).format("%Y-%m").to_string();
    let last = (today.date_naive().format("%Y-%m-01").to_string()).parse::<chrono::NaiveDate>();
    let last = (last.unwrap() - chrono::Days::new(1)).format("%Y-%m").to_string();
    let rows = format!("kpi,period,value\nh/old,{last},95\nh/otd,{last},100\nh/otd,{month},100\n");
    let rows = if month == last {
        format!("kpi,period,value\nh/old,{last},95\nh/otd,{last},100\n")
    } else {
        rows
    };
    fs::write(folder.join("rows.csv"), rows).unwrap();
    kpid(folder, &["import", "rows.csv"]);
    let then = Utc::now().to_rfc3339();
    let told = kpid(folder, &["show", "--as-of", &then]);
    assert!(!told.contains("today's configuration"), "{told}");
    assert!(told.contains("62.5"), "{told}");

    fs::write(folder.join("scorecards/h.yaml"), scorecard(&["otd"])).unwrap();
    let told = kpid(folder, &["show", "--as-of", &then]);
    assert!(
        told.contains("The tree above is by today's configuration. Another one (sha256:"),
        "{told}"
    );
    assert!(
        told.contains("h/customer: at risk 62.5 (today's configuration says on track 70.0)"),
        "{told}"
    );
    assert!(told.contains("h/old: at risk 55.0 (not in today's configuration)"), "{told}");
    let told: serde_json::Value =
        serde_json::from_str(&kpid(folder, &["show", "--as-of", &then, "--format", "json"]))
            .unwrap();
    let old =
        told["then"].as_array().unwrap().iter().find(|node| node["scope"] == "h/old").unwrap();
    assert_eq!(
        (&old["then"]["status"], &old["now"]),
        (&"at_risk".into(), &serde_json::Value::Null)
    );
    assert_eq!(told["scorecards"][0]["id"], "h");

    let told = kpid(folder, &["explain", "h/customer", &last]);
    assert!(told.contains("judged by today's configuration, without h/old"), "{told}");
    let told = kpid(folder, &["show"]);
    assert!(!told.contains("today's configuration"), "without --as-of nothing is of then: {told}");
}

#[test]
fn a_running_total_names_what_it_lacks_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("scorecards")).unwrap();
    let config = CONFIG.replace("timezone: UTC", "timezone: UTC, fiscal_year_start: april");
    fs::write(folder.join("kpid.yaml"), config).unwrap();
    let kpi = |more: &str| {
        scorecard(&["ytd"])
            .replace("tolerance: 10,", &format!("tolerance: 10%, cumulative: fiscal_year, {more}"))
    };
    fs::write(folder.join("scorecards/h.yaml"), kpi("")).unwrap();
    fs::write(folder.join("rows.csv"), "kpi,period,value\nh/ytd,2025-06,90\nh/ytd,2025-07,95\n")
        .unwrap();
    kpid(folder, &["import", "rows.csv"]);
    let told = kpid(folder, &["explain", "h/ytd", "2025-07"]);
    let note = "note    no figure for April and May 2025 of the running total; import the figures, or write \
                `from: 2025-06` if it began then, or `not_applicable: [2025-04, 2025-05]`";
    assert!(told.contains(note), "{told}");
    for life in ["from: 2025-06,", "not_applicable: [2025-04, 2025-05],"] {
        fs::write(folder.join("scorecards/h.yaml"), kpi(life)).unwrap();
        let told = kpid(folder, &["explain", "h/ytd", "2025-07"]);
        assert!(told.contains("at risk 47.5") && told.contains("185 pcs"), "{life} {told}");
    }
}

/// The data problems that are told now, in words.
fn data_problems(folder: &Path) -> Vec<String> {
    let list = kpid(folder, &["outbox", "list", "--all", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let of_data = |held: &&serde_json::Value| held["event"] == "data_trouble";
    let keys = list.as_array().unwrap().iter().filter(of_data);
    keys.map(|held| held["dedup_key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_lacks_a_running_total_is_told_once_and_what_is_retired_or_weightless_never() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("scorecards")).unwrap();
    // The fiscal year began two months ago, and only the last month is in.
    let first = Utc::now().date_naive().format("%Y-%m-01").to_string().parse::<chrono::NaiveDate>();
    let last = first.unwrap() - chrono::Days::new(1);
    let before = last.format("%Y-%m-01").to_string().parse::<chrono::NaiveDate>().unwrap();
    let before = before - chrono::Days::new(1);
    let began = before.format("%B").to_string().to_lowercase();
    let config =
        CONFIG.replace("timezone: UTC", &format!("timezone: UTC, fiscal_year_start: {began}"));
    fs::write(folder.join("kpid.yaml"), config).unwrap();
    let (before, last) = (before.format("%Y-%m"), last.format("%Y-%m"));
    let kpi = |id: &str, more: &str| {
        format!("          {id}: {{ nature: flow, unit: pcs, target: 100, lag: 0d, {more} }}\n")
    };
    let kpis = [
        kpi("ytd", "cumulative: fiscal_year"),
        kpi("late", "weight: 1"),
        kpi("retired", &format!("until: {before}")),
        kpi("to-come", "from: 2099-01"),
        kpi("shown", "weight: 0"),
        kpi("ended", &format!("weights: {{ {before}: 5, {last}: 0 }}")),
    ];
    fs::write(folder.join("scorecards/h.yaml"), scorecard(&[]) + &kpis.concat()).unwrap();
    let rows = format!(
        "kpi,period,value\nh/ytd,{last},90\nh/late,{before},90\nh/retired,{before},90\nh/shown,{before},90\nh/ended,{before},90\n"
    );
    fs::write(folder.join("rows.csv"), rows).unwrap();
    kpid(folder, &["import", "rows.csv"]);
    let told = data_problems(folder);
    assert_eq!(told.len(), 1, "both in one notice: {told:?}");
    fs::write(folder.join("rows.csv"), format!("kpi,period,value\nh/ytd,{last},95\n")).unwrap();
    kpid(folder, &["import", "rows.csv"]);
    assert_eq!(data_problems(folder), told, "once");
    let told = kpid(folder, &["show"]);
    let counted = told.lines().next().unwrap();
    assert!(counted.contains("2 no data") && !counted.contains("pending"), "{told}");
    assert!(told.contains("of the running total"), "{told}");
}
