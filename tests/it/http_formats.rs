//! What HTTP APIs answer in other formats than JSON, and questions to Prometheus, as authors write
//! them, asked by the real binary; and many KPIs fed by one request.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::world::kpid::Kpid;

/// What was asked, in order.
type Asked = Arc<Mutex<Vec<String>>>;

async fn start() -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let app = Router::new().fallback(answer).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, asked)
}

async fn answer(
    State(asked): State<Asked>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    asked.lock().unwrap().push(uri.to_string());
    let sent = |media: &'static str, body: &[u8]| {
        ([("content-type", media)], body.to_vec()).into_response()
    };
    match uri.path() {
        "/sheet" => sent(
            "text/csv; charset=iso-8859-1",
            b"Regi\xf3n;Mes;Ventas\nNorte;2026-04;1.200,5\nNorte;2026-05;7\nSur;2026-05;9\n",
        ),
        "/klingon" => sent("text/csv; charset=klingon", b"value\n1\n"),
        "/login" => sent("text/html", b"<html>Log in</html>"),
        "/metrics" => sent(
            "text/plain; version=0.0.4",
            b"# TYPE orders_total counter\norders_total{shop=\"north\"} 41\norders_total{shop=\"south\"} 9\nbad NaN\n",
        ),
        "/api/v1/query" => {
            let sample = |value: &str| json!({ "metric": {}, "value": [1, value] });
            let result = match query["query"].as_str() {
                "sum(up)" => json!([sample("2.5")]),
                "increase(orders_total{a=\"b\"}[2678400s])" => json!([sample("50")]),
                "absent" => json!([]),
                "nan" => json!([sample("NaN")]),
                "many" => json!([sample("1"), sample("2")]),
                _ => {
                    let error = json!({ "status": "error", "error": "parse error at char 3" });
                    return (StatusCode::BAD_REQUEST, axum::Json(error)).into_response();
                }
            };
            let data = json!({ "resultType": "vector", "result": result });
            axum::Json(json!({ "status": "success", "data": data })).into_response()
        }
        "/month" => {
            let figures: HashMap<String, usize> = (0..10).map(|at| (format!("k{at}"), at)).collect();
            axum::Json(figures).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn kpid(address: SocketAddr, sources: &[(String, String)]) -> Kpid {
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  desk:
    http:
      base_url: \"http://{address}/\"
      requests:
        month: {{ get: \"month?of={{period_key}}\" }}
        sheet: {{ get: sheet, format: csv, delimiter: \";\", decimal: \",\", thousands: \".\" }}
  books: {{ csv: {{ folder: . }} }}
"
    );
    let kpis: String = sources
        .iter()
        .map(|(id, source)| {
            let from = if source.starts_with("from:") { "" } else { "from: desk, " };
            format!(
                "          {id}: {{ nature: level, unit: x, schedule: {{ every: 1d }}, target: 1, source: {{ http: {{ {from}{source} }} }} }}\n"
            )
        })
        .collect();
    Kpid::new(
        &config,
        &format!(
            "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}"
        ),
    )
}

fn named(sources: &[(&str, &str)]) -> Vec<(String, String)> {
    sources.iter().map(|(id, source)| ((*id).to_owned(), (*source).to_owned())).collect()
}

#[tokio::test]
async fn csv_prometheus_and_promql_give_figures_or_say_why_not() {
    let (address, asked) = start().await;
    let north = "rows: { \"Región\": Norte }, period: Mes, value: Ventas";
    let sources = named(&[
        ("sheet", &format!("named: sheet, {north}")),
        ("series", &format!("named: sheet, reading: series, {north}")),
        ("klingon", "get: klingon, format: csv"),
        ("login", "get: login, format: csv"),
        ("metric", "get: metrics, format: prometheus, value: 'orders_total{shop=\"north\"}'"),
        ("several", "get: metrics, format: prometheus, value: orders_total"),
        ("none", "get: metrics, format: prometheus, value: absent"),
        ("bad", "get: metrics, format: prometheus, value: bad"),
        ("promql", "promql: sum(up)"),
        ("span", "promql: 'increase(orders_total{a=\"b\"}[$period])'"),
        ("empty", "promql: absent"),
        ("nan", "promql: nan"),
        ("many", "promql: many"),
        ("wrong", "promql: sum(("),
    ]);
    let kpid = kpid(address, &sources);
    let ran = kpid.run(&["pull", "--period", "2026-05", "--dry-run"]).await;
    for (id, came) in [
        ("sheet", "7 x for 2026-05"),
        ("series", "7 x for 2026-05"),
        ("klingon", "came in the charset `klingon`, which nobody knows; name its `encoding`"),
        ("login", "came with text/html, a web page and not CSV: \"<html>Log in</html>\""),
        ("metric", "41 x for 2026-05"),
        ("several", "has 2 samples of `orders_total` where one is expected: orders_total{shop="),
        ("none", "has no metric `absent`"),
        ("bad", "is NaN, which is not a finite number"),
        ("promql", "2.5 x for 2026-05"),
        ("span", "50 x for 2026-05"),
        ("empty", "came without a sample"),
        ("nan", "is NaN, which is not a finite number"),
        ("many", "has 2 samples where one is expected"),
        (
            "wrong",
            "answered 400 Bad Request: \"{\"status\":\"error\",\"error\":\"parse error at char 3\"",
        ),
    ] {
        let line = ran.stdout.lines().find(|line| line.starts_with(&format!("acme/{id}: ")));
        assert!(line.is_some_and(|line| line.contains(came)), "{id}: {line:?}\n{}", ran.stdout);
    }
    let asked = asked.lock().unwrap();
    let count = |path: &str| asked.iter().filter(|uri| uri.starts_with(path)).count();
    assert_eq!((count("/sheet"), count("/metrics")), (1, 1), "{asked:?}");
    let at = "/api/v1/query?query=sum%28up%29&time=2026-05-31T22%3A00%3A00Z";
    assert!(asked.iter().any(|uri| uri == at), "{asked:?}");
}

#[tokio::test]
async fn one_request_feeds_ten_kpis_of_a_round() {
    let (address, asked) = start().await;
    let own = "get: \"month?of={period_key}\"";
    let source = |at: usize| {
        let request = if at.is_multiple_of(2) { "named: month" } else { own };
        (format!("k{at}"), format!("{request}, value: $.k{at}"))
    };
    let mut sources: Vec<_> = (0..10).map(source).collect();
    sources.push(("word".to_owned(), "named: month, value: \"$.*\"".to_owned()));
    let kpid = kpid(address, &sources);
    for round in 1..=2 {
        let ran = kpid.run(&["pull", "--period", "2026-05"]).await;
        for at in 0..10 {
            let line = format!("acme/k{at}: {at} x for 2026-05");
            assert!(ran.stdout.contains(&line), "{line}: {}", ran.stdout);
        }
        let misfit = "has 10 matches of `$.*` where one is expected";
        assert!(ran.stdout.contains(misfit), "of one, and not of the others: {}", ran.stdout);
        assert_eq!(*asked.lock().unwrap(), vec!["/month?of=2026-05"; round], "each round anew");
    }
}

#[tokio::test]
async fn what_does_not_fit_together_is_told_with_its_place() {
    let (address, _asked) = start().await;
    for (source, words) in [
        ("named: mont, value: $.a", "the connection `desk` has no request `mont`"),
        ("named: mont, value: $.a", "did you mean `month`?"),
        ("from: books, named: month, value: $.a", "`books` has no request `month`"),
        ("named: month, get: a, value: $.a", "either its own request or `named`"),
        ("named: month, format: csv, value: a", "are in `requests:` of the connection"),
        ("get: a, delimiter: \";\", value: $.a", "add `format: csv`"),
        ("get: a, format: csv, encoding: klingon", "`klingon` is not a known encoding"),
        ("get: a, format: csv, rows: $.a", "`rows` must be a map such as { Region: North }"),
        ("get: a, rows: { a: b }, value: $.a", "for JSON, `rows` must be a JSONPath"),
        ("get: a, observed_at: at, value: $.a", "names a column of CSV"),
        ("get: a, format: prometheus, value: sum(up)", "`sum(up)` names no sample"),
        ("get: a, format: prometheus, reading: series, value: up", "a single figure, not a series"),
        ("promql: up, value: $.a", "`promql` gives the figure"),
        ("promql: up, get: a", "exactly one of `get`, `post`, `promql`"),
        ("promql: up, format: csv", "`promql` defines the whole request"),
        ("get: a, format: csv, reading: series, pages: link_header", "`pages` requires JSON"),
    ] {
        let kpid = kpid(address, &named(&[("k", source)]));
        let ran = kpid.run(&["check"]).await;
        assert_eq!(ran.code, Some(1), "{source}: {}", ran.stdout);
        assert!(ran.stdout.contains(words), "{source}: {}", ran.stdout);
    }
}
