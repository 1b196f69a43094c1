//! The dashboard for Grafana asks for what the API has: its addresses are asked, and each column it names is there.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::{
    board::{company_where, shown, token},
    web,
    world::origin::{Answer, Origin},
};

fn deployed(name: &str) -> String {
    let path = format!("{}/deploy/grafana/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What the plug-in Infinity is to ask, wherever it stands in the dashboard.
fn queries<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) if map.contains_key("url_options") => found.push(value),
        Value::Object(map) => map.values().for_each(|value| queries(value, found)),
        Value::Array(list) => list.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

/// The rows of an answer, as the parser of the plug-in finds them.
fn rows(answer: &Value, root: &str) -> Vec<Value> {
    let rows = if root.is_empty() { answer } else { &answer[root] };
    rows.as_array().unwrap_or_else(|| panic!("no rows: {answer}")).clone()
}

#[tokio::test]
async fn the_dashboard_names_addresses_and_columns_that_are_there() {
    let origin = Origin::start().await;
    // There is something to show in each table.
    origin.set("calls", Answer::Status(500));
    let (read, line) = token(&["grafana"]).await;
    let web = format!(", tokens: {{ {line} }}");
    let (_kpid, mut daemon, at) = shown(company_where(&origin, &web).await).await;
    let dashboard: Value = serde_json::from_str(&deployed("dashboards/kpid.json")).unwrap();
    let failing = "/api/v1/runs?outcome=failed";
    let look = async || web::get(at, failing, Some(&read)).await.text().await.unwrap();
    daemon.until("failed", look, |seen| seen.contains("acme/calls")).await;
    let mut found = Vec::new();
    queries(&dashboard, &mut found);
    assert!(found.len() >= 6, "{}", found.len());
    let today = Utc::now().date_naive();
    for query in found {
        let url = query["url"].as_str().unwrap();
        let asked = url
            .replace("${kpi}", "acme/otd")
            .replace("${__from:date:YYYY-MM-DD}", "2024-01-15")
            .replace("${__to:date:YYYY-MM-DD}", &today.to_string());
        assert!(!asked.contains('$'), "{asked}");
        assert_eq!(query["parser"], "backend", "{url}");
        let answer = web::get(at, &asked, Some(&read)).await;
        assert_eq!(answer.status(), 200, "{url}");
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let rows = rows(&answer, query["root_selector"].as_str().unwrap());
        assert!(!rows.is_empty(), "{url}");
        for column in query["columns"].as_array().unwrap() {
            let selector = column["selector"].as_str().unwrap();
            let place = format!("/{}", selector.replace('.', "/"));
            let cells: Vec<&Value> =
                rows.iter().map(|row| row.pointer(&place).unwrap_or(&Value::Null)).collect();
            let is_named = rows.iter().any(|row| row.pointer(&place).is_some());
            assert!(is_named, "{url} has no `{selector}`: {}", rows[0]);
            let is_kind = |cell: &&Value| match column["type"].as_str().unwrap() {
                "number" => cell.is_number(),
                "boolean" => cell.is_boolean(),
                "timestamp" => cell.as_str().is_some_and(|text| {
                    DateTime::parse_from_rfc3339(text).is_ok()
                        || text.parse::<NaiveDate>().is_ok()
                            && column["timestampFormat"] == "2006-01-02"
                }),
                _ => cell.is_string(),
            };
            let there = cells.iter().filter(|cell| !cell.is_null());
            assert!(there.clone().all(is_kind), "{url}: `{selector}`: {cells:?}");
        }
    }
    daemon.stop().await;
}

#[test]
fn what_is_provisioned_belongs_together() {
    let read = |name: &str| -> Value {
        serde_yaml::from_str(&deployed(&format!("provisioning/{name}/kpid.yaml"))).unwrap()
    };
    let source = &read("datasources")["datasources"][0];
    let dashboard: Value = serde_json::from_str(&deployed("dashboards/kpid.json")).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for key in ["uid", "type"] {
            assert_eq!(panel["datasource"][key], source[key], "{panel}");
        }
    }
    // The token is in no file, and goes to kpid alone.
    assert_eq!(source["secureJsonData"]["bearerToken"], "$KPID_TOKEN");
    assert_eq!(source["jsonData"]["allowedHosts"][0], source["url"]);
    assert_eq!(read("dashboards")["providers"][0]["type"], "file");
}
