//! The API as programs use it: nodes, series, badges, and the document that describes them.

use chrono::{Datelike, Months, NaiveDate, Utc};
use reqwest::{Client, header};
use serde_json::Value;

use crate::{
    board::{ask, company, month, shown},
    web,
    world::origin::Origin,
};

#[tokio::test]
async fn nodes_and_their_past_are_flat_and_unrounded() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (kpid, daemon, at) = shown(company(&origin).await).await;
    let json = async |path: &str| -> Value {
        serde_json::from_str(&web::text(at, path).await)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let shown = kpid.show().await;
    let cards = json("/api/v1/scorecards").await;
    assert_eq!(cards[0]["path"], "acme");
    assert_eq!(cards[0]["score"], shown["scorecards"][0]["score"]);
    assert!(cards[0].get("perspectives").is_none(), "{cards}");
    for (path, kind, status) in [
        ("acme", "scorecard", &shown["scorecards"][0]["status"]),
        ("acme/customer", "perspective", &"off_track".into()),
        ("acme/customer/promise", "objective", &"off_track".into()),
        ("acme/otd", "kpi", &"off_track".into()),
    ] {
        let node = json(&format!("/api/v1/nodes/{path}")).await;
        assert_eq!((&node["kind"], &node["status"]), (&kind.into(), status), "{node}");
        assert_eq!(node["path"], path);
        let series = json(&format!("/api/v1/nodes/{path}/series")).await;
        let newest = series.as_array().unwrap().last().unwrap();
        assert_eq!(newest["period"], month(1), "{path}: {series}");
        assert_eq!(newest["status"], node["status"], "{path}: {series}");
    }
    let (from, to) = (month(3), month(2));
    let series = json(&format!("/api/v1/nodes/acme/otd/series?from={from}&to={to}")).await;
    let rows = series.as_array().unwrap();
    assert_eq!(rows.len(), 2, "{series}");
    let first: NaiveDate = Utc::now().date_naive().with_day(1).unwrap() - Months::new(3);
    assert_eq!(rows[0]["first_day"], first.to_string());
    assert_eq!((&rows[0]["value"], &rows[0]["target"]), (&97.0.into(), &95.0.into()), "{series}");
    assert_eq!((&rows[1]["status"], &rows[1]["restated"]), (&"on_track".into(), &false.into()));
    let then = json(&format!("/api/v1/nodes/acme/otd?at={}", month(2))).await;
    assert_eq!((&then["period"], &then["value"]), (&month(2).into(), &96.0.into()), "{then}");

    let table = format!("/api/v1/nodes/acme/otd/series.csv?from={from}&to={to}");
    let table = ask(at, &table, &[]).await;
    assert!(table.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/csv"));
    let table = table.text().await.unwrap();
    assert!(table.starts_with("period,first_day,last_day,status,score,"), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
    let wanted = [(header::ACCEPT, "text/csv")];
    let same = ask(at, "/api/v1/nodes/acme/otd/series", &wanted).await.text().await.unwrap();
    assert_eq!(same.lines().count(), 25, "{same}");

    let badge = ask(at, "/badge/acme/customer.svg?lang=en", &[]).await;
    assert_eq!(badge.headers()[header::CONTENT_TYPE], "image/svg+xml");
    assert!(badge.text().await.unwrap().contains("off track"));
    let tag = ask(at, "/api/v1/nodes/acme/otd/series", &[]).await;
    let tag = tag.headers()[header::ETAG].to_str().unwrap().to_owned();
    let again = ask(at, "/api/v1/nodes/acme/otd/series", &[(header::IF_NONE_MATCH, &tag)]).await;
    assert_eq!(again.status(), 304);

    let metrics = web::text(at, "/metrics").await;
    for line in [
        "kpid_kpi_value{scope=\"acme/otd\"} 80\n",
        "kpid_kpi_target{scope=\"acme/otd\"} 95\n",
        "kpid_kpi_status{scope=\"acme/otd\",status=\"off_track\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert_eq!(metrics.matches("# EOF").count(), 1);
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    daemon.stop().await;
}

/// What a program is told, after a look at its form.
async fn problem(refused: reqwest::Response, path: &str, status: u16) -> Value {
    assert_eq!(refused.status(), status, "{path}");
    assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
    let problem: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!((&problem["status"], &problem["type"]), (&status.into(), &"about:blank".into()));
    problem
}

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem_with_the_way_out() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company(&origin).await).await;
    let hostile = "%3Cscript%3E%E2%80%AE%00";
    let hostile_node = &format!("/api/v1/nodes/{hostile}");
    let hostile_alert = &format!("/api/v1/alerts/{hostile}");
    let long_cursor = &format!("/api/v1/alerts?cursor={}", "A".repeat(3_000));
    for (path, status, part) in [
        ("/api/v1/nodes/none", 404, "no such page"),
        ("/api/v1/nodes/acme/none/series", 404, "no such page"),
        ("/api/v1/nodes/acme%2Fnone/series", 404, "no such page"),
        ("/api/v1/nodes/%FF", 404, "no such page"),
        ("/api/v1/nodes/", 404, "no such page"),
        ("/api/v1/nodes/acme/series?from=May", 422, "`from`: `May` is not a period"),
        ("/api/v1/nodes/acme/series?from=2026-05&to=2026-04", 422, "after `to` ends"),
        ("/api/v1/nodes/acme/otd/series?from=0001-01", 422, "more than 1200 periods"),
        ("/api/v1/nodes/acme?at=yesterday", 400, "2026-05"),
        ("/api/v1/nothing", 404, "no such page"),
        ("/api/", 404, "no such page"),
        ("/api/v1/alerts?limit=0", 422, "`limit` is 1 to 1000"),
        ("/api/v1/alerts?limit=-1", 422, "`limit` is 1 to 1000"),
        ("/api/v1/deliveries?limit=1000000000", 422, "`limit` is 1 to 1000"),
        ("/api/v1/runs?limit=1e3", 422, "`limit` is 1 to 1000"),
        ("/api/v1/runs?cursor=forged", 422, "`next` of an earlier page"),
        (long_cursor, 422, "`next` of an earlier page"),
        ("/api/v1/alerts?from=2026-05-02&to=2026-05-01", 422, "`from` is not before `to`"),
        ("/api/v1/deliveries?from=soon", 422, "`from`: `soon` is not a period"),
        ("/api/v1/alerts?state=loud", 422, "`state` is one of open, acknowledged"),
        ("/api/v1/alerts?scorecard=none", 404, "`/api/v1/scorecards` lists them"),
        ("/api/v1/alerts/acme/customer/7", 404, "`/api/v1/alerts` lists them"),
        ("/api/v1/explain/acme/none", 404, "no such page"),
        ("/api/v1/explain/acme/otd?period=FY2026-Q1", 422, "not a period of `acme/otd`"),
        (hostile_node, 404, "no such page"),
        (hostile_alert, 404, "`/api/v1/alerts` lists them"),
    ] {
        let problem = problem(ask(at, path, &[]).await, path, status).await;
        assert!(problem["detail"].as_str().unwrap().contains(part), "{path}: {problem}");
    }
    // Somebody else's name leads here, and what others ask in other ways.
    let elsewhere = [(header::HOST, "evil.example")];
    let refused = ask(at, "/api/v1/scorecards", &elsewhere).await;
    problem(refused, "elsewhere", 421).await;
    for (method, path, media, body, status, part) in [
        ("DELETE", "/api/v1/scorecards", "", "", 405, "this is asked by GET, HEAD"),
        ("GET", "/api/v1/alerts/acme/customer/1/silence", "", "", 405, "this is asked by POST"),
        ("POST", "/api/v1/alerts/acme%2Fcustomer%2F1", "", "", 405, "this is asked by GET"),
        ("PUT", "/api/v1/readings", "", "", 405, "by POST"),
        ("POST", "/api/v1/readings", "text/csv", "kpi", 401, "token"),
        ("POST", "/api/v1/alerts/acme/customer/1/note", "text/plain", "{}", 415, "Content-Type"),
        ("POST", "/api/v1/alerts/acme/customer/1/note", "application/json", "{", 400, "EOF"),
        ("POST", "/api/v1/alerts/acme/customer/1/note", "application/json", "{}", 422, "`text`"),
        (
            "POST",
            "/api/v1/alerts/acme/customer/1/note",
            "application/json",
            r#"{"text":"x","loud":1}"#,
            422,
            "`loud`",
        ),
        (
            "POST",
            "/api/v1/alerts/acme/customer/1/note",
            "application/json",
            &"x".repeat(70_000),
            413,
            "too large",
        ),
        // Nobody says who is on this machine.
        (
            "POST",
            "/api/v1/alerts/acme/customer/1/note",
            "application/json",
            r#"{"text":"x"}"#,
            403,
            "may",
        ),
    ] {
        let request = Client::new().request(method.parse().unwrap(), format!("http://{at}{path}"));
        let request = request.header(header::CONTENT_TYPE, media).body(body.to_owned());
        let asked = format!("{method} {path} {media}");
        let problem = problem(request.send().await.unwrap(), &asked, status).await;
        assert!(problem["detail"].as_str().unwrap().contains(part), "{asked}: {problem}");
    }
    let head = Client::new().head(format!("http://{at}/api/v1/scorecards")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    daemon.stop().await;
}

#[tokio::test]
async fn the_document_names_every_path_and_its_types() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company(&origin).await).await;
    let document: Value =
        serde_json::from_str(&web::text(at, "/api/v1/openapi.json").await).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let asked = path.replace("{path}", "acme%2Fotd").replace("{alert}", "acme/customer/1");
        let asked = asked.replace("{scorecard}", "acme");
        let status = ask(at, &asked, &[]).await.status();
        let is_read = methods.get("get").is_some();
        assert_eq!(status, if is_read { 200 } else { 405 }, "{path}");
    }
    // Each route that the program has is served from the table that this document is made of, but for these.
    let sources = format!("{}/src/web/**/*.rs", env!("CARGO_MANIFEST_DIR"));
    for source in glob::glob(&sources).unwrap() {
        let source = std::fs::read_to_string(source.unwrap()).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        let routes = source.split(".route(\"").skip(1).map(|part| part.split('"').next().unwrap());
        for route in routes.filter(|route| route.starts_with("/api")) {
            let is_whole = route == "/api/{*rest}";
            assert!(is_whole || paths.contains(&&route.to_owned()), "{route} is not in {paths:?}");
        }
        let named = source.split("path: \"/").skip(1).map(|part| part.split('"').next().unwrap());
        for named in named.map(|path| format!("/{path}")) {
            assert!(paths.contains(&&named), "{named} is not in {paths:?}");
        }
    }
    let row =
        &document["paths"]["/api/v1/nodes/{path}/series"]["get"]["responses"]["200"]["content"];
    let row = row["application/json"]["schema"]["items"]["$ref"].as_str().unwrap();
    let row = document.pointer(row.trim_start_matches('#')).unwrap();
    let series: Value =
        serde_json::from_str(&web::text(at, "/api/v1/nodes/acme/otd/series").await).unwrap();
    let named: Vec<&String> = row["properties"].as_object().unwrap().keys().collect();
    let found: Vec<&String> = series[0].as_object().unwrap().keys().collect();
    let both = |mut names: Vec<&String>| {
        names.sort();
        names.into_iter().cloned().collect::<Vec<_>>()
    };
    assert_eq!(both(named), both(found));
    daemon.stop().await;
}
