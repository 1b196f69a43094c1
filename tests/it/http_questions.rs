//! Questions to HTTP APIs as authors write them, asked by the real binary of a real server: what is
//! sent along and by which method, who we are, what a busy API is given, and pages.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::stream;
use kpid_config::{load::load, secret::Secrets};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::kpid::{Kpid, Ran};

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

async fn answer(
    State(desk): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
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
        "/orders/_search" if sent["month"] == "2026-05" => match method.as_str() {
            "SEARCH" => value(8.0),
            "GET" => value(9.0),
            _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        },
        "/put" if method == "PUT" && body.as_ref() == b"month=2026-05" => value(10.0),
        "/sql" if header("content-type") == "application/sql" => {
            let said = std::str::from_utf8(&body).unwrap();
            value(if said == "select '{a}' from m where m = '2026-05'" { 11.0 } else { 0.0 })
        }
        "/text" if header("content-type") == "text/plain; charset=utf-8" => value(12.0),
        "/breaks-off" | "/breaks-off-for-ever" if count == 1 => broken_off(),
        "/breaks-off" => value(13.0),
        "/gateway" if count == 1 => StatusCode::BAD_GATEWAY.into_response(),
        "/gateway" => value(14.0),
        "/login" if header("authorization") == basic("kp@id", "p@ss") => value(15.0),
        "/echo" => (StatusCode::BAD_REQUEST, header("authorization").to_owned()).into_response(),
        "/busy-until" if count == 1 => put_off_until("Wed, 03 Jun 2026 04:00:01 GMT"),
        "/busy-until" => value(16.0),
        "/impatient-until" => put_off_until("Wed, 03 Jun 2026 05:00:00 GMT"),
        _ => (StatusCode::BAD_REQUEST, body).into_response(),
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// Half a document, and the connection closes.
fn broken_off() -> Response {
    let broken = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let said = [Ok(Bytes::from_static(b"{\"value\":")), broken];
    Body::from_stream(stream::iter(said)).into_response()
}

/// By a clock of its own, where it is six in the morning in Amsterdam.
fn put_off_until(until: &'static str) -> Response {
    let date = ("date", "Wed, 03 Jun 2026 04:00:00 GMT");
    (StatusCode::SERVICE_UNAVAILABLE, [date, ("retry-after", until)]).into_response()
}

fn kpid(address: SocketAddr) -> Kpid {
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  api: {{ http: {{ base_url: \"http://{address}/\", timeout: 5s, headers: {{ X-Tenant: calder }}, requests: {{ found: {{ path: orders/_search, method: SEARCH, json: {{ month: \"{{period_key}}\" }} }} }} }} }}
  login: {{ http: {{ base_url: \"http://kp%40id:p%40ss@{address}/\" }} }}
  keyed: {{ http: {{ base_url: \"http://{address}/\", auth: {{ api_key: {{ header: X-Api-Key, key: k3y }} }} }} }}
  client: {{ http: {{ base_url: \"http://{address}/\", auth: {{ oauth2: {{ token_url: \"http://{address}/token\", client_id: kpid, client_secret: s3cret }} }} }} }}
"
    );
    let kpi = |id: &str, source: &str| {
        format!(
            "          {id}: {{ nature: level, unit: x, schedule: {{ every: 1d }}, target: 1, source: {{ http: {{ {source} }} }} }}\n"
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
        kpi("found", "from: api, named: found, value: $.value"),
        kpi("found-by-get", "from: api, path: orders/_search, method: get, json: { month: \"{period_key}\" }, value: $.value"),
        kpi("not-allowed", "from: api, path: orders/_search, method: PATCH, json: { month: \"{period_key}\" }, value: $.value"),
        kpi("put", "from: api, path: put, method: PUT, form: { month: \"{period_key}\" }, value: $.value"),
        kpi("sql", "from: api, post: sql, body: \"select '{{a}}' from m where m = '{period_key}'\", content_type: application/sql, value: $.value"),
        kpi("text", "from: api, path: text, method: REPORT, body: all, value: $.value"),
        kpi("breaks-off", "from: api, get: breaks-off, value: $.value"),
        kpi("breaks-off-for-ever", "from: api, post: breaks-off-for-ever, value: $.value"),
        kpi("gateway", "from: api, post: gateway, value: $.value"),
        kpi("login", "from: login, get: login, value: $.value"),
        kpi("echo", "from: login, get: echo, value: $.value"),
        kpi("busy-until", "from: api, get: busy-until, value: $.value"),
        kpi("impatient-until", "from: api, get: impatient-until, value: $.value"),
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
        ("found", "8 x for 2026-05"),
        ("found-by-get", "9 x for 2026-05"),
        ("not-allowed", "405 Method Not Allowed; check by which method it is asked"),
        ("put", "10 x for 2026-05"),
        ("sql", "11 x for 2026-05"),
        ("text", "12 x for 2026-05"),
        ("breaks-off", "13 x for 2026-05"),
        ("breaks-off-for-ever", "connection closed before message completed"),
        ("gateway", "502 Bad Gateway"),
        ("login", "15 x for 2026-05"),
        ("echo", "400 Bad Request: \"Basic REDACTED\""),
        ("busy-until", "16 x for 2026-05"),
        ("impatient-until", "503 Service Unavailable"),
    ] {
        let line = ran.stdout.lines().find(|line| line.starts_with(&format!("acme/{id}: ")));
        assert!(line.is_some_and(|line| line.contains(came)), "{id}: {line:?}\n{}", ran.stdout);
    }
    let pages = "acme/pages: 10 x for 2026-04; 20 x for 2026-05";
    assert!(ran.stdout.contains(pages), "{}", ran.stdout);
    for method in ["POST", "SEARCH", "GET", "PUT", "REPORT"] {
        assert!(ran.stdout.contains(&format!("{method} http://127")), "{method}: {}", ran.stdout);
    }
    for secret in ["k3y", "s3cret", "Bearer", "p@ss", "p%40ss"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret}");
    }
    let desk = desk.lock().unwrap();
    assert_eq!(desk.tokens, 2, "one for all, and one more after a refusal");
    assert_eq!(desk.asked["/busy"], 2);
    assert_eq!(desk.asked["/impatient"], 1, "nobody waits for an hour");
    assert_eq!((desk.asked["/busy-until"], desk.asked["/impatient-until"]), (2, 1));
    assert_eq!(desk.asked["/breaks-off"], 2);
    let posted = (desk.asked["/breaks-off-for-ever"], desk.asked["/gateway"]);
    assert_eq!(posted, (1, 1), "what may have been carried out is not posted again");
}

/// What `kpid check` says with one text of a file in the place of another.
async fn checked_with(kpid: &Kpid, file: &str, from: &str, to: &str) -> Ran {
    let path = kpid.folder().join(file);
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
    let ran = kpid.run(&["check"]).await;
    std::fs::write(&path, good).unwrap();
    ran
}

#[tokio::test]
async fn what_does_not_fit_together_is_told_with_its_place() {
    let (address, _desk) = start().await;
    let kpid = kpid(address);
    for (from, to, words) in [
        ("post: json,", "get: json,", "`get` sends no body"),
        ("get: key,", "get: key, post: key,", "exactly one of `get`, `post`"),
        ("get: key,", "get: key, pages: link_header,", "`pages` requires `reading: series`"),
        (
            "{ month: \"{period_key}\", depth",
            "{ month: \"{period}\", depth",
            "`period` stands for nothing",
        ),
        ("X-Month:", "\"X Month\":", "not a valid header name"),
        ("method: PATCH, ", "", "`path` requires `method`"),
        ("method: PATCH", "method: HEAD", "the answer to HEAD has no body, so it has no figure"),
        ("method: PATCH", "method: trace", "does not ask for data"),
        ("method: PATCH", "method: \"A B\"", "`A B` is not a valid HTTP method"),
        ("get: key,", "get: key, method: PUT,", "`method` requires `path`"),
        ("get: key,", "get: key, path: key, method: GET,", "and `path` with `method`"),
        ("get: key,", "get: key, body: all,", "or `path` with `method: GET`"),
        (
            "body: all,",
            "body: all, form: { a: b },",
            "only one of `json`, `form`, `graphql` and `body`",
        ),
        ("body: all,", "body: \"{a\",", "a brace without its partner"),
        ("body: all,", "content_type: text/csv,", "`content_type` requires `body`"),
        ("named: found,", "named: found, body: all,", "are in `requests:` of the connection"),
        ("named: found,", "named: found, path: a,", "its own request or `named`, not both"),
    ] {
        let ran = checked_with(&kpid, "scorecards/acme.yaml", from, to).await;
        assert_eq!(ran.code, Some(1), "{to}");
        assert!(ran.stdout.contains(words), "{words}:\n{}", ran.stdout);
    }
}

#[tokio::test]
async fn who_we_are_may_stand_in_an_address_and_is_never_shown() {
    let (address, _desk) = start().await;
    let kpid = kpid(address);
    let path = kpid.folder().join("kpid.yaml");
    let (setup, problems) = load(&path, Secrets::Needed).unwrap();
    assert!(!format!("{setup:?}").contains("p%40ss") && !format!("{setup:?}").contains("p@ss"));
    assert!(problems.are_harmless(), "{problems}");
    let ran = kpid.run(&["check"]).await;
    assert!(ran.stdout.contains("the secret is written here"), "{}", ran.stdout);
    assert!(ran.stdout.contains("hint: write `auth: { basic: {"), "{}", ran.stdout);
    assert!(ran.stdout.contains("http://**************@127"), "{}", ran.stdout);
    for (from, to, words) in [
        ("\"http://kp", "\"htp://kp", "`htp://**************@127"),
        ("login: { http: { ", "login: { http: { auth: { bearer: t }, ", "the login is in `auth`"),
        (
            "login: { http: { ",
            "login: { http: { proxy: \"http://u:p%40ss@127.0.0.1:9\", ",
            "`proxy: { url",
        ),
        (
            "token_url: \"http://",
            "token_url: \"http://u:p%40ss@",
            "in `client_id` and `client_secret`",
        ),
    ] {
        let ran = checked_with(&kpid, "kpid.yaml", from, to).await;
        assert!(ran.stdout.contains(words), "{words}:\n{}", ran.stdout);
        assert!(!ran.stdout.contains("p%40ss") && !ran.stderr.contains("p%40ss"), "{}", ran.stdout);
    }
}
