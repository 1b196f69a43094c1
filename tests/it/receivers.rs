//! What receivers take: as much as each has room for, and nothing that people wrote is markup there.

use std::{fmt::Write as _, fs};

use kpid_rules::model::KpiRef;
use kpid_store::Store;
use mail_parser::MessageParser;

use crate::world::{
    kpid::Kpid,
    smtp::{Mail, Smtp},
    town::Town,
    webhook::{Call, Webhook},
};

/// What a person writes who knows what is markup where.
const TRICK: &str = "Details: [Payroll](https://phish.example/login) <b>now</b> <!channel>";

#[tokio::test]
async fn what_people_wrote_is_text_wherever_it_is_read() {
    let (town, slack) = tokio::join!(Town::open(), Webhook::start());
    let Town { origin, smtp, webhook: teams } = &town;
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/London }}
connections: {{ api: {} }}
channels:
  mail: {{ email: {{ smtp: {}, from: kpid@harbour.example }} }}
  teams: {{ webhook: {{ url: \"{}\", format: teams }} }}
  slack: {{ webhook: {{ url: \"{}\", format: slack }} }}
people: {{ ada: {{ name: Ada, email: ada@harbour.example }} }}
operators: [ada]
",
        origin.yaml(),
        smtp.yaml(),
        teams.url(),
        slack.url()
    );
    let kpi = "nature: level, unit: pcs, target: 95, schedule: { every: 1s }, source: { http: { from: api, get: otd, value: $.value } }";
    let scorecard = format!(
        "scorecard: h
name: \"# Harbour\\n- one\"
perspectives:
  customer:
    name: \"1. Customer *care*\"
    alert: {{ to: [ada, teams, slack] }}
    objectives:
      promise:
        kpis:
          otd: {{ name: {TRICK:?}, {kpi} }}
          calls: {{ name: \"1. Calls __now__\", {kpi} }}
"
    );
    let kpid = Kpid::new(&config, &scorecard);
    origin.figure("otd", 98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    let note = kpid.run(&["alerts", "note", "h/customer", TRICK, "--by", "eve"]).await;
    assert_eq!(note.code, Some(0), "{}", note.stderr);
    origin.figure("otd", 10.0);
    let told = async || (smtp.mails().len(), teams.calls().len(), slack.calls().len());
    daemon.until("all told", told, |told| told.0 > 0 && told.1 > 0 && told.2 > 0).await;
    daemon.stop().await;

    let card = teams.calls()[0].json()["attachments"][0]["content"].clone();
    let lines: Vec<String> = card["body"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(lines.len() > 8 && lines.iter().all(|line| !line.contains('\n')), "{lines:#?}");
    let tricks: Vec<&String> = lines.iter().filter(|line| line.contains("Payroll")).collect();
    assert!(tricks.len() >= 2, "the KPI and the note: {lines:#?}");
    for trick in tricks {
        assert!(trick.contains("\\[Payroll\\](https://phish.example/login) \\<b\\>"), "{trick}");
    }
    assert!(lines[1].starts_with("1\\. Customer \\*care\\* is "), "{}", lines[1]);

    let body = slack.calls()[0].json();
    let text = body["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(
        text.starts_with("```") && text.contains("&lt;b&gt;now&lt;/b&gt; &lt;!channel&gt;"),
        "{text}"
    );

    let mail = smtp.mails().remove(0).bytes;
    let mail = MessageParser::default().parse(&mail).unwrap();
    let html = mail.body_html(0).unwrap();
    assert!(html.contains("&lt;b&gt;now&lt;&#x2f;b&gt;") && !html.contains("<b>now"), "{html}");
    assert!(!html.contains("href"), "no link that nobody of ours made: {html}");
    let subject = mail.subject().unwrap();
    assert!(subject.starts_with("[Off track] 1. Customer *care* - # Harbour - one"), "{subject}");
}

#[tokio::test]
async fn a_report_of_hundreds_of_kpis_fits_a_mail_and_a_card_and_says_how_much_more_there_is() {
    let (smtp, teams) = tokio::join!(Smtp::start(), Webhook::start());
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/London }}
connections: {{ sheet: {{ csv: {{ folder: data }} }} }}
channels:
  mail: {{ email: {{ smtp: {}, from: kpid@harbour.example }} }}
  teams: {{ webhook: {{ url: \"{}\", format: teams }} }}
people: {{ bob: {{ name: Bob, email: bob@harbour.example }} }}
web: {{ public_url: \"https://kpi.harbour.example/\" }}
",
        smtp.yaml(),
        teams.url()
    );
    let mut scorecard =
        "scorecard: h\nname: Harbour Foods Group\nreport: { to: [bob, teams] }\nperspectives:\n"
            .to_owned();
    let mut rows = [String::from("kpi,period,value\n"), String::from("kpi,period,value\n")];
    for at in 0..256_u32 {
        if at % 32 == 0 {
            writeln!(scorecard, "  p{at}:\n    name: Perspective {at} of the group\n    alert: {{ to: [] }}\n    objectives:").unwrap();
        }
        if at % 4 == 0 {
            writeln!(scorecard, "      o{at}:\n        name: Objective {at}, described in the words of the strategy\n        kpis:").unwrap();
        }
        writeln!(
            scorecard,
            "          k{at}: {{ name: \"Indicator {at}: share of deliveries that left the site on the promised day\", \
             nature: flow, unit: orders, target: 100, tolerance: 10, lag: 2wd, owner: bob, schedule: {{ every: 1h }}, \
             source: {{ csv: {{ from: sheet, file: rows.csv, reading: series, rows: {{ kpi: k{at} }} }} }}, \
             initiatives: {{ i{at}: {{ name: \"Initiative {at}: new carrier contract and second shift\", state: running }} }} }}"
        )
        .unwrap();
        writeln!(rows[0], "k{at},2026-04,110").unwrap();
        writeln!(rows[1], "k{at},2026-05,{}", 50 + at % 40).unwrap();
    }
    let kpid = Kpid::new(&config, &scorecard);
    let data = kpid.folder().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("rows.csv"), &rows[0]).unwrap();
    let seen = async || {
        let Ok(store) = Store::open_read_only(&kpid.folder().join("kpid.db")).await else {
            return false;
        };
        let kpis = [KpiRef::parse("h/k255").unwrap()].into();
        let held = store.held(&kpis).await;
        store.close().await;
        held.is_ok_and(|held| !held.reported.is_empty())
    };
    kpid.run_at("2026-05-06T08:00:00Z", "the first look", seen).await;
    let text = format!("kpi,period,value\n{}", rows.concat().replace("kpi,period,value\n", ""));
    fs::write(data.join("rows.csv"), text).unwrap();
    // Whether April was history at the first look, or is told beside it, is a matter of moments.
    let of_may = |call: &Call| {
        let card = &call.json()["attachments"][0]["content"];
        card["body"][0].to_string().contains("May 2026")
    };
    let mail_of_may = |mail: &Mail| {
        let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
        parsed.subject().unwrap().contains("May 2026")
    };
    let told = async || teams.calls().iter().any(of_may) && smtp.mails().iter().any(mail_of_may);
    kpid.run_at("2026-06-03T08:00:00Z", "the report", told).await;

    let call = teams.calls().into_iter().find(of_may).unwrap();
    assert!(call.json().to_string().len() < 20_000, "{}", call.json().to_string().len());
    let card = &call.json()["attachments"][0]["content"];
    let text = card["body"].to_string();
    assert!(text.contains(" more"), "{text}");
    assert!(
        card["actions"][0]["url"].as_str().unwrap().starts_with("https://kpi.harbour.example/")
    );

    let mail = smtp.mails().into_iter().find(mail_of_may).unwrap().bytes;
    let mail = MessageParser::default().parse(&mail).unwrap();
    let html = mail.body_html(0).unwrap();
    assert!(html.len() < 100_000, "{}", html.len());
    assert!(html.contains(" more</td>") && html.contains("Shortened to fit"), "{html}");
    assert!(html.contains("href=\"https://kpi.harbour.example/"), "{html}");
}
