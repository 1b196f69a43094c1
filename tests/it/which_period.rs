//! A figure is kept for the period it is of, or its KPI is refused.

use serde_json::json;

use crate::{
    pulling::{FLOW, kpid, refused},
    world::scripted::{Said, Scripted},
};

const CONNECTIONS: [(&str, &str); 4] = [
    ("api", "{ http: { base_url: \"http://127.0.0.1:9/\" } }"),
    ("files", "{ csv: { folder: . } }"),
    ("cmd", "{ command: { folder: . } }"),
    ("db", "{ sqlite: { path: shop.db } }"),
];

fn connections() -> Vec<(&'static str, String)> {
    CONNECTIONS.iter().map(|(id, yaml)| (*id, (*yaml).to_owned())).collect()
}

#[tokio::test]
async fn a_flow_whose_source_is_not_told_the_period_is_refused_with_the_way_out() {
    let words =
        "is not told which period it is asked about; whatever it gives would be kept for the";
    let day = "nature: flow, period: day";
    refused(
        &connections(),
        &[
            ("http", day, "http: { from: api, get: today, value: $.n }", words),
            (
                "metric",
                FLOW,
                "http: { from: api, get: metrics, format: prometheus, value: orders }",
                words,
            ),
            ("csv", FLOW, "csv: { from: files, file: last.csv }", words),
            ("command", FLOW, "command: { from: cmd, run: [./orders] }", words),
            ("sql", FLOW, "sql: { from: db, query: select sum(n) as value from sales }", words),
            (
                "hint",
                FLOW,
                "sql: { from: db, query: select 1 }",
                "`reading: to_date` for the period so far",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_says_which_period_it_is_of_is_good_and_a_ratio_without_is_warned_of() {
    let today = "http: { from: api, get: today, value: $.n";
    let kpis = [
        ("named", FLOW, "http: { from: api, get: \"n?m={period_key}\", value: $.n }".to_owned()),
        ("promql", FLOW, "http: { from: api, promql: \"sum(increase(a[$period]))\" }".to_owned()),
        ("to-date", FLOW, format!("{today}, reading: to_date }}")),
        ("delta", FLOW, format!("{today}, reading: delta }}")),
        ("counter", FLOW, format!("{today}, reading: counter }}")),
        ("level", "nature: level", format!("{today} }}")),
        ("column", FLOW, "csv: { from: files, file: all.csv, period: Month }".to_owned()),
        (
            "download",
            FLOW,
            "http: { from: api, get: all.csv, format: csv, period: Month }".to_owned(),
        ),
        ("series", FLOW, "csv: { from: files, file: all.csv, reading: series }".to_owned()),
    ];
    let ratio = ("ratio", "nature: ratio", "sql: { from: db, query: \"select 1 as value\" }");
    let kpis: Vec<_> =
        kpis.iter().map(|(id, nature, source)| (*id, *nature, source.as_str())).collect();
    let ran = kpid(&connections(), &[kpis.as_slice(), &[ratio]].concat()).run(&["check"]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().filter(|line| line.contains("which period")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("warning: the source of `ratio` is not told which period"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_level_with_rows_of_the_future_is_judged_at_its_time() {
    let server = Scripted::start(|_| {
        let row = |m: &str, n: u32| json!({ "m": m, "n": n });
        Said::json(json!([
            row("2000-01", 5),
            row("2001-01", 7),
            row("2999-01", 90),
            row("2999-02", 99)
        ]))
    })
    .await;
    let source = "http: { from: api, reading: series, get: \"stock?from={period_first_day}\", rows: \"$[*]\", period: $.m, value: $.n }";
    let level = "nature: level, max_age: 36500d";
    let kpid = kpid(&[("api", server.yaml())], &[("stock", level, source)]);
    let standing = async |at: &str| {
        let is_held = async || kpid.show().await["scorecards"][0]["status"] != "no_data";
        kpid.run_at(at, "the stock to be judged", is_held).await;
        let shown = kpid.show().await;
        let kpi = &shown["scorecards"][0]["perspectives"][0]["objectives"][0]["kpis"][0];
        (kpi["period"].clone(), kpi["value"].clone())
    };
    assert_eq!(standing("2026-05-20T06:00:00Z").await, (json!("2001-01"), json!(7.0)));
}
