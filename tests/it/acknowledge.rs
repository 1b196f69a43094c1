//! The link in a mail by which its reader acknowledges the alert, from the mail to the page.

use std::fs;

use kpid_clock::Clock;
use kpid_store::{AuditAction, Store};
use mail_parser::MessageParser;
use serde_json::Value;

use crate::world::{
    kpid::{Daemon, Kpid},
    smtp::Smtp,
};

const SCORECARD: &str = "scorecard: acme
name: Acme <b>&</b> Sons
PRIVATE
perspectives:
  customer:
    name: Customer care
    alert: { to: [ines] }
    objectives:
      o:
        kpis:
          nps: { name: Promoters, nature: level, target: 40, tolerance: 5, owner: ines }
";

fn kpid(smtp: &Smtp, private: bool) -> Kpid {
    let private = if private { "private: true" } else { "" };
    let kpid = Kpid::new("", &SCORECARD.replace("PRIVATE", private));
    configure(&kpid, smtp, "");
    kpid
}

/// A page that only Grafana may look at, reached at some other address.
fn configure(kpid: &Kpid, smtp: &Smtp, more: &str) {
    let token = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
channels: {{ mail: {{ email: {{ from: kpid@acme.example, smtp: {smtp} }} }} }}
people: {{ ines: {{ name: Ines Marlow, email: ines@acme.example }}{more} }}
web: {{ listen: \"127.0.0.1:0\", public_url: \"https://kpi.acme.example/board/\", tokens: {{ grafana: {{ sha256: {token} }} }} }}
",
        smtp = smtp.yaml(),
    );
    fs::write(kpid.folder().join("kpid.yaml"), config).unwrap();
}

async fn import(kpid: &Kpid, value: f64) {
    let rows =
        format!("kpi,period,value\nacme/nps,{},{value}\n", Clock::System.now().format("%Y-%m"));
    let path = kpid.folder().join("rows.csv");
    fs::write(&path, rows).unwrap();
    assert_eq!(kpid.run(&["import", path.to_str().unwrap()]).await.code, Some(0));
}

/// The texts and the HTML of all mails.
fn mails(smtp: &Smtp) -> Vec<(String, String)> {
    let read = |raw: &[u8]| {
        let mail = MessageParser::default().parse(raw).unwrap();
        (mail.body_text(0).unwrap().into_owned(), mail.body_html(0).unwrap().into_owned())
    };
    smtp.mails().iter().map(|mail| read(&mail.bytes)).collect()
}

/// The path of the link in the one mail there is.
async fn told(daemon: &mut Daemon, kpid: &Kpid, smtp: &Smtp) -> String {
    daemon.address().await;
    import(kpid, 45.0).await;
    import(kpid, 30.0).await;
    let mails = async || mails(smtp);
    let mails = daemon.until("the mail", mails, |mails| mails.len() == 1).await;
    let (text, html) = &mails[0];
    let (_, link) = text.split_once("Acknowledge: https://kpi.acme.example/board/a/").unwrap();
    let token = link.split_whitespace().next().unwrap().to_owned();
    assert!(html.contains(&format!("href=\"https://kpi.acme.example/board/a/{token}\"")), "{html}");
    token
}

struct Page {
    status: u16,
    text: String,
}

async fn ask(
    daemon: &mut Daemon,
    method: &str,
    token: &str,
    form: Option<&[(&str, &str)]>,
) -> Page {
    drop(rustls::crypto::ring::default_provider().install_default());
    let url = format!("http://{}/a/{token}", daemon.address().await);
    let request = reqwest::Client::new().request(method.parse().unwrap(), url);
    let request = match form {
        Some(form) => request.form(form),
        None => request,
    };
    // Whoever comes through a proxy names the public host.
    let response = request.header("host", "kpi.acme.example").send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self'") && policy.contains("default-src 'none'"));
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    Page { status: response.status().as_u16(), text: response.text().await.unwrap() }
}

async fn acknowledged(kpid: &Kpid) -> Value {
    let ran = kpid.run(&["alerts", "list", "acme", "--format", "json"]).await;
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    listed["episodes"][0]["acknowledged"].clone()
}

#[tokio::test]
async fn the_reader_of_a_mail_acknowledges_by_its_link_and_looking_does_not() {
    let smtp = Smtp::start().await;
    let kpid = kpid(&smtp, false);
    let mut daemon = kpid.start();
    let token = told(&mut daemon, &kpid, &smtp).await;
    for method in ["GET", "HEAD", "GET"] {
        let page = ask(&mut daemon, method, &token, None).await;
        assert_eq!(page.status, 200);
        let shows = |part: &str| page.text.contains(part);
        assert!(method == "HEAD" || (shows("Customer care") && shows("as Ines Marlow")));
        assert!(!shows("<b>&</b>"), "{}", page.text);
    }
    assert_eq!(ask(&mut daemon, "PUT", &token, None).await.status, 405);
    assert_eq!(acknowledged(&kpid).await, Value::Null, "nobody has acted");
    for (form, words) in [
        ([("comment", "x"), ("due", "soon")], "“soon” is no day"),
        ([("comment", "kept words"), ("due", "2020-01-31")], "is past"),
        ([("comment", &*"x".repeat(2_001)), ("due", "")], "2000 characters"),
    ] {
        let page = ask(&mut daemon, "POST", &token, Some(&form)).await;
        assert_eq!(page.status, 422);
        assert!(page.text.contains(words) && page.text.contains(form[0].1), "{}", page.text);
    }
    assert_eq!(acknowledged(&kpid).await, Value::Null, "nothing of it was kept");

    let form = [("comment", "carrier <change>"), ("due", "2099-06-30")];
    let page = ask(&mut daemon, "POST", &token, Some(&form)).await;
    assert_eq!(page.status, 200);
    for part in ["Acknowledged by Ines Marlow", "carrier &lt;change&gt;", "due 30 June 2099"] {
        assert!(page.text.contains(part), "{}", page.text);
    }
    assert!(!page.text.contains("<form"));
    let again = [("comment", "another"), ("due", "")];
    assert_eq!(ask(&mut daemon, "POST", &token, Some(&again)).await.status, 200);
    let kept = acknowledged(&kpid).await;
    assert_eq!((&kept["by"], &kept["comment"]), (&"ines".into(), &"carrier <change>".into()));
    let store = Store::open_read_only(&kpid.folder().join("kpid.db")).await.unwrap();
    let deeds = store.audit_entries(10).await.unwrap();
    let deeds: Vec<_> =
        deeds.iter().filter(|entry| entry.action == AuditAction::Acknowledged).collect();
    let [entry] = deeds.as_slice() else { panic!("{deeds:?}") };
    let detail = "by the link in a mail; carrier <change>; due 2099-06-30";
    assert_eq!((entry.by.as_str(), entry.detail.as_deref()), ("ines", Some(detail)));

    // After a restart the link is the same alert's; once it is over, it is only that.
    daemon.kill().await;
    import(&kpid, 46.0).await;
    let mut daemon = kpid.start();
    let page = ask(&mut daemon, "GET", &token, None).await;
    assert!(page.text.contains("This alert ended on"), "{}", page.text);
    let outbox = kpid.run(&["outbox", "list", "--all", "--format", "json"]).await.stdout;
    for place in [daemon.log(), outbox] {
        assert!(!place.contains(&token), "{place}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_link_that_is_not_whole_or_no_longer_its_readers_says_so_and_does_nothing() {
    let smtp = Smtp::start().await;
    let kpid = kpid(&smtp, true);
    let mut daemon = kpid.start();
    let token = told(&mut daemon, &kpid, &smtp).await;
    let forged = format!("{}A", &token[..token.len() - 1]);
    let forged = if forged == token { format!("{}B", &token[..token.len() - 1]) } else { forged };
    for token in [forged.as_str(), "x", &"A".repeat(3_000)] {
        for method in ["GET", "POST"] {
            let form = (method == "POST").then_some(&[("comment", "x"), ("due", "")][..]);
            let page = ask(&mut daemon, method, token, form).await;
            assert_eq!(page.status, 404);
            assert!(page.text.contains("This link is incomplete"), "{}", page.text);
        }
    }
    let page = ask(&mut daemon, "GET", &token, None).await;
    assert!(page.status == 200 && page.text.contains("as Ines Marlow"), "{}", page.text);

    // Somebody else is told of it from now on; the reload is seen at the link itself.
    let path = kpid.folder().join("scorecards/acme.yaml");
    let scorecard = fs::read_to_string(&path).unwrap().replace("to: [ines]", "to: [tom]");
    fs::write(path, scorecard).unwrap();
    configure(&kpid, &smtp, ", tom: { email: tom@acme.example }");
    daemon.hang_up();
    daemon.until_log("going on with configuration").await;
    let at = daemon.address().await;
    let look = async || {
        let form = [("comment", "x"), ("due", "")];
        let url = format!("http://{at}/a/{token}");
        reqwest::Client::new().get(url).form(&form).send().await.unwrap().status().as_u16()
    };
    daemon.until("the link closed", look, |status| *status == 403).await;
    let page = ask(&mut daemon, "POST", &token, Some(&[("comment", "x"), ("due", "")])).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("no longer notified"), "{}", page.text);
    assert_eq!(acknowledged(&kpid).await, Value::Null);
    daemon.stop().await;
}

#[tokio::test]
async fn a_mail_without_a_page_to_lead_to_has_no_link() {
    let smtp = Smtp::start().await;
    let kpid = kpid(&smtp, false);
    let path = kpid.folder().join("kpid.yaml");
    let config = fs::read_to_string(&path).unwrap().replace("listen: \"127.0.0.1:0\", ", "");
    fs::write(&path, config).unwrap();
    import(&kpid, 45.0).await;
    import(&kpid, 30.0).await;
    let mut daemon = kpid.start();
    let mails = async || mails(&smtp);
    let mails = daemon.until("the mail", mails, |mails| mails.len() == 1).await;
    assert!(!mails[0].0.contains("/a/") && !mails[0].1.contains("/a/"), "{mails:?}");
    daemon.stop().await;
}
