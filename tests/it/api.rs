//! The API as programs use it: nodes, series, badges, and the document that describes them.

use chrono::{Datelike, Months, NaiveDate, Utc};
use reqwest::header;
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

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem_with_the_way_out() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company(&origin).await).await;
    for (path, status, part) in [
        ("/api/v1/nodes/none", 404, "no such page"),
        ("/api/v1/nodes/acme/none/series", 404, "no such page"),
        ("/api/v1/nodes/acme/series?from=May", 422, "`from`: `May` is not a period"),
        ("/api/v1/nodes/acme/series?from=2026-05&to=2026-04", 422, "after `to` ends"),
        ("/api/v1/nodes/acme/otd/series?from=0001-01", 422, "more than 1200 periods"),
        ("/api/v1/nodes/acme?at=yesterday", 400, "2026-05"),
        ("/api/v1/nothing", 404, "no such page"),
    ] {
        let refused = ask(at, path, &[]).await;
        assert_eq!(refused.status(), status, "{path}");
        assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
        let problem: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().contains(part), "{path}: {problem}");
    }
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
    for path in &paths {
        let asked = path.replace("{path}", "acme/otd");
        assert_eq!(ask(at, &asked, &[]).await.status(), 200, "{path}");
    }
    // Each route that the program has, but for the fallbacks of pages.
    let routes = include_str!("../../src/web/api/mod.rs");
    for route in routes.split(".route(\"").skip(1).map(|part| part.split('"').next().unwrap()) {
        let named = route.replace("{*path}", "{path}");
        assert!(paths.contains(&&named), "{named} is not in {paths:?}");
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
