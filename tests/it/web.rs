//! The page, the metrics and the health of the running daemon, over real HTTP.

use std::{
    collections::BTreeSet,
    io::Write,
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

use crate::world::{
    kpid::Kpid,
    origin::{Answer, Origin},
    webhook::Webhook,
};

pub(crate) fn kpid(origin: &Origin, web: &str) -> Kpid {
    kpid_that_keeps(origin, "kpid.db", web)
}

/// The same with a store of another place.
pub(crate) fn kpid_that_keeps(origin: &Origin, store: &str, web: &str) -> Kpid {
    let api = origin.yaml();
    let config = format!(
        "store: {store}\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections: {{ api: {api} }}\nweb: {{ {web} }}\n"
    );
    let scorecard = "scorecard: acme
name: Acme <b>&</b> Sons
perspectives:
  care:
    name: Customer care
    alert: { to: [] }
    objectives:
      answer:
        kpis:
          calls: { name: Calls answered, nature: level, unit: points, schedule: { every: 1s }, target: 95, tolerance: 3, source: { http: { from: api, get: calls, value: $.value } } }
";
    Kpid::new(&config, scorecard)
}

pub(crate) async fn get(at: SocketAddr, path: &str, token: Option<&str>) -> reqwest::Response {
    drop(rustls::crypto::ring::default_provider().install_default());
    let request = reqwest::Client::new().get(format!("http://{at}{path}"));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.unwrap()
}

pub(crate) async fn text(at: SocketAddr, path: &str) -> String {
    let response = get(at, path, None).await;
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

/// The value of a line of metrics.
pub(crate) fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.starts_with(&format!("{name} ")))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn what_runs_is_shown_and_counted() {
    let origin = Origin::start().await;
    origin.figure("calls", 80.0);
    let kpid = kpid(&origin, "listen: \"127.0.0.1:0\"");
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    daemon.until_judged(&kpid, "off_track").await;
    assert_eq!(text(at, "/healthz").await, "ok\n");
    assert_eq!(text(at, "/readyz").await, "ready\n");

    let page = get(at, "/", None).await;
    for (name, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-cache"),
    ] {
        assert!(page.headers()[name].to_str().unwrap().contains(part), "{name}");
    }
    let page = page.text().await.unwrap();
    for part in ["Acme &lt;b&gt;&amp;&lt;", "Customer care", "off track"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // Where the link of a mail leads.
    let linked = text(at, "/s/acme/2026-05/care").await;
    for part in ["Calls answered", "off track", "80", "95"] {
        assert!(linked.contains(part), "{part}\n{linked}");
    }

    let shown: Value = serde_json::from_str(&text(at, "/api/v1/standing").await).unwrap();
    let told = kpid.show().await;
    assert_eq!(
        shown["scorecards"][0]["perspectives"][0]["score"],
        told["scorecards"][0]["perspectives"][0]["score"]
    );

    let metrics = text(at, "/metrics").await;
    assert!(metrics.trim_end().ends_with("# EOF"), "{metrics}");
    assert_eq!(value(&metrics, "kpid_score{scope=\"acme\"}"), Some(0.0));
    assert_eq!(value(&metrics, "kpid_status{scope=\"acme/care\",status=\"off_track\"}"), Some(1.0));
    assert_eq!(value(&metrics, "kpid_status{scope=\"acme/care\",status=\"on_track\"}"), Some(0.0));
    assert!(value(&metrics, "kpid_rounds_total").unwrap() >= 1.0);
    assert!(value(&metrics, "kpid_collections_total{outcome=\"samples\"}").unwrap() >= 1.0);
    assert!(value(&metrics, "kpid_judged_kpis_total").unwrap() >= 1.0);
    assert!(value(&metrics, "kpid_intake_lag_seconds").unwrap() > 0.0);
    assert_eq!(value(&metrics, "kpid_config_last_reload_successful"), Some(1.0));
    assert_eq!(value(&metrics, "kpid_kpi_source_failing{scope=\"acme/calls\"}"), Some(0.0));
    let missed = value(&metrics, "kpid_kpi_missed_runs_total{scope=\"acme/calls\"}");
    assert!(missed.is_some(), "{metrics}");

    origin.set("calls", Answer::Status(500));
    let look = async || {
        value(&text(at, "/metrics").await, "kpid_kpi_source_failing{scope=\"acme/calls\"}")
    };
    daemon.until("the source seen failing", look, |seen| *seen == Some(1.0)).await;
    assert!(text(at, "/data").await.contains("One source fails"));

    // A configuration that is refused is told, one that is taken keeps the same door open.
    let path = kpid.folder().join("kpid.yaml");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "store: [").unwrap();
    daemon.hang_up();
    let look = async || value(&text(at, "/metrics").await, "kpid_config_last_reload_successful");
    daemon.until("the refusal counted", look, |seen| *seen == Some(0.0)).await;
    std::fs::write(&path, format!("{good}# another\n")).unwrap();
    daemon.hang_up();
    let look = async || value(&text(at, "/metrics").await, "kpid_config_last_reload_successful");
    daemon.until("the reload counted", look, |seen| *seen == Some(1.0)).await;
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_token_is_needed_where_one_is_configured_and_beyond_loopback() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let open = kpid(&origin, "listen: \"0.0.0.0:0\"");
    let checked = open.run(&["check"]).await;
    assert_eq!(checked.code, Some(1));
    assert!(
        checked.stderr.contains("could read everything")
            || checked.stdout.contains("could read everything")
    );
    assert_eq!(open.run(&["run"]).await.code, Some(2), "it does not even start");

    let made = open.run(&["token", "grafana"]).await.stdout;
    let token = made.lines().nth(1).unwrap().trim().to_owned();
    let hash = made.split_once("sha256: ").unwrap().1.split_once(' ').unwrap().0.to_owned();
    assert!(!made.lines().last().unwrap().contains(&token));
    let tokens = format!("listen: \"127.0.0.1:0\", tokens: {{ grafana: {{ sha256: {hash} }} }}");
    let kpid = kpid(&origin, &tokens);
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    for path in ["/", "/metrics", "/api/v1/standing"] {
        let refused = get(at, path, None).await;
        assert_eq!(refused.status(), 401, "{path}");
        assert!(refused.headers().contains_key("www-authenticate"));
        for name in ["content-security-policy", "x-content-type-options", "cache-control"] {
            assert!(refused.headers().contains_key(name), "{path}: {name}");
        }
        assert_eq!(get(at, path, Some("guess")).await.status(), 401, "{path}");
        assert_eq!(get(at, path, Some(&token)).await.status(), 200, "{path}");
    }
    assert_eq!(get(at, "/healthz", None).await.status(), 200, "supervisors have no token");
    assert!(!daemon.log().contains(&token));
    daemon.stop().await;
}

#[tokio::test]
async fn nobody_listens_unless_asked_to() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin, "");
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    assert!(!daemon.log().contains("shows itself"), "{}", daemon.log());
    assert_eq!(daemon.listening_sockets(), 0);
    daemon.stop().await;
}

#[tokio::test]
async fn long_bodies_are_refused_and_held_connections_keep_nobody_out() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin, "listen: \"127.0.0.1:0\"");
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let long = reqwest::Client::new().post(format!("http://{at}/")).body("a".repeat(1 << 20));
    assert_eq!(long.send().await.unwrap().status(), 413);

    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: local").unwrap();
        held.push(stream);
    }
    assert_eq!(text(at, "/healthz").await, "ok\n");
    let files = async || daemon.open_files();
    let files = crate::world::until("held connections gone", files, |files| *files < 64).await;
    assert!(files > 0);
    drop(held);
    daemon.stop().await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let origin = Origin::start().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ran = kpid(&origin, &format!("listen: \"{address}\"")).run(&["run"]).await;
    assert_eq!(ran.code, Some(2));
    let told = format!("cannot listen on {address} (`web.listen`): another program has this port");
    assert!(ran.stderr.contains(&told) && ran.stderr.contains("give this one another"), "{told}");
}

#[tokio::test]
async fn it_gives_signs_of_life_and_logs_as_it_is_told() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    origin.set("ping", Answer::Page);
    let beat = format!(
        "listen: \"127.0.0.1:0\" }}\nheartbeat: {{ url: \"{}ping\", every: 1s",
        origin.url()
    );
    let kpid = kpid(&origin, &beat);
    let mut daemon = kpid.start_with(&[("KPID_LOG_FORMAT", "json")]);
    daemon.until("two beats", async || origin.asked("ping"), |asked| *asked >= 2).await;
    let log = daemon.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.iter().any(|line| line["level"] == "INFO" && line["message"].is_string()),
        "{log}"
    );
    daemon.stop().await;
    let mut daemon = kpid.start_with(&[("KPID_LOG_FORMAT", "journald")]);
    let log = daemon.until_log("shows itself").await;
    assert!(log.lines().all(|line| line.starts_with("<6>")), "{log}");
    // Trouble of several lines is trouble in each of them.
    std::fs::write(kpid.folder().join("kpid.yaml"), "calendar: [").unwrap();
    daemon.hang_up();
    let log = daemon.until_log("kpid.yaml:1:").await;
    let (before, told) = log.split_once("<3>").unwrap();
    assert!(before.lines().all(|line| line.starts_with("<6>")), "{log}");
    // A round may be over meanwhile.
    let of_it: Vec<&str> = told.lines().skip(1).filter(|line| !line.starts_with("<6>")).collect();
    assert!(!of_it.is_empty() && of_it.iter().all(|line| line.starts_with("<3>")), "{log}");
    daemon.stop().await;
}

/// Words that begin with `kpid_`: in rules and dashboards, the names of metrics.
fn metrics_named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("kpid_")).collect()
}

#[tokio::test]
async fn every_metric_of_the_rules_and_the_dashboard_is_there() {
    let (origin, webhook) = (Origin::start().await, Webhook::start().await);
    origin.figure("calls", 98.0);
    let told = format!(
        "listen: \"127.0.0.1:0\" }}\noperators: [ops]\nchannels: {{ ops: {{ webhook: {{ url: \"{}\" }} }}",
        webhook.url()
    );
    let kpid = kpid(&origin, &told);
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let look = async || text(at, "/metrics").await;
    daemon.until_judged(&kpid, "on_track").await;
    // A source that fails is told to the operators, so that there is a delivery to count.
    origin.set("calls", Answer::Status(500));
    let is_told = |metrics: &String| metrics.contains("kpid_delivery_attempts_total{");
    let metrics = daemon.until("a delivery", look, is_told).await;
    let there = metrics_named(&metrics);
    for file in ["prometheus-alerts.yaml", "grafana-dashboard.json"] {
        let path = format!("{}/deploy/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let asked = metrics_named(&text);
        assert!(asked.len() >= 5, "{file}: {asked:?}");
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{file} asks for {missing:?}, of which /metrics knows nothing");
    }
}

#[tokio::test]
async fn whatever_is_refused_is_a_page_to_a_browser_and_a_problem_below_api() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin, "listen: \"127.0.0.1:0\"");
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    // What was not read of a body ends its connection.
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let long = || "a".repeat(100_000);
    for (method, path, host, body, status) in [
        ("GET", "/", "evil.example", String::new(), 421),
        ("GET", "/api/v1/standing", "evil.example", String::new(), 421),
        ("POST", "/", "localhost", String::new(), 405),
        ("POST", "/api/v1/standing", "localhost", String::new(), 405),
        ("POST", "/notes", "localhost", long(), 413),
        ("POST", "/api/v1/standing", "localhost", long(), 413),
        ("POST", "/notes", "localhost", "no form".to_owned(), 415),
        ("GET", "/assets/board-0.css", "localhost", String::new(), 404),
        ("GET", "/api/v1/nothing", "localhost", String::new(), 404),
        ("GET", "/a/%ff", "localhost", String::new(), 400),
    ] {
        let request = client.request(method.parse().unwrap(), format!("http://{at}{path}"));
        let request = request.header("host", host).header("accept", "text/html");
        let answer = request.body(body).send().await.unwrap();
        let told = format!("{method} {path}: {answer:?}");
        assert_eq!(answer.status(), status, "{told}");
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let policy = answer.headers().contains_key("content-security-policy");
        let text = answer.text().await.unwrap();
        match path.starts_with("/api/") {
            true => {
                let problem: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(
                    (kind.as_str(), &problem["status"]),
                    ("application/problem+json", &status.into())
                );
            }
            false => {
                assert!(kind.starts_with("text/html") && policy, "{told}");
                assert!(text.contains("<h1>") && text.contains("href=\"/\""), "{told}: {text}");
            }
        }
    }
    assert_eq!(text(at, "/healthz").await, "ok\n");
    daemon.stop().await;
}

#[tokio::test]
async fn values_of_kpis_are_left_out_of_the_metrics_where_nobody_wants_them() {
    let origin = Origin::start().await;
    origin.figure("calls", 80.0);
    let kpid = kpid(&origin, "listen: \"127.0.0.1:0\", kpi_metrics: false");
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    daemon.until_judged(&kpid, "off_track").await;
    let metrics = text(at, "/metrics").await;
    for name in ["kpid_kpi_value", "kpid_kpi_target", "kpid_kpi_status"] {
        assert!(!metrics.contains(name), "{metrics}");
    }
    assert!(metrics.contains("kpid_rounds_total") && metrics.ends_with("# EOF\n"), "{metrics}");
    daemon.stop().await;

    let deaf = self::kpid(&origin, "kpi_metrics: true");
    let said = deaf.run(&["check"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("there is no `/metrics`"), "{said:?}");
}
