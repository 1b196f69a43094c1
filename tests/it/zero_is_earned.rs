//! `empty: zero` makes nothing 0 where the source says that there is nothing, and nowhere else.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::{
    pulling::{EMPTY_IS_ZERO, FLOW, check, kpid, pull, refused},
    world::scripted::{Said, Scripted, Sent},
};

fn answer(sent: &Sent) -> Said {
    match sent.path.as_str() {
        "/rpc" => {
            Said::json(json!({ "jsonrpc": "2.0", "error": { "message": "Session expired" } }))
        }
        "/zero-with-error" => Said::json(json!({ "error": "not_authed", "count": 0 })),
        "/not-ok" => {
            Said::json(json!({ "success": false, "message": "quota exceeded", "rows": [] }))
        }
        "/later" => Said::json(json!({ "rows": [] })).and_status(202),
        "/nothing" => Said::status(204),
        "/empty" => Said::json(json!({ "result": { "rows": [], "count": 0 } })),
        "/null" => Said::json(json!({ "result": null })),
        "/rows" => Said::json(json!({ "rows": [{ "m": "2026-04", "plant": "North", "n": 3 }] })),
        "/metrics" => Said::bytes(
            "# TYPE reworks_total counter\n# TYPE idle counter\nreworks_total{plant=\"North\"} 160\n",
        ),
        "/api/v1/query" => Said::json(
            json!({ "status": "success", "data": { "resultType": "vector", "result": [] } }),
        ),
        _ => Said::status(404),
    }
}

#[tokio::test]
async fn an_api_that_does_not_say_nothing_is_an_error_and_never_zero() {
    let server = Scripted::start(answer).await;
    let series = |path: &str, rows: &str| {
        format!(
            "http: {{ from: api, reading: series, get: \"{path}?from={{period_first_day}}\", rows: \"{rows}\", period: $.m, value: $.n }}"
        )
    };
    let one = |path: &str, value: &str| {
        format!("http: {{ from: api, get: \"{path}?m={{period_key}}\", value: \"{value}\" }}")
    };
    let metric = |value: &str| {
        format!(
            "http: {{ from: api, get: \"metrics?m={{period_key}}\", format: prometheus, value: '{value}' }}"
        )
    };
    let cases = [
        ("error", one("rpc", "$.result.count"), "Session expired"),
        ("error-of-a-series", series("rpc", "$.result.months[*]"), "Session expired"),
        ("error-with-zero", one("zero-with-error", "$.count"), "not_authed"),
        ("no-success", series("not-ok", "$.rows[*]"), "quota exceeded"),
        (
            "later",
            series("later", "$.rows[*]"),
            "answered 202 Accepted, so the figures are not ready",
        ),
        ("no-content", one("nothing", "$.count"), "empty body"),
        (
            "wrong-path",
            one("empty", "$.reslt.count"),
            "has nothing at `$.reslt.count`: `$` has only result",
        ),
        (
            "wrong-rows",
            series("rows", "$.items[*]"),
            "has nothing at `$.items[*]`: `$` has only rows",
        ),
        (
            "null-rows",
            series("null", "$.result[*]"),
            "null at `$.result[*]` where rows are expected",
        ),
        (
            "wrong-filter",
            series("rows", "$.rows[?@.plant == 'Nord']"),
            "none of the 1 entries at `$.rows`",
        ),
        ("metric", metric("reworks_totl"), "has no metric `reworks_totl`"),
        (
            "label",
            metric("reworks_total{plant=\"Nord\"}"),
            "has reworks_total{plant=\"North\"}; check the labels",
        ),
        ("promql", "http: { from: api, promql: \"sum(reworks_totl)\" }".into(), "`… or vector(0)`"),
        ("empty-list", one("empty", "$.result.rows[0].n"), "0 x for 2026-05"),
        ("empty-series", series("empty", "$.result.rows[*]"), "0 x for 2026-05"),
        ("zero", one("empty", "$.result.count"), "0 x for 2026-05"),
        ("idle", metric("idle"), "0 x for 2026-05"),
        ("other-months", series("rows", "$.rows[*]"), "0 x for 2026-05"),
    ];
    for nature in [EMPTY_IS_ZERO, FLOW] {
        let kpis = cases.iter().map(|(id, source, _)| (*id, nature, source.as_str()));
        let ran = pull(&kpid(&[("api", server.yaml())], &kpis.collect::<Vec<_>>())).await;
        let is_asked = |came: &str| nature == EMPTY_IS_ZERO || !came.starts_with("0 x");
        let cases = cases.iter().filter(|(.., came)| is_asked(came));
        check(&ran, &cases.map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
    }
    let later = server.sent_to("/later");
    assert_eq!(later.len(), 2 * 3, "asked again in case it is ready");
    assert!(later.iter().all(|sent| (sent.method.as_str(), sent.body.as_str()) == ("GET", "")));
    assert!(later.iter().all(|sent| sent.query == "from=2026-05-01"));
}

#[tokio::test]
async fn a_misspelt_text_of_a_file_and_a_silent_command_are_errors_and_never_zero() {
    let file = |rows: &str| {
        format!(
            "csv: {{ from: files, reading: series, file: r.csv, period: Month, value: Value, rows: {{ {rows} }} }}"
        )
    };
    let run = |script: &str| {
        format!("command: {{ from: cmd, run: [./run, \"{script}\", \"{{period_key}}\"] }}")
    };
    let cases = [
        (
            "filter",
            file("Plant: Nord"),
            "no line with `Nord` in the column `Plant`, which holds North",
        ),
        (
            "one-of-two",
            file("Plant: North, Kind: Scrapp"),
            "`Scrapp` in the column `Kind`, which holds Scrap, Rework",
        ),
        ("other-month", file("Plant: North, Kind: Scrap"), "0 x for 2026-05"),
        ("silent", run("missing-client 2>/dev/null | tail -1"), "printed nothing"),
        ("blank", run("echo"), "printed nothing"),
        ("no-rows", run("echo []"), "0 x for 2026-05"),
        ("said", run("echo 0"), "0 x for 2026-05"),
    ];
    let kpis = cases.iter().map(|(id, source, _)| (*id, EMPTY_IS_ZERO, source.as_str()));
    let connections = [
        ("files", "{ csv: { folder: . } }".to_owned()),
        ("cmd", "{ command: { folder: . } }".to_owned()),
    ];
    let kpid = kpid(&connections, &kpis.collect::<Vec<_>>());
    let text = "Plant,Kind,Month,Value\nNorth,Scrap,2026-04,160\nNorth,Rework,2026-05,2\n";
    fs::write(kpid.folder().join("r.csv"), text).unwrap();
    let script = kpid.folder().join("run");
    fs::write(&script, "#!/bin/sh\neval \"$1\"\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = pull(&kpid).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_period_named_where_it_means_nothing_is_refused() {
    let connections = [
        ("api", "{ http: { base_url: \"http://127.0.0.1:9/\" } }".to_owned()),
        ("files", "{ csv: { folder: . } }".to_owned()),
        ("db", "{ sqlite: { path: shop.db } }".to_owned()),
    ];
    refused(
        &connections,
        &[
            (
                "path",
                FLOW,
                "http: { from: api, get: months, value: \"$['{period_key}']\" }",
                "`{period_key}` is not replaced in `value`, `numerator` and `denominator`",
            ),
            (
                "promql",
                FLOW,
                "http: { from: api, promql: 'a{m=\"{period_key}\"}' }",
                "is not replaced in PromQL",
            ),
            (
                "graphql",
                FLOW,
                "http: { from: api, post: q, graphql: '{ n(m: \"{period_key}\") }', value: $.n }",
                "use it in the variables, in `json`",
            ),
            (
                "rows",
                FLOW,
                "csv: { from: files, file: r.csv, rows: { Month: \"{period_key}\" } }",
                "name the column of the period in `period`",
            ),
            (
                "column",
                FLOW,
                "csv: { from: files, file: r.csv, value: \"{period_key}\" }",
                "is not replaced in `value`, `numerator` and `denominator`",
            ),
            (
                "quoted",
                FLOW,
                "sql: { from: db, query: \"select n from t where m = ':period_key'\" }",
                "`:period_key` is a text here",
            ),
            (
                "braces",
                FLOW,
                "sql: { from: db, query: \"select n from t where m = '{period_key}'\" }",
                "`{period_key}` is a text here",
            ),
            (
                "colon",
                FLOW,
                "http: { from: api, get: \"n?m=:period_key\", value: $.n }",
                "write {period_key} for the period",
            ),
            (
                "doubled",
                FLOW,
                "http: { from: api, get: \"n?m={{period_key}}\", value: $.n }",
                "`{{period_key}}` would be sent as it stands",
            ),
        ],
    )
    .await;
}
