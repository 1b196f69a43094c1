//! What people and systems wrote is text wherever it is shown: no markup on the page or in a report,
//! no formula in a table that a spreadsheet opens.

use chrono::{Datelike, Days, Utc};

use crate::{
    web,
    world::{
        kpid::Kpid,
        origin::{Answer, Origin},
    },
};

/// Markup, a formula, and quotes that would end an attribute.
const NASTY: &str = "=1+1 <script>alert(1)</script> \\\" onload=\\\"x' &amp;";

fn kpid(origin: &Origin) -> Kpid {
    let api = origin.yaml();
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/London }}
web: {{ listen: \"127.0.0.1:0\" }}
connections: {{ api: {api} }}
channels: {{ mail: {{ email: {{ from: kpid@harbour.example, folder: mails }} }} }}
people: {{ ada: {{ name: \"{NASTY}\", role: \"{NASTY}\", email: ada@harbour.example }} }}
operators: [ada]
"
    );
    let scorecard = format!(
        "scorecard: h
name: \"{NASTY}\"
owner: ada
report: {{ to: [ada] }}
perspectives:
  customer:
    name: \"{NASTY}\"
    owner: ada
    objectives:
      promise:
        name: \"{NASTY}\"
        initiatives: {{ i: {{ name: \"{NASTY}\", owner: ada, due: 2099-01-01 }} }}
        kpis:
          otd: {{ name: \"{NASTY}\", unit: \"{NASTY}\", description: \"{NASTY}\", nature: level, target: 95, tolerance: 3, owner: ada,
                  schedule: {{ every: 1s }}, source: {{ http: {{ from: api, get: otd, value: $.value }} }} }}
          fallen: {{ unit: \"=1\", nature: flow, target: 95, tolerance: 3, owner: ada }}
"
    );
    Kpid::new(&config, &scorecard)
}

fn last_month() -> String {
    let first = Utc::now().date_naive().with_day(1).unwrap();
    (first - Days::new(1)).format("%Y-%m").to_string()
}

fn check_markup(what: &str, html: &str) {
    for part in ["<script>alert", "\" onload=\"x", "&amp;amp;amp;"] {
        assert!(!html.contains(part), "{what} has {part}: {html}");
    }
    let shown = html.replace("&#x3c;", "&lt;").replace("&#60;", "&lt;");
    assert!(shown.contains("=1+1 &lt;script"), "{what} lacks the text: {html}");
}

#[tokio::test]
async fn what_others_wrote_is_no_markup_on_the_page_or_in_a_report() {
    let origin = Origin::start().await;
    origin.figure("otd", 10.0);
    let kpid = kpid(&origin);
    kpid.import(&format!("kpi,period,value\nh/fallen,{},90\n", last_month())).await;
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "off_track").await;
    let note = NASTY.replace('\\', "");
    kpid.says(&["alerts", "note", "h/otd", &note]).await;
    let at = daemon.address().await;
    for page in ["/", "/c/h", "/c/h/customer", "/c/h/customer/promise", "/c/h/kpi/otd", "/wall/h"] {
        check_markup(page, &web::text(at, page).await);
    }
    // The words of a source that fails are shown as well.
    origin.set("otd", Answer::Json(r#"{"value":"<script>alert(2)</script>"}"#.to_owned()));
    let page = async || web::text(at, "/data").await;
    let page = daemon.until("the failure", page, |page| page.contains("alert(2)")).await;
    assert!(!page.contains("<script>alert(2)"), "{page}");
    daemon.stop().await;
    check_markup("the report", &kpid.says(&["report", "h", "--format", "html"]).await);
}

#[tokio::test]
async fn no_cell_of_an_export_is_a_formula() {
    let origin = Origin::start().await;
    let kpid = kpid(&origin);
    let month = last_month();
    kpid.import(&format!("kpi,period,value\nh/fallen,{month},-12.5\n")).await;
    let export = kpid.says(&["export"]).await;
    let mut rows = csv::Reader::from_reader(export.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1, "{export}");
    for cell in &rows[0] {
        // A spreadsheet reads these as a formula, but for a negative number.
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        assert!(!is_formula || cell.parse::<f64>().is_ok(), "{cell} of {export}");
    }
    assert_eq!(&rows[0][2], "-12.5");
    // What could begin with such a sign is no id.
    for id in ["=1+1", "@sum", "-a", "+a", "\"a", "a,b", "a\"b"] {
        kpid.rewrite_scorecard(&format!(
            "scorecard: h\nperspectives: {{ p: {{ objectives: {{ o: {{ kpis: {{ '{id}': {{ nature: flow, target: 1 }} }} }} }} }} }}\n"
        ));
        let checked = kpid.run(&["check"]).await;
        assert_eq!(checked.code, Some(1), "{id}: {checked:?}");
        let sent = kpid.folder().join("bad.csv");
        let quoted = id.replace('"', "\"\"");
        std::fs::write(&sent, format!("kpi,period,value\n\"h/{quoted}\",{month},1\n")).unwrap();
        let imported = kpid.run(&["import", &sent.display().to_string()]).await;
        assert_ne!(imported.code, Some(0), "{id}");
    }
}

/// A line break, a record that somebody else would have made, and a sign that turns the rest round.
const FORGED: &str = "seen\n2026-11-30 14:00  root dropped h/otd\r\u{2028}\u{202e}gnp.exe";

/// Lines that begin as records do, and signs that nobody sees.
fn check_lines(what: &str, text: &str) {
    for line in text.split(['\n', '\r', '\u{2028}', '\u{2029}']) {
        assert!(!line.trim_start().starts_with("2026-11-30 14:00"), "{what}: {text}");
    }
    assert!(!text.contains('\u{202e}'), "{what}: {text}");
}

#[tokio::test]
async fn nobody_writes_a_record_of_somebody_else() {
    let origin = Origin::start().await;
    origin.figure("otd", 10.0);
    let kpid = kpid(&origin);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "off_track").await;
    let by = format!("root{FORGED}");
    let until = (Utc::now().date_naive() + Days::new(10)).to_string();
    kpid.says(&["alerts", "note", "h/otd", FORGED, "--by", &by]).await;
    kpid.says(&["alerts", "silence", "h", "--until", &until, "--reason", FORGED, "--by", &by])
        .await;
    origin.set("otd", Answer::Json(format!("\"{}\"", FORGED.escape_default())));
    daemon.until_log("no figure for").await;
    check_lines("the log", &daemon.log());
    daemon.stop().await;
    for command in [
        &["audit"][..],
        &["alerts", "list", "--all"],
        &["show"],
        &["outbox", "list", "--all"],
        &["doctor"],
    ] {
        check_lines(&command.join(" "), &kpid.run(command).await.stdout);
    }
    let named = format!("name: \"x{}\"", "\\n2026-11-30 14:00  root dropped h\\u202e");
    kpid.rewrite_scorecard(&format!(
        "scorecard: h\n{named}\nperspectives: {{ p: {{ {named}, objectives: {{ o: {{ kpis: {{ k: {{ {named}, unit: \"a\\n2026-11-30 14:00\", nature: flow, target: 1, tolerance: 1 }} }} }} }} }} }}\n"
    ));
    for command in [&["check"][..], &["show"], &["digest"], &["explain", "h/p"], &["report", "h"]] {
        let ran = kpid.run(command).await;
        check_lines(&command.join(" "), &(ran.stdout + &ran.stderr));
    }
}
