//! What was judged then stays known: KPIs that are deleted from the configuration keep their verdicts.

use chrono::Utc;

use crate::world::kpid::{ADA_BY_MAIL, Kpid};

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

#[tokio::test]
async fn a_deleted_kpi_keeps_its_verdict_of_then() {
    let kpid = Kpid::new(ADA_BY_MAIL, &scorecard(&["old", "otd"]));
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
    kpid.import(&rows).await;
    let then = Utc::now().to_rfc3339();
    let told = kpid.says(&["show", "--as-of", &then]).await;
    assert!(!told.contains("today's configuration"), "{told}");
    assert!(told.contains("62.5"), "{told}");

    kpid.rewrite_scorecard(&scorecard(&["otd"]));
    let told = kpid.says(&["show", "--as-of", &then]).await;
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
        serde_json::from_str(&kpid.says(&["show", "--as-of", &then, "--format", "json"]).await)
            .unwrap();
    let old =
        told["then"].as_array().unwrap().iter().find(|node| node["scope"] == "h/old").unwrap();
    assert_eq!(
        (&old["then"]["status"], &old["now"]),
        (&"at_risk".into(), &serde_json::Value::Null)
    );
    assert_eq!(told["scorecards"][0]["id"], "h");

    let told = kpid.says(&["explain", "h/customer", &last]).await;
    assert!(told.contains("judged by today's configuration, without h/old"), "{told}");
    let told = kpid.says(&["show"]).await;
    assert!(!told.contains("today's configuration"), "without --as-of nothing is of then: {told}");
}

#[tokio::test]
async fn a_running_total_names_what_it_lacks_and_what_to_do() {
    let config = ADA_BY_MAIL.replace("timezone: UTC", "timezone: UTC, fiscal_year_start: april");
    let kpi = |more: &str| {
        scorecard(&["ytd"])
            .replace("tolerance: 10,", &format!("tolerance: 10%, cumulative: fiscal_year, {more}"))
    };
    let kpid = Kpid::new(&config, &kpi(""));
    kpid.import("kpi,period,value\nh/ytd,2025-06,90\nh/ytd,2025-07,95\n").await;
    let told = kpid.says(&["explain", "h/ytd", "2025-07"]).await;
    let note = "note    no figure for April and May 2025 of the running total; import the figures, or write \
                `from: 2025-06` if it began then, or `not_applicable: [2025-04, 2025-05]`";
    assert!(told.contains(note), "{told}");
    for life in ["from: 2025-06,", "not_applicable: [2025-04, 2025-05],"] {
        kpid.rewrite_scorecard(&kpi(life));
        let told = kpid.says(&["explain", "h/ytd", "2025-07"]).await;
        assert!(told.contains("at risk 47.5") && told.contains("185 pcs"), "{life} {told}");
    }
}

/// The data problems that are told now, in words.
async fn data_problems(kpid: &Kpid) -> Vec<String> {
    let list = kpid.says(&["outbox", "list", "--all", "--format", "json"]).await;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let of_data = |held: &&serde_json::Value| held["event"] == "data_trouble";
    let keys = list.as_array().unwrap().iter().filter(of_data);
    keys.map(|held| held["dedup_key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_lacks_a_running_total_is_told_once_and_what_is_retired_or_weightless_never() {
    // The fiscal year began two months ago, and only the last month is in.
    let first = Utc::now().date_naive().format("%Y-%m-01").to_string().parse::<chrono::NaiveDate>();
    let last = first.unwrap() - chrono::Days::new(1);
    let before = last.format("%Y-%m-01").to_string().parse::<chrono::NaiveDate>().unwrap();
    let before = before - chrono::Days::new(1);
    let began = before.format("%B").to_string().to_lowercase();
    let config =
        ADA_BY_MAIL.replace("timezone: UTC", &format!("timezone: UTC, fiscal_year_start: {began}"));
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
    let kpid = Kpid::new(&config, &(scorecard(&[]) + &kpis.concat()));
    let rows = format!(
        "kpi,period,value\nh/ytd,{last},90\nh/late,{before},90\nh/retired,{before},90\nh/shown,{before},90\nh/ended,{before},90\n"
    );
    kpid.import(&rows).await;
    let told = data_problems(&kpid).await;
    assert_eq!(told.len(), 1, "both in one notice: {told:?}");
    kpid.import(&format!("kpi,period,value\nh/ytd,{last},95\n")).await;
    assert_eq!(data_problems(&kpid).await, told, "once");
    let told = kpid.says(&["show"]).await;
    let counted = told.lines().next().unwrap();
    assert!(counted.contains("2 no data") && !counted.contains("pending"), "{told}");
    assert!(told.contains("of the running total"), "{told}");
}
