//! Templates of one's own, from `kpid check` over previews to what is delivered when one fails.

use std::fs;

use mail_parser::MessageParser;
use serde_json::Value;

use crate::world::{kpid::Kpid, town::Town};

/// Templates by their files' names.
type Files<'a> = &'a [(&'a str, &'a str)];

impl Town {
    /// One perspective that tells Ines by mail and a chat by webhook, and operators of the rest.
    fn kpid_with(&self, templates: Files<'_>, chat: &str) -> Kpid {
        let (api, smtp, hook) = (self.origin.yaml(), self.smtp.yaml(), self.webhook.url());
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections: {{ api: {api} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: \"Scorecard <kpid@acme.example>\", templates: looks }} }}
  chat: {{ webhook: {{ url: \"{hook}\", format: {{ template: chat.json.j2 }} }} }}
people:
  ines: {{ name: Ines Marlow, email: ines@acme.example }}
  tom: {{ name: Tom Data, email: tom@acme.example }}
operators: [tom]
"
        );
        let scorecard = "scorecard: acme
perspectives:
  care:
    owner: ines
    alert: { to: [ines, chat] }
    objectives:
      answer:
        kpis:
          answered: { nature: level, unit: points, schedule: { every: 1s }, target: 95, tolerance: 3, source: { http: { from: api, get: answered, value: $.value } } }
";
        let kpid = Kpid::new(&config, scorecard);
        fs::create_dir(kpid.folder().join("looks")).unwrap();
        for (name, text) in templates {
            fs::write(kpid.folder().join("looks").join(name), text).unwrap();
        }
        fs::write(kpid.folder().join("chat.json.j2"), chat).unwrap();
        kpid
    }

    /// The mails to somebody: subject, text and HTML.
    fn parts_of_mails_to(&self, address: &str) -> Vec<[String; 3]> {
        let mails = self.smtp.mails().into_iter().filter(|mail| mail.to == [address]);
        let parts = mails.map(|mail| {
            let mail = MessageParser::default().parse(&mail.bytes).unwrap();
            let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
            [mail.subject().unwrap().to_owned(), text.into_owned(), html.into_owned()]
        });
        parts.collect()
    }
}

const CHAT: &str = "{\"text\": {{ subject }}, \"urgent\": {{ severity == 'error' }}}";

#[tokio::test]
async fn check_tries_templates_and_says_where_they_fail() {
    let town = Town::open().await;
    let templates = [
        ("alert.html.j2", "<p>\n  {{ nmae }}</p>"),
        ("notice.txt.j2", "{{ summary }}\n{% include '_signature.j2' %}"),
        ("_signature.j2", "-- \n{{ sender"),
        ("allert.txt.j2", "{{ name }}"),
        ("read me.md", "not a template"),
    ];
    let kpid = town.kpid_with(&templates, "{\"text\": {{ subject }}");
    let ran = kpid.run(&["check", "--format", "json"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let told = told["problems"].as_array().unwrap().iter().map(|problem| {
        let file = problem["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let message = problem["message"].as_str().unwrap().split(',').next().unwrap().to_owned();
        (file, problem["line"].as_u64().unwrap(), problem["column"].as_u64().unwrap(), message)
    });
    let told: Vec<_> = told.collect();
    for (file, line, column, says) in [
        ("kpid.yaml", 5, 9, "no mail uses"),
        ("alert.html.j2", 2, 6, "`nmae` is undefined"),
        ("_signature.j2", 2, 4, "syntax error"),
        ("chat.json.j2", 1, 1, "its output is not valid JSON"),
    ] {
        let fits = |held: &&(String, u64, u64, String)| held.0 == file && held.3.contains(says);
        let found = told.iter().find(fits);
        let found = found.unwrap_or_else(|| panic!("{file} {says}: {told:#?}"));
        assert!(found.1 == line && (file == "kpid.yaml" || found.2 == column), "{found:?}");
    }
    let text = kpid.run(&["check"]).await.stdout;
    assert!(text.contains("did you mean `alert.txt.j2`?"), "{text}");
    assert!(text.contains("2 |   {{ nmae }}</p>"), "{text}");
    assert_eq!(kpid.run(&["run"]).await.code, Some(2), "a daemon does not start on it");
}

#[tokio::test]
async fn what_is_built_in_is_written_out_and_is_a_good_beginning() {
    let town = Town::open().await;
    let kpid = town.kpid_with(&[], CHAT);
    let folder = kpid.folder().join("looks");
    let ran = kpid.run(&["notify", "--templates", folder.to_str().unwrap()]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(folder.join("alert.html.j2").exists());
    let again = kpid.run(&["notify", "--templates", folder.to_str().unwrap()]).await;
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    let checked = kpid.run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(!checked.stdout.contains(".j2"), "{}", checked.stdout);
    let own = kpid.run(&["notify", "ines", "--preview", "--format", "html"]).await.stdout;
    fs::remove_file(folder.join("alert.html.j2")).unwrap();
    let built_in = kpid.run(&["notify", "ines", "--preview", "--format", "html"]).await.stdout;
    assert_eq!(own, built_in);
}

#[tokio::test]
async fn a_template_that_fails_keeps_the_alert_and_is_told_to_operators_once() {
    let town = Town::open().await;
    // The samples have a link; this company has no page. What tells operators fails as well.
    let templates = [
        ("notice.txt.j2", "OUR OWN {{ facts.links.details if facts.event != 'test' }}"),
        (
            "alert.txt.j2",
            "OUR OWN: {{ name }} {{ badge }}\n{{ facts.links.details if facts.scorecard.id == 'acme' }}",
        ),
        ("alert.subject.j2", "OUR OWN: {{ name }} {{ facts.event }}"),
    ];
    let chat = "{\"text\": {{ subject }}, \"link\": {{ facts.links.details if kind == 'alert' and facts.scorecard.id == 'acme' else none }}}";
    let kpid = town.kpid_with(&templates, chat);
    assert_eq!(kpid.run(&["check"]).await.code, Some(0));
    town.origin.figure("answered", 98.0);
    let mut daemon = kpid.start();
    let look = async || kpid.show().await["scorecards"][0]["status"].clone();
    daemon.until("on track", look, |seen| seen == "on_track").await;
    town.origin.figure("answered", 80.0);
    let look = async || {
        (town.parts_of_mails_to("ines@acme.example"), town.parts_of_mails_to("tom@acme.example"))
    };
    // Each template that fails is told of once, in whatever order they come to be used.
    let told =
        |tom: &[[String; 3]]| tom.iter().map(|[_, text, _]| text.as_str()).collect::<String>();
    let failing = ["looks/alert.txt.j2:2: ", "looks/notice.txt.j2:1: ", "chat.json.j2:1: "];
    let are_told = |tom: &[[String; 3]]| failing.iter().all(|fault| told(tom).contains(fault));
    let seen = daemon.until("all told", look, |(ines, tom)| !ines.is_empty() && are_told(tom));
    let (ines, tom) = seen.await;
    assert_eq!(tom.len(), failing.len());
    let [subject, text, html] = &ines[0];
    assert_eq!(subject, "OUR OWN: care opened");
    assert!(text.contains("care is OFF TRACK") && !text.contains("OUR OWN"), "{text}");
    assert!(html.contains("OFF TRACK"), "{html}");
    for says in ["are made by the built-in template", "its messages wait"] {
        assert!(told(&tom).contains(says), "{says}: {}", told(&tom));
    }
    assert!(town.webhook.calls().is_empty(), "a body that is not made is not sent");

    // The next mail that fails says nothing new to operators; the chat still waits.
    town.origin.figure("answered", 98.0);
    let look = async || town.parts_of_mails_to("ines@acme.example").len();
    daemon.until("the recovery told", look, |seen| *seen == 2).await;
    assert_eq!(town.parts_of_mails_to("tom@acme.example").len(), failing.len());
    let held = kpid.run(&["outbox", "list", "--format", "json"]).await.stdout;
    let held: Value = serde_json::from_str(&held).unwrap();
    let waits = held.as_array().unwrap().iter().filter(|held| held["channel"] == "chat");
    assert!(waits.clone().all(|held| held["state"] == "pending"), "{held}");
    assert_eq!(waits.count(), 2);

    // Mended and reloaded, it goes out.
    fs::write(kpid.folder().join("chat.json.j2"), CHAT).unwrap();
    let reloaded = kpid.run(&["reload"]).await;
    assert_eq!(reloaded.code, Some(0), "{}", reloaded.stderr);
    assert_eq!(kpid.run(&["outbox", "retry", "--all"]).await.code, Some(0));
    let look = async || town.webhook.calls().len();
    daemon.until("the chat told", look, |seen| *seen >= 1).await;
    let body = town.webhook.calls()[0].json();
    assert!(body["text"].as_str().unwrap().starts_with("[Off track] care"), "{body}");
    assert_eq!(body["urgent"], true);
    daemon.stop().await;
}

#[tokio::test]
async fn a_preview_is_what_would_be_sent_and_is_not_sent() {
    let town = Town::open().await;
    let kpid = town.kpid_with(&[("alert.subject.j2", "ACME: {{ subject }}")], CHAT);
    let preview = async |more: &[&str]| {
        let ran = kpid.run(&[&["notify", more[0], "--preview"], &more[1..]].concat()).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    let text = preview(&["ines", "--event", "recovered"]).await;
    assert!(text.starts_with("Subject: ACME: [Recovered] Customer - Calder Cycles"), "{text}");
    assert!(text.contains("Customer has RECOVERED"), "{text}");
    let eml = preview(&["mail", "--format", "eml"]).await;
    let mail = MessageParser::default().parse(eml.as_bytes()).unwrap();
    assert!(mail.subject().unwrap().starts_with("ACME: [Off track] Customer"));
    let file = kpid.folder().join("mail.html");
    preview(&["ines", "--format", "html", "--out", file.to_str().unwrap()]).await;
    assert!(fs::read_to_string(&file).unwrap().starts_with("<!DOCTYPE html>"));
    let facts: Value =
        serde_json::from_str(&preview(&["ines", "--format", "json", "--event", "escalated"]).await)
            .unwrap();
    assert_eq!(facts["event"], "escalated");
    let body: Value = serde_json::from_str(&preview(&["chat"]).await).unwrap();
    assert!(body["text"].as_str().unwrap().starts_with("[Off track] Customer"), "{body}");

    // Of what is held, which is nothing yet.
    let held = preview(&["ines", "--of", "acme/care"]).await;
    assert!(held.contains("care is NO DATA"), "{held}");
    for (more, says) in [
        (["notify", "ines", "--preview", "--of", "acme/answered"], "no alert of its own"),
        (["notify", "chat", "--preview", "--format", "html"], "only its body"),
        (["notify", "ines", "--preview", "--of", "acme/cares"], "did you mean `acme/care`?"),
    ] {
        let ran = kpid.run(&more).await;
        assert_eq!(ran.code, Some(2), "{}", ran.stdout);
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    assert!(town.smtp.mails().is_empty() && town.webhook.calls().is_empty());
    assert!(!kpid.folder().join("kpid.db").exists());
}
