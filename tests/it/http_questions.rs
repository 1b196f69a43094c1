//! Questions to HTTP APIs as authors write them, asked by the real binary of a real server: what is
//! sent along, who we are, what a busy API is given, and pages.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::kpid::Kpid;

#[derive(Debug, Default)]
struct Desk {
    asked: HashMap<String, usize>,
    tokens: usize,
}

type Shared = Arc<Mutex<Desk>>;

async fn start() -> (SocketAddr, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let desk = Shared::default();
    let app = Router::new().fallback(answer).with_state(Arc::clone(&desk));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, desk)
}

async fn answer(State(desk): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let count = {
        let mut desk = desk.lock().unwrap();
        let count = desk.asked.entry(path.clone()).or_default();
        *count += 1;
        *count
    };
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
    let sent: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let value = |value: f64| axum::Json(json!({ "value": value })).into_response();
    match path.as_str() {
        "/json" if sent == json!({ "month": "2026-05", "depth": [1, "2026-05-01"] }) => value(1.0),
        "/form" if body.as_ref() == b"from=2026-05-01&kind=a+b" => value(2.0),
        "/headers" if header("x-tenant") == "calder" && header("x-month") == "2026-05" => {
            value(3.0)
        }
        "/graphql" if sent["variables"]["month"] == "2026-05" => {
            axum::Json(json!({ "data": { "value": 4 } })).into_response()
        }
        "/graphql-broken" => {
            axum::Json(json!({ "data": null, "errors": [{ "message": "no such field" }] }))
                .into_response()
        }
        "/key" if header("x-api-key") == "k3y" => value(5.0),
        "/token" => {
            let mut desk = desk.lock().unwrap();
            desk.tokens += 1;
            let token = format!("t{}", desk.tokens);
            axum::Json(json!({ "access_token": token, "expires_in": 3600 })).into_response()
        }
        // The first token is revoked after its first use.
        "/oauth" if header("authorization") == "Bearer t2" || count == 1 => value(6.0),
        "/oauth" => StatusCode::UNAUTHORIZED.into_response(),
        "/busy" if count == 1 => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response()
        }
        "/busy" => value(7.0),
        "/impatient" => {
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3600")]).into_response()
        }
        "/pages" => {
            let page = if uri.query().unwrap_or_default().contains("page=2") { 2 } else { 1 };
            let rows = json!([{ "m": format!("2026-0{}", 3 + page), "v": 10 * page }]);
            let link = "</pages?page=2>; rel=\"next\"";
            let document = axum::Json(json!({ "rows": rows }));
            if page == 1 {
                ([("link", link)], document).into_response()
            } else {
                document.into_response()
            }
        }
        _ => (StatusCode::BAD_REQUEST, body).into_response(),
    }
}

fn kpid(address: SocketAddr) -> Kpid {
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  api: {{ http: {{ base_url: \"http://{address}/\", timeout: 5s, headers: {{ X-Tenant: calder }} }} }}
  keyed: {{ http: {{ base_url: \"http://{address}/\", auth: {{ api_key: {{ header: X-Api-Key, key: k3y }} }} }} }}
  client: {{ http: {{ base_url: \"http://{address}/\", auth: {{ oauth2: {{ token_url: \"http://{address}/token\", client_id: kpid, client_secret: s3cret }} }} }} }}
"
    );
    let kpi = |id: &str, source: &str| {
        format!(
            "          {id}: {{ nature: flow, unit: x, schedule: {{ every: 1d }}, target: 1, source: {{ http: {{ {source} }} }} }}\n"
        )
    };
    let kpis: String = [
        kpi("json", "from: api, post: json, json: { month: \"{period_key}\", depth: [1, \"{period_first_day}\"] }, value: $.value"),
        kpi("form", "from: api, post: form, form: { from: \"{period_first_day}\", kind: a b }, value: $.value"),
        kpi("headers", "from: api, get: headers, headers: { X-Month: \"{period_key}\" }, value: $.value"),
        kpi("graphql", "from: api, post: graphql, graphql: \"query($month: String) { value }\", json: { month: \"{period_key}\" }, value: $.data.value"),
        kpi("graphql-broken", "from: api, post: graphql-broken, graphql: \"{ value }\", value: $.data.value"),
        kpi("key", "from: keyed, get: key, value: $.value"),
        kpi("oauth", "from: client, get: oauth, value: $.value"),
        kpi("oauth-too", "from: client, get: \"oauth?too\", value: $.value"),
        kpi("busy", "from: api, get: busy, value: $.value"),
        kpi("impatient", "from: api, get: impatient, value: $.value"),
        kpi("pages", "from: api, get: pages, reading: series, rows: \"$.rows[*]\", period: $.m, value: $.v, pages: link_header"),
    ]
    .concat();
    Kpid::new(
        &config,
        &format!(
            "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}"
        ),
    )
}

#[tokio::test]
async fn questions_arrive_as_they_are_written() {
    let (address, desk) = start().await;
    let kpid = kpid(address);
    let ran = kpid.run(&["pull", "--period", "2026-05", "--dry-run"]).await;
    for (id, came) in [
        ("json", "1 x for 2026-05"),
        ("form", "2 x for 2026-05"),
        ("headers", "3 x for 2026-05"),
        ("graphql", "4 x for 2026-05"),
        ("graphql-broken", "errors of GraphQL: [{\"message\":\"no such field\"}]"),
        ("key", "5 x for 2026-05"),
        ("oauth", "6 x for 2026-05"),
        ("oauth-too", "6 x for 2026-05"),
        ("busy", "7 x for 2026-05"),
        ("impatient", "503 Service Unavailable"),
    ] {
        let line = ran.stdout.lines().find(|line| line.starts_with(&format!("acme/{id}: ")));
        assert!(line.is_some_and(|line| line.contains(came)), "{id}: {line:?}\n{}", ran.stdout);
    }
    let pages = "acme/pages: 10 x for 2026-04; 20 x for 2026-05";
    assert!(ran.stdout.contains(pages), "{}", ran.stdout);
    assert!(ran.stdout.contains("POST http://"), "{}", ran.stdout);
    for secret in ["k3y", "s3cret", "Bearer"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret}");
    }
    let desk = desk.lock().unwrap();
    assert_eq!(desk.tokens, 2, "one for all, and one more after a refusal");
    assert_eq!(desk.asked["/busy"], 2);
    assert_eq!(desk.asked["/impatient"], 1, "nobody waits for an hour");
}

#[tokio::test]
async fn what_does_not_fit_together_is_told_with_its_place() {
    let (address, _desk) = start().await;
    let kpid = kpid(address);
    let path = kpid.folder().join("scorecards/acme.yaml");
    let good = std::fs::read_to_string(&path).unwrap();
    for (from, to, words) in [
        ("post: json,", "get: json,", "sends nothing along"),
        ("get: key,", "get: key, post: key,", "either `get` or `post`"),
        ("get: key,", "get: key, pages: link_header,", "only a `reading: series` has pages"),
        (
            "{ month: \"{period_key}\", depth",
            "{ month: \"{period}\", depth",
            "`period` stands for nothing",
        ),
        ("X-Month:", "\"X Month\":", "no name of a header"),
    ] {
        std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let ran = kpid.run(&["check"]).await;
        assert_eq!(ran.code, Some(1), "{to}");
        assert!(ran.stdout.contains(words), "{words}:\n{}", ran.stdout);
    }
}
