//! HTTPS and proxies: who is trusted, who we are, and what is said when either is in doubt.

use std::net::SocketAddr;

use kpid_rules::series::ReadingKind;
use kpid_sources::{
    Connection,
    http::{self, Auth, Endpoint},
};
use reqwest::header::HeaderMap;
use secrecy::SecretString;

use crate::{
    asking::{ask, open, value_at, words},
    world::{WITHIN, kpid::Kpid, origin::Origin, proxy::Proxy, tls::Certificates},
};

/// What the API knows us by.
const TOKEN: &str = "s3cr3t-token";

/// What the proxy knows us by.
const PASSWORD: &str = "pr0xy-p@ss";

fn endpoint(base_url: &str) -> Endpoint {
    Endpoint {
        base_url: base_url.parse().unwrap(),
        auth: Auth::Bearer(SecretString::from(TOKEN)),
        timeout: WITHIN,
        body_bytes_max: 10_000,
        concurrent_max: 4,
        per_minute_max: None,
        headers: HeaderMap::new(),
        authority: None,
        identity: None,
        proxy: None,
    }
}

fn https(address: SocketAddr, authority: Option<String>) -> Endpoint {
    let authority = authority.map(String::into_bytes);
    Endpoint { authority, ..endpoint(&format!("https://{address}/")) }
}

async fn get(endpoint: Endpoint, path: &str) -> String {
    let debug = format!("{endpoint:?}");
    assert!(!debug.contains(TOKEN) && !debug.contains("pr0xy"), "{debug}");
    let connections = open(Connection::Http(Box::new(endpoint)));
    let found = words(&ask(&connections, ReadingKind::Value, value_at(path, "$.v")).await);
    assert!(!found.contains(TOKEN) && !found.contains("pr0xy"), "{found}");
    found
}

#[tokio::test]
async fn a_server_is_trusted_by_its_certificate_and_so_are_we() {
    let made = Certificates::make();
    let (own, other) = (Some(made.pem("ca.pem")), Some(made.pem("other-ca.pem")));
    let good = made.serve("good", false);
    let wary = made.serve("good", true);
    let known = |endpoint: Endpoint, pem: &str| Endpoint {
        identity: Some(SecretString::from(made.pem(pem))),
        ..endpoint
    };
    for (endpoint, expected) in [
        (https(good, own.clone()), "41.5"),
        (
            https(good, None),
            "its certificate is of an authority that is not trusted; name it by `ca`",
        ),
        (https(good, other), "an authority that is not trusted"),
        (
            https(made.serve("stranger", false), own.clone()),
            "its certificate is for another host; check `base_url`",
        ),
        (https(made.serve("expired", false), own.clone()), "its certificate has expired"),
        (known(https(wary, own.clone()), "client.pem"), "41.5"),
        (https(wary, own), "wants a certificate of ours that it knows; check `client_certificate`"),
    ] {
        let base = endpoint.base_url.clone();
        let found = get(endpoint, "value").await;
        if expected == "41.5" {
            assert_eq!(found, expected);
        } else {
            assert!(found.starts_with(&format!("`erp`: GET {base}value: ")), "{found}");
            assert!(found.contains(expected), "{found}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_a_server_signed_itself_is_trusted_when_it_is_named_itself() {
    let made = Certificates::make();
    let good = made.serve("own-good", false);
    let pem = |name: &str| Some(made.pem(name));
    let both = Some(made.pem("ca.pem") + &made.pem("own-good.crt"));
    for (endpoint, expected) in [
        (https(good, pem("own-good.crt")), "41.5"),
        (https(good, both), "41.5"),
        (
            https(good, None),
            "is self-signed and marked as an authority; name that very certificate",
        ),
        (https(good, pem("ca.pem")), "name that very certificate by `ca`"),
        (https(good, pem("own-other.crt")), "name that very certificate by `ca`"),
        (
            https(made.serve("own-stranger", false), pem("own-stranger.crt")),
            "its certificate is for another host; check `base_url`",
        ),
        (
            https(made.serve("own-expired", false), pem("own-expired.crt")),
            "its certificate has expired",
        ),
    ] {
        let found = get(endpoint, "value").await;
        assert!(found == expected || found.contains(expected) && expected != "41.5", "{found}");
    }
}

#[tokio::test]
async fn a_proxy_is_gone_through_and_knows_us_and_no_more() {
    let made = Certificates::make();
    let good = made.serve("good", false);
    let origin = Origin::start().await;
    origin.set("v", crate::world::origin::Answer::Json(r#"{"v": 7}"#.to_owned()));
    let proxy = Proxy::start("kpid", PASSWORD).await;
    let through = |endpoint: Endpoint, password: &str| Endpoint {
        proxy: Some(http::Proxy {
            url: format!("http://{}/", proxy.address).parse().unwrap(),
            login: Some(("kpid".to_owned(), SecretString::from(password))),
        }),
        ..endpoint
    };
    let secure = || https(good, Some(made.pem("ca.pem")));
    assert_eq!(get(through(secure(), PASSWORD), "value").await, "41.5");
    assert_eq!(get(through(endpoint(&origin.url()), PASSWORD), "v").await, "7");
    let heads = proxy.heads();
    assert!(heads[0].starts_with(&format!("CONNECT {good} ")), "{heads:?}");
    assert!(!heads[0].contains(TOKEN), "what is for the API goes to the API: {heads:?}");
    assert!(heads[1].starts_with(&format!("GET {}v ", origin.url())), "{heads:?}");

    let refused = get(through(secure(), "pr0xy-wrong"), "value").await;
    assert!(refused.contains("the proxy does not let us through"), "{refused}");
    let refused = get(through(endpoint(&origin.url()), "pr0xy-wrong"), "v").await;
    assert!(refused.contains("407 Proxy Authentication Required; check `proxy`"), "{refused}");
}

#[tokio::test]
async fn certificates_and_the_proxy_are_named_in_the_configuration() {
    let made = Certificates::make();
    let wary = made.serve("good", true);
    let proxy = Proxy::start("kpid", PASSWORD).await;
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
connections:
  api:
    http:
      base_url: \"https://{wary}/\"
      ca: {ca}
      client_certificate: {client}
      proxy: {{ url: \"http://{proxy}\", user: kpid, password: {{ file: proxy-password }} }}
",
        ca = made.path("ca.pem").display(),
        client = made.path("client.pem").display(),
        proxy = proxy.address,
    );
    let scorecard = "scorecard: acme
perspectives:
  p:
    objectives:
      o:
        kpis:
          k: { nature: level, unit: x, target: 1, schedule: { every: 1d }, source: { http: { from: api, get: v, value: $.v } } }
";
    let kpid = Kpid::new(&config, scorecard);
    std::fs::write(kpid.folder().join("proxy-password"), PASSWORD).unwrap();
    let ran = kpid.run(&["pull", "--dry-run"]).await;
    assert!(ran.stdout.contains("acme/k: 41.5 x"), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("pr0xy") && !ran.stderr.contains("pr0xy"));
    assert_eq!(proxy.heads().len(), 1);

    let path = kpid.folder().join("kpid.yaml");
    let plain = format!("proxy: \"http://kpid:pr0xy-word@{}\"", proxy.address);
    let config = config.lines().map(|line| match line.trim_start().strip_prefix("proxy:") {
        Some(_) => format!("      {plain}\n"),
        None => format!("{line}\n"),
    });
    std::fs::write(&path, config.collect::<String>()).unwrap();
    let ran = kpid.run(&["check"]).await;
    assert!(ran.stdout.contains("the secret is written here"), "{}", ran.stdout);
}
