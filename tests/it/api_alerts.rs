//! Alerts over the API: listed a page at a time, looked at, acknowledged, silenced and written about by programs;
//! and what was sent, collected and judged.

use std::{net::SocketAddr, process::Command};

use chrono::{Days, Utc};
use reqwest::{Client, Response, header};
use serde_json::{Value, json};

use crate::{
    board::{ask, company, company_where, shown, token},
    web,
    world::origin::{Answer, Origin},
};

const BEHIND_A_PROXY: &str = ", trusted_header: X-User, public_url: \"https://kpi.acme.example\"";

async fn get(at: SocketAddr, path: &str) -> Value {
    serde_json::from_str(&web::text(at, path).await)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap_or_else(|| panic!("{page}"))
}

#[tokio::test]
async fn a_list_comes_in_pages_that_lead_to_each_other() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company(&origin).await).await;
    for list in ["nodes", "runs", "data-problems", "deliveries", "configurations", "alerts"] {
        let whole = get(at, &format!("/api/v1/{list}")).await;
        assert_eq!(whole["next"], Value::Null, "{list}");
        let mut found = Vec::new();
        let mut next = Some(format!("/api/v1/{list}?limit=1"));
        while let Some(path) = next {
            let answer = ask(at, &path, &[]).await;
            let link = answer.headers().get(header::LINK).map(|it| it.to_str().unwrap().to_owned());
            let page: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            assert!(items(&page).len() <= 1, "{path}: {page}");
            found.extend(items(&page).clone());
            assert_eq!(link.is_some(), page["next"].is_string(), "{path}");
            next = link.map(|link| {
                let to =
                    link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
                to.unwrap().to_owned()
            });
        }
        // A source is asked each second: what an item says of it may be newer.
        let names = |rows: &[Value]| -> Vec<String> {
            let named = |row: &Value| {
                let keys = ["id", "path", "kind", "config"];
                keys.map(|key| row[key].as_str().unwrap_or_default()).join(" ")
            };
            rows.iter().map(named).collect()
        };
        assert_eq!(names(&found), names(items(&whole)), "{list}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn what_is_listed_is_what_the_commands_say_and_can_be_narrowed() {
    let origin = Origin::start().await;
    origin.set("calls", Answer::Status(500));
    let (kpid, mut daemon, at) = shown(company(&origin).await).await;
    let alerts = get(at, "/api/v1/alerts").await;
    let [alert] = items(&alerts).as_slice() else { panic!("{alerts}") };
    assert_eq!(alert["id"], "acme/customer/1");
    for (key, value) in [
        ("path", json!("acme/customer")),
        ("state", json!("open")),
        ("status", json!("off_track")),
        ("owner", json!("ines")),
        ("silenced", json!(false)),
    ] {
        assert_eq!(alert[key], value, "{key}: {alert}");
    }
    let tomorrow = Utc::now().date_naive() + Days::new(2);
    for (query, count) in [
        ("state=open", 1),
        ("state=open,acknowledged", 1),
        ("state=recovered", 0),
        ("owner=ines", 1),
        ("owner=tom", 0),
        ("scorecard=acme", 1),
        ("from=2020-01", 1),
        (&format!("from={tomorrow}"), 0),
        ("to=2020-01", 0),
    ] {
        let narrowed = get(at, &format!("/api/v1/alerts?{query}")).await;
        assert_eq!(items(&narrowed).len(), count, "{query}: {narrowed}");
    }
    let failed = async || get(at, "/api/v1/runs?outcome=failed").await;
    let failed = daemon.until("failed", failed, |seen| !items(seen).is_empty()).await;
    assert_eq!(items(&failed)[0]["path"], "acme/calls");
    assert!(items(&failed)[0]["problem"].as_str().unwrap().contains("500"), "{failed}");
    let problems = get(at, "/api/v1/data-problems?kind=failing,missing").await;
    let kinds: Vec<&Value> = items(&problems).iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds, ["failing", "missing"], "{problems}");
    for (query, count) in
        [("kind=kpi", 4), ("kind=scorecard,perspective", 3), ("status=off_track&kind=kpi", 1)]
    {
        let nodes = get(at, &format!("/api/v1/nodes?{query}")).await;
        assert_eq!(items(&nodes).len(), count, "{query}: {nodes}");
    }
    assert_eq!(get(at, "/api/v1/configurations").await["items"][0]["to"], Value::Null);
    for (path, command) in [
        ("acme", &["explain", "acme", "--format", "json"][..]),
        ("acme/customer", &["explain", "acme/customer", "--format", "json"]),
        ("acme/customer/promise", &["explain", "acme/customer/promise", "--format", "json"]),
        ("acme/otd", &["explain", "acme/otd", "--format", "json"]),
    ] {
        let said: Value = serde_json::from_str(&kpid.says(command).await).unwrap();
        assert_eq!(get(at, &format!("/api/v1/explain/{path}")).await, said, "{path}");
    }
    daemon.stop().await;
}

async fn post(at: SocketAddr, path: &str, token: &str, body: Value) -> Response {
    let request = Client::new().post(format!("http://{at}/api/v1/alerts/{path}"));
    let request = request.bearer_auth(token).header(header::CONTENT_TYPE, "application/json");
    request.body(body.to_string()).send().await.unwrap()
}

#[tokio::test]
async fn a_program_acts_under_its_token_and_the_audit_says_so() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (read, read_line) = token(&["grafana"]).await;
    let (act, act_line) = token(&["desk", "--act"]).await;
    let web = format!(", tokens: {{ {read_line}, {act_line} }}");
    let (kpid, daemon, at) = shown(company_where(&origin, &web).await).await;
    let seen = async |path: &str| -> Value {
        let answer = web::get(at, path, Some(&read)).await;
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let refused = ask(at, "/api/v1/alerts", &[]).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");

    let words = json!({ "comment": "carrier <change>", "due": "2099-06-30" });
    let refused = post(at, "acme/customer/1/acknowledge", &read, words.clone()).await;
    assert_eq!(refused.status(), 403);
    for (body, part) in [
        (json!({ "due": "soon" }), "“soon” is no day"),
        (json!({ "due": "2020-01-31" }), "is past"),
        (json!({ "comment": "x".repeat(2_001) }), "2000 characters"),
    ] {
        let refused = post(at, "acme/customer/1/acknowledge", &act, body).await;
        assert_eq!(refused.status(), 422);
        let refused = refused.text().await.unwrap();
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let done = post(at, "acme%2Fcustomer%2F1/acknowledge", &act, words).await;
    assert_eq!(done.status(), 200);
    let done: Value = serde_json::from_str(&done.text().await.unwrap()).unwrap();
    assert_eq!(done["by"], "token desk");

    let until = (Utc::now().date_naive() + Days::new(3)).to_string();
    let far = json!({ "until": "2099-01-01", "reason": "works on the roof" });
    let refused = post(at, "acme/customer/1/silence", &act, far).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("30 days"));
    let silence = json!({ "until": until, "reason": "works on the roof" });
    let done = post(at, "acme/customer/1/silence", &act, silence).await;
    let done: Value = serde_json::from_str(&done.text().await.unwrap()).unwrap();
    assert!(done["silence"].is_number(), "{done}");
    let note = json!({ "text": "the carrier changed" });
    assert_eq!(post(at, "acme/customer/1/note", &act, note).await.status(), 200);

    let alert = seen("/api/v1/alerts/acme%2Fcustomer%2F1").await;
    for (key, value) in [
        ("state", json!("acknowledged")),
        ("acknowledged_by", json!("token desk")),
        ("comment", json!("carrier <change>")),
        ("due", json!("2099-06-30")),
        ("silenced", json!(true)),
    ] {
        assert_eq!(alert[key], value, "{key}: {alert}");
    }
    let events: Vec<&Value> =
        alert["events"].as_array().unwrap().iter().map(|it| &it["event"]).collect();
    assert_eq!(events, ["opened", "acknowledged"], "{alert}");
    let audit = kpid.says(&["audit"]).await;
    for line in ["token desk", "over the API, from 127.0.0.1", "the carrier changed"] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn what_the_manual_asks_is_answered() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (act, line) = token(&["desk", "--act"]).await;
    let web = format!(", tokens: {{ {line} }}");
    let (_kpid, daemon, at) = shown(company_where(&origin, &web).await).await;
    let manual = include_str!("../../docs/api.md");
    let blocks = manual.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.len() >= 7, "{lines:?}");
    for line in lines {
        let asked = line.replace("127.0.0.1:8420", &at.to_string());
        let asked = asked.replace("calder/on-time-delivery", "acme/otd").replace("calder", "acme");
        let mut command = Command::new("bash");
        command.args(["-c", &asked]).env("TOKEN", &act);
        let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(ran.status.success() && !ran.stdout.is_empty(), "{line}: {ran:?}");
    }
    daemon.stop().await;
}

const PRIVATE: &str = "
scorecard: own
name: Of one person
private: true
owner: olga
report: { to: [ines] }
perspectives:
  p:
    owner: ines
    alert: { to: [ines] }
    objectives:
      o:
        kpis:
          secret: { nature: level, target: 90, tolerance: 5, schedule: { every: 1s },
                    source: { http: { from: api, get: secret, value: $.value } } }
";

#[tokio::test]
async fn what_is_private_is_in_no_list_but_for_those_whom_it_names() {
    let origin = Origin::start().await;
    origin.figure("calls", 80.0);
    origin.figure("secret", 10.0);
    let kpid = company_where(&origin, BEHIND_A_PROXY).await;
    std::fs::write(kpid.folder().join("scorecards/own.yaml"), PRIVATE).unwrap();
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let seen = async |user: &str, path: &str| {
        let headers =
            [(header::HeaderName::from_static("x-user"), user), (header::HOST, "kpi.acme.example")];
        let answer = ask(at, path, &headers).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    // Whom it names sees all of it; it is waited for until there is something to hide.
    for (path, part) in [
        ("/api/v1/alerts", "own/p/1"),
        ("/api/v1/deliveries", "own/p/1"),
        ("/api/v1/runs", "own/secret"),
        ("/api/v1/nodes?kind=kpi", "own/secret"),
        ("/api/v1/data-problems", "acme/calls"),
        ("/api/v1/configurations", "config"),
    ] {
        let look = async || seen("ines", path).await.1;
        daemon.until(path, look, |seen| seen.contains(part)).await;
        let (_, others) = seen("tom", path).await;
        assert!(!others.contains("own/"), "{path}: {others}");
    }
    for path in [
        "/api/v1/alerts/own/p/1",
        "/api/v1/alerts?scorecard=own",
        "/api/v1/runs?scorecard=own",
        "/api/v1/explain/own",
        "/api/v1/nodes/own%2Fsecret",
        "/badge/own.svg",
        "/calendar/own.ics",
    ] {
        assert_eq!(seen("tom", path).await.0, 404, "{path}");
        assert_eq!(seen("ines", path).await.0, 200, "{path}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn who_changes_too_much_is_told_when_to_come_back() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (act, line) = token(&["desk", "--act"]).await;
    let web = format!(", tokens: {{ {line} }}");
    let (_kpid, daemon, at) = shown(company_where(&origin, &web).await).await;
    let mut refused = None;
    // Of a minute that ends meanwhile the next one takes as many.
    for count in 0..62 {
        let note = json!({ "text": format!("note {count}") });
        let answer = post(at, "acme/customer/1/note", &act, note).await;
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status(), 200);
    }
    let refused = refused.unwrap();
    assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
    let after = refused.headers()[header::RETRY_AFTER].to_str().unwrap();
    assert!((1..=60).contains(&after.parse::<u32>().unwrap()), "{after}");
    // A form elsewhere that makes a browser send its token does nothing.
    let request = Client::new().post(format!("http://{at}/api/v1/alerts/acme/customer/1/note"));
    let request = request.bearer_auth(&act).header(header::ORIGIN, "https://evil.example");
    let request = request.header(header::CONTENT_TYPE, "application/json").body("{}");
    let elsewhere = request.send().await.unwrap();
    assert_eq!(elsewhere.status(), 403);
    assert_eq!(elsewhere.headers()[header::CONTENT_TYPE], "application/problem+json");
    daemon.stop().await;
}
