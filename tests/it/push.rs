//! Systems that push their figures, over real HTTP to the running daemon.

use std::{fs, net::SocketAddr};

use kpid_clock::Clock;
use kpid_store::{AuditEntry, Store};
use serde_json::{Value, json};

use crate::world::kpid::{Daemon, Kpid};

/// A door with one token, and its token.
struct Door {
    yaml: String,
    token: String,
}

/// Ines is told of what falls off track, Ops of trouble with data.
const SCORECARD: &str = "scorecard: acme
perspectives:
  customer:
    alert: { to: [ines] }
    objectives:
      o:
        kpis:
          nps: { nature: level, target: 40, tolerance: 5, owner: ines, source: { push: { from: mes } } }
          calls: { nature: flow, weight: 0, target: 10, tolerance: 5, owner: ines, source: { push: { from: mes, reading: delta } } }
          hand: { nature: level, weight: 0, target: 40, tolerance: 5, owner: ines }
";

async fn door(name: &str) -> Door {
    let made = Kpid::new("", "").run(&["token", name]).await.stdout;
    let token = made.lines().nth(1).unwrap().trim().to_owned();
    let line = made.lines().last().unwrap().trim().to_owned();
    Door {
        yaml: format!("mes: {{ push: {{ tokens: {{ {line} }}, max_per_minute: 6000 }} }}"),
        token,
    }
}

fn config(door: &str, web: &str) -> String {
    format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
connections: {{ {door} }}
channels: {{ mail: {{ email: {{ from: kpid@acme.example, folder: outbox }} }} }}
people: {{ ines: {{ email: ines@acme.example }}, ops: {{ email: ops@acme.example }} }}
operators: [ops]
web: {{ {web} }}
"
    )
}

const LOOPBACK: &str = "listen: \"127.0.0.1:0\"";

fn this_month() -> String {
    Clock::System.now().format("%Y-%m").to_string()
}

fn nps(value: impl Into<Value>) -> Value {
    json!({ "readings": [{ "kpi": "acme/nps", "period": this_month(), "value": value.into() }] })
}

fn request(at: SocketAddr, token: &str) -> reqwest::RequestBuilder {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::new().post(format!("http://{at}/api/v1/readings"));
    client.bearer_auth(token)
}

/// Status and body of what a push is answered.
async fn push(at: SocketAddr, token: &str, body: &Value) -> (u16, Value) {
    answer(request(at, token).json(body)).await
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let media = response.headers()["content-type"].to_str().unwrap().to_owned();
    let wanted = if status == 200 { "application/json" } else { "application/problem+json" };
    assert_eq!(media, wanted);
    let body: Value = response.json().await.unwrap();
    assert!(status == 200 || body["status"] == status, "{body}");
    (status, body)
}

async fn until_status(daemon: &mut Daemon, kpid: &Kpid, status: &str) {
    let look = async || kpid.show().await["scorecards"][0]["perspectives"][0]["status"].clone();
    daemon.until(status, look, |seen| seen == status).await;
}

fn mails(kpid: &Kpid) -> Vec<String> {
    let Ok(files) = fs::read_dir(kpid.folder().join("outbox")) else { return Vec::new() };
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

async fn deeds(kpid: &Kpid) -> Vec<AuditEntry> {
    let store = Store::open_read_only(&kpid.folder().join("kpid.db")).await.unwrap();
    store.audit_entries(10).await.unwrap()
}

#[tokio::test]
async fn what_is_pushed_is_judged_and_told_once_however_often_it_is_pushed() {
    let door = door("line").await;
    let kpid = Kpid::new(&config(&door.yaml, LOOPBACK), SCORECARD);
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let receipt = |stored: u64, revised: u64, unchanged: u64| json!({ "stored": stored, "revised": revised, "unchanged": unchanged, "null": 0, "frozen": [] });
    assert_eq!(push(at, &door.token, &nps(45)).await, (200, receipt(1, 0, 0)));
    until_status(&mut daemon, &kpid, "on_track").await;
    assert_eq!(push(at, &door.token, &nps(45)).await, (200, receipt(0, 0, 1)));
    let keyed =
        || request(at, &door.token).header("idempotency-key", "\"a-1\"").json(&nps(30.5)).send();
    let first: Value = keyed().await.unwrap().json().await.unwrap();
    assert_eq!(first, receipt(0, 1, 0));
    until_status(&mut daemon, &kpid, "off_track").await;
    daemon.until("the mail", async || mails(&kpid).len(), |count| *count == 1).await;

    // Killed where it stands, it answers the same as before, and tells nobody again.
    daemon.kill().await;
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let again = request(at, &door.token).header("idempotency-key", "a-1").json(&nps(30.5));
    assert_eq!(answer(again).await, (200, receipt(0, 1, 0)));
    let other = request(at, &door.token).header("idempotency-key", "a-1").json(&nps(29));
    assert_eq!(answer(other).await.0, 409);
    assert_eq!(push(at, &door.token, &nps(30.5)).await, (200, receipt(0, 0, 1)));
    let deeds = deeds(&kpid).await;
    assert_eq!(deeds.len(), 2, "{deeds:?}");
    assert_eq!((deeds[0].by.as_str(), deeds[0].action.words()), ("line", "pushed"));

    // Null is no figure, and takes none away.
    let (status, said) = push(at, &door.token, &nps(Value::Null)).await;
    assert_eq!((status, &said["null"], &said["stored"]), (200, &json!(1), &json!(0)));
    let shown = kpid.show().await;
    let shown = &shown["scorecards"][0]["perspectives"][0]["objectives"][0]["kpis"][0];
    assert_eq!(shown["value"], 30.5);
    assert!(shown["error"].as_str().unwrap().contains("pushed null"), "{shown}");
    assert_eq!(mails(&kpid).len(), 1);

    let page = format!("http://{at}/metrics");
    let metrics = reqwest::get(page).await.unwrap().text().await.unwrap();
    let counted = "kpid_pushes_total{connection=\"mes\",outcome=\"accepted\"} 3";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(!daemon.log().contains(&door.token));
    daemon.stop().await;
}

#[tokio::test]
async fn every_bad_reading_is_told_and_nothing_of_its_push_is_kept() {
    let door = door("line").await;
    let kpid = Kpid::new(&config(&door.yaml, LOOPBACK), SCORECARD);
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let month = this_month();
    let reading = |kpi: &str, period: &str| json!({ "kpi": kpi, "period": period, "value": 1 });
    let far = "2098-01-01T00:00:00Z";
    let bad = json!({ "readings": [
        reading("acme/nps", &month),
        reading("acme/npz", &month),
        reading("acme/hand", &month),
        reading("acme/nps", "2025-W07"),
        reading("acme/nps", "2098-01"),
        { "kpi": "acme/nps", "period": "2025-01", "value": "NaN" },
        { "kpi": "acme/nps", "period": "2025-02" },
        { "kpi": "acme/nps", "period": "2025-03", "value": 1, "numerator": 1, "denominator": 2 },
        { "kpi": "acme/nps", "period": "2025-04", "value": 1, "observed_at": far },
        reading("acme/calls", &month),
        reading("acme/nps", &month),
        { "kpi": "acme/nps", "period": "2025-05", "value": 1, "extra": 1 },
    ]});
    let (status, problem) = push(at, &door.token, &bad).await;
    assert_eq!(status, 422, "{problem}");
    let errors = problem["errors"].as_array().unwrap();
    for (error, (index, words)) in errors.iter().zip([
        (1, "did you mean `acme/nps`?"),
        (2, "is not pushed over `mes`"),
        (3, "is not a period of `acme/nps`"),
        (4, "has not begun"),
        (5, "NaN"),
        (6, "has no value"),
        (7, "either `value`"),
        (8, "still to come"),
        (9, "needs `observed_at`"),
        (10, "is there twice: first at 0"),
        (11, "unknown field `extra`"),
    ]) {
        assert_eq!(error["index"], index, "{error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
    assert_eq!(errors.len(), 11, "{problem}");
    let twice = format!(
        "{{\"readings\":[{{\"kpi\":\"acme/nps\",\"period\":\"{month}\",\"value\":1,\"value\":2}}]}}"
    );
    let sent = request(at, &door.token).header("content-type", "application/json").body(twice);
    let (status, problem) = answer(sent).await;
    assert_eq!(status, 400);
    assert!(problem["detail"].as_str().unwrap().contains("the key `value` is in one object twice"));
    let csv = format!(
        "kpi,period,value\nacme/nps,{month},41\nacme/nps,{month},NaN\nacme/npz,{month},1\n"
    );
    let sent = request(at, &door.token).header("content-type", "text/csv; charset=utf-8").body(csv);
    let (status, problem) = answer(sent).await;
    assert_eq!(status, 422);
    assert_eq!(
        (&problem["errors"][0]["line"], &problem["errors"][1]["line"]),
        (&json!(3), &json!(4))
    );
    assert_eq!(kpid.run(&["export"]).await.stdout.lines().count(), 1, "only the names of columns");
    let csv = format!("kpi,period,value\nacme/nps,{month},41\n");
    let sent = request(at, &door.token).header("content-type", "text/csv").body(csv);
    assert_eq!(answer(sent).await.1["stored"], 1);
    daemon.stop().await;
}

#[tokio::test]
async fn readings_that_add_up_count_once_each() {
    let door = door("line").await;
    let kpid = Kpid::new(&config(&door.yaml, LOOPBACK), SCORECARD);
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let now = Clock::System.now();
    let part = |value: f64, seconds: i64| {
        let observed_at = (now - chrono::TimeDelta::seconds(seconds)).to_rfc3339();
        json!({ "kpi": "acme/calls", "period": "2026-01", "value": value, "observed_at": observed_at })
    };
    let body = json!({ "readings": [part(3.0, 10), part(4.0, 20)] });
    assert_eq!(push(at, &door.token, &body).await.1["stored"], 2);
    assert_eq!(push(at, &door.token, &body).await.1["unchanged"], 2);
    let body = json!({ "readings": [part(3.0, 10), part(5.0, 5)] });
    assert_eq!(push(at, &door.token, &body).await.1["stored"], 1);
    let exported = kpid.run(&["export"]).await.stdout;
    assert!(exported.contains("acme/calls,2026-01,12.0,"), "{exported}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_push_needs_its_token_its_form_and_measure() {
    let (door, other) = (door("line").await, self::door("page").await);
    let hash = other.yaml.split_once("page: ").unwrap().1.split_once('}').unwrap().0.to_owned();
    let yaml = door.yaml.replace("6000", "12");
    let web = format!("{LOOPBACK}, tokens: {{ page: {hash}}} }}");
    let kpid = Kpid::new(&config(&yaml, &web), SCORECARD);
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    assert_eq!(push(at, "guess", &nps(45)).await.0, 401);
    assert_eq!(push(at, &other.token, &nps(45)).await.0, 403);
    let json = |body: String| {
        request(at, &door.token).header("content-type", "application/json").body(body)
    };
    let many: Vec<Value> = (0..10_001).map(|_| Value::Null).collect();
    for (status, sent) in [
        (413, json("1".repeat((1 << 20) + 1))),
        (413, json(serde_json::json!({ "readings": many }).to_string())),
        (415, request(at, &door.token).body("x")),
        (415, json("{}".to_owned()).header("content-encoding", "gzip")),
        (400, json("{\"readings\": [NaN]}".to_owned())),
        (400, json("{\"readings\": []}".to_owned())),
        (400, json("[]".to_owned()).header("idempotency-key", "two words")),
    ] {
        let (answered, problem) = answer(sent).await;
        assert_eq!(answered, status, "{problem}");
    }
    let get = reqwest::get(format!("http://{at}/api/v1/readings")).await.unwrap();
    assert_eq!((get.status().as_u16(), &get.headers()["allow"]), (405, &"POST".parse().unwrap()));
    let busy = async || {
        let response = request(at, &door.token).json(&nps(45)).send().await.unwrap();
        let after = response.headers().get("retry-after").cloned();
        (response.status().as_u16(), after)
    };
    let refused = daemon.until("a push too many", busy, |(status, _)| *status == 429).await;
    let after: u64 = refused.1.unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after));
    daemon.stop().await;
}

#[tokio::test]
async fn beyond_loopback_a_door_for_pushes_shows_the_page_to_nobody() {
    let door = door("line").await;
    let kpid = Kpid::new(&config(&door.yaml, "listen: \"0.0.0.0:0\""), SCORECARD);
    let mut daemon = kpid.start();
    let at: SocketAddr = ([127, 0, 0, 1], daemon.address().await.port()).into();
    for path in ["/", "/metrics", "/api/v1/standing"] {
        let get = reqwest::Client::new().get(format!("http://{at}{path}")).bearer_auth(&door.token);
        assert_eq!(get.send().await.unwrap().status(), 401, "{path}");
    }
    assert_eq!(push(at, &door.token, &nps(45)).await.0, 200);

    // A reload changes the token; who has the old one is out.
    let next = self::door("line").await;
    fs::write(kpid.folder().join("kpid.yaml"), config(&next.yaml, "listen: \"0.0.0.0:0\""))
        .unwrap();
    daemon.hang_up();
    let taken = async || push(at, &next.token, &nps(44)).await.0;
    daemon.until("the new token taken", taken, |status| *status == 200).await;
    assert_eq!(push(at, &door.token, &nps(43)).await.0, 401);
    daemon.stop().await;
}

#[tokio::test]
async fn a_pushed_level_that_comes_no_more_is_told_to_the_operators() {
    let door = door("line").await;
    let stale = SCORECARD.replace("nps: { nature: level,", "nps: { nature: level, max_age: 1s,");
    let kpid = Kpid::new(&config(&door.yaml, LOOPBACK), &stale);
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    assert_eq!(push(at, &door.token, &nps(45)).await.0, 200);
    let others = async || {
        let now = Clock::System.now().to_rfc3339();
        let part =
            json!({ "kpi": "acme/calls", "period": this_month(), "value": 1, "observed_at": now });
        push(at, &door.token, &json!({ "readings": [part] })).await;
        mails(&kpid)
    };
    let is_told = |mails: &Vec<String>| {
        mails.iter().any(|mail| mail.contains("nps is stale") && mail.contains("To: ops@"))
    };
    daemon.until("the notice", others, is_told).await;
    daemon.stop().await;
}

#[tokio::test]
async fn what_is_pushed_is_not_asked_for_and_needs_a_door() {
    let door = door("line").await;
    let kpid = Kpid::new(&config(&door.yaml, ""), SCORECARD);
    let pulled = kpid.run(&["pull", "acme/nps"]).await;
    assert_eq!(pulled.code, Some(2));
    assert!(pulled.stderr.contains("its system pushes it, over `mes`"), "{pulled:?}");
    let checked = kpid.run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.contains("kpid does not listen"), "{checked:?}");
    let reached = kpid.run(&["check", "--probe"]).await;
    assert!(reached.stdout.contains("connection mes: reached"), "{reached:?}");
    for (from, to, words) in [
        (
            "source: { push: { from: mes } }",
            "schedule: \"0 6 * * *\", source: { push: { from: mes } }",
            "its values are pushed",
        ),
        ("{ push: { from: mes } }", "{ push: { from: mez } }", "did you mean `mes`?"),
        (
            "{ push: { from: mes } }",
            "{ http: { from: mes, get: x, value: $.v } }, schedule: { every: 1h }",
            "is for a system that pushes",
        ),
    ] {
        let kpid = Kpid::new(&config(&door.yaml, LOOPBACK), &SCORECARD.replacen(from, to, 1));
        let checked = kpid.run(&["check"]).await;
        assert_eq!(checked.code, Some(1), "{checked:?}");
        assert!(checked.stdout.contains(words), "{checked:?}");
    }
    let twice = format!("{}, {}", door.yaml, door.yaml.replace("mes:", "erp:"));
    let checked = Kpid::new(&config(&twice, LOOPBACK), SCORECARD).run(&["check"]).await;
    assert!(checked.stdout.contains("is used by two `push` connections"), "{checked:?}");
}
