//! Webhooks against real receivers: their signature by openssl, odd answers, and names that lead
//! inside.

use std::{fs, net::IpAddr};

use mail_parser::MessageParser;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::world::{
    kpid::{Kpid, Ran},
    town::Town,
    webhook::{Answer, Webhook},
};

const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const OLD: &str = "the one before";

/// A kpid that can only tell one receiver.
fn kpid(url: &str, more: &str) -> Kpid {
    let config = format!(
        "store: kpid.db\ncalendar: {{ timezone: UTC }}\n\
         channels: {{ ops: {{ webhook: {{ url: \"{url}\", secret: \"{NEW}\"{more} }} }} }}\n"
    );
    let scorecard = "scorecard: acme
perspectives:
  care:
    alert: { to: [ops] }
    objectives: { answer: { kpis: { calls: { nature: level, target: 95, tolerance: 3 } } } }
";
    Kpid::new(&config, scorecard)
}

async fn notify(kpid: &Kpid) -> Ran {
    kpid.run(&["notify", "ops"]).await
}

#[tokio::test]
async fn openssl_makes_the_same_signatures() {
    let hook = Webhook::start().await;
    let ran = notify(&kpid(&hook.url(), "")).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = notify(&kpid(&hook.url(), &format!(", previous_secret: {OLD}"))).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let calls = hook.calls();
    assert!(calls[0].is_signed_with(NEW));
    let both = format!("{} {}", calls[1].signature_by(NEW), calls[1].signature_by(OLD));
    assert_eq!(calls[1].header("webhook-signature"), both);
}

#[tokio::test]
async fn any_2xx_is_success_whatever_else_it_says() {
    let hook = Webhook::start().await;
    let kpid = kpid(&hook.url(), "");
    for answer in [Answer::Page, Answer::Status(202), Answer::Status(299)] {
        hook.answer(&[answer]);
        let ran = notify(&kpid).await;
        assert_eq!(ran.code, Some(0), "{answer:?}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_speak_http_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    let kpid = kpid(&url, "");
    let speak = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\x00\x01\x02garbage\r\n").await.unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).await.unwrap_or_default();
        }
    };
    let ran = tokio::select! {
        ran = notify(&kpid) => ran,
        () = speak => unreachable!("it goes on"),
    };
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("cannot reach 127.0.0.1"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("secret-path"), "a path may be a secret: {}", ran.stderr);
}

/// A name beside localhost that the machine's own list leads to itself or to its network.
fn name_inside() -> String {
    let hosts = fs::read_to_string("/etc/hosts").unwrap();
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap().split_whitespace());
    let inside = |address: IpAddr| match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    };
    let names = lines.filter_map(|mut words| {
        let address = words.next()?.parse::<IpAddr>().ok()?;
        inside(address).then(|| words.map(str::to_owned).collect::<Vec<_>>())
    });
    let mut names = names.flatten();
    let name = names.find(|name| name != "localhost" && !name.ends_with(".localhost"));
    name.unwrap_or_else(|| panic!("/etc/hosts names nobody inside beside localhost"))
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_followed_unless_the_channel_says_so() {
    let hook = Webhook::start().await;
    let port = hook.url().rsplit(':').next().unwrap().to_owned();
    let url = format!("http://{}:{port}", name_inside());
    let guarded = kpid(&url, "");
    for command in [&["check", "--probe"][..], &["notify", "ops"]] {
        let ran = guarded.run(command).await;
        assert_eq!(ran.code, Some(1), "{command:?}: {}", ran.stdout);
        let told = ran.stdout + &ran.stderr;
        for says in ["` leads to ", "allow_private: true", "nothing was sent"] {
            assert!(told.contains(says), "{command:?}: {told}");
        }
    }
    assert!(hook.calls().is_empty());

    let allowed = kpid(&url, ", allow_private: true");
    let ran = notify(&allowed).await;
    assert!(!ran.stderr.contains("leads to"), "{}", ran.stderr);
    let by_its_name = kpid(&format!("http://localhost:{port}"), "");
    let ran = notify(&by_its_name).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(hook.calls().last().unwrap().json()["event"], "test");
}

#[tokio::test]
async fn operators_hear_once_of_a_name_that_leads_inside_and_the_alert_waits() {
    let town = Town::open().await;
    let port = town.webhook.url().rsplit(':').next().unwrap().to_owned();
    let (api, smtp, name) = (town.origin.yaml(), town.smtp.yaml(), name_inside());
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
connections: {{ api: {api} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: kpid@acme.example }} }}
  ops: {{ webhook: {{ url: \"http://{name}:{port}\" }} }}
people: {{ tom: {{ name: Tom Data, email: tom@acme.example }} }}
operators: [tom]
"
    );
    let scorecard = "scorecard: acme
perspectives:
  care:
    alert: { to: [ops] }
    objectives:
      answer:
        kpis:
          calls: { nature: level, unit: points, schedule: { every: 1s }, target: 95, tolerance: 3, source: { http: { from: api, get: calls, value: $.value } } }
";
    let kpid = Kpid::new(&config, scorecard);
    town.origin.figure("calls", 98.0);
    let mut daemon = kpid.start();
    let look = async || kpid.show().await["scorecards"][0]["status"].clone();
    daemon.until("on track", look, |seen| seen == "on_track").await;
    town.origin.figure("calls", 80.0);
    let look = async || town.smtp.mails().len();
    daemon.until("operators told", look, |seen| *seen >= 1).await;
    town.origin.figure("calls", 98.0);
    let waiting = async || {
        let held = kpid.run(&["outbox", "list", "--format", "json"]).await.stdout;
        serde_json::from_str::<Value>(&held).unwrap().as_array().unwrap().clone()
    };
    let held = daemon.until("both wait", waiting, |held| held.len() == 2).await;
    for delivery in &held {
        assert_eq!((&delivery["channel"], &delivery["state"]), (&"ops".into(), &"pending".into()));
    }
    assert!(held[0]["last_error"].as_str().unwrap().contains("leads to"), "{held:?}");
    let mails = town.smtp.mails();
    assert_eq!(mails.len(), 1, "one notice, not one for each message");
    let mail = MessageParser::default().parse(&mails[0].bytes).unwrap();
    assert!(mail.body_text(0).unwrap().contains("allow_private: true"));
    assert!(town.webhook.calls().is_empty());
    daemon.stop().await;
}

#[tokio::test]
async fn an_address_that_hides_is_a_problem_of_the_configuration() {
    let hiding = kpid("http://2130706433:9/kpid", "");
    let ran = hiding.run(&["check"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("is another way to write 127.0.0.1, this machine itself"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("hint: write 127.0.0.1, or add `allow_private: true`"));
    let meant = kpid("http://2130706433:9/kpid", ", allow_private: true");
    assert_eq!(meant.run(&["check"]).await.code, Some(0));
}
