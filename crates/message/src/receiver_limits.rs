//! What each receiver has room for, held against messages of which everything is long.

use serde_json::Value;

use crate::{
    mail::render,
    message::Message,
    samples,
    webhook_formats::{body::BodyRenderer, format::Format},
};

fn shaped(format: Format, message: impl Into<Message>) -> Value {
    serde_json::from_str(
        &BodyRenderer::of(format)
            .body(kpid_language::english(), &message.into(), Some("R0UT3"))
            .unwrap(),
    )
    .unwrap()
}

/// An alert and a report of which everything is long.
fn long() -> [Message; 3] {
    let name = "R&D <of> \"deliveries\" that left the site on the promised day ✅ ".repeat(40);
    let mut facts = samples::alerts::opened();
    facts.node.name = name.clone();
    facts.scorecard.name = name.clone();
    facts.dedup_key = format!("{}/1", "k".repeat(64) + &"/k2345678".repeat(40));
    for kpi in &mut facts.kpis {
        kpi.name = name.clone();
    }
    facts.initiatives = std::iter::repeat_n(facts.initiatives[0].clone(), 300).collect();
    for initiative in &mut facts.initiatives {
        initiative.name = name.clone();
    }
    facts.remarks = vec![name.clone(); 50];
    facts.kpis = std::iter::repeat_n(facts.kpis, 60).flatten().collect();
    let mut report = samples::overviews::report();
    let mut entry = report.sections[0].entries[0].clone();
    (entry.name, entry.notes) = (name.clone(), vec![name.clone(); 3]);
    for section in &mut report.sections {
        section.entries = vec![entry.clone(); 40];
    }
    let mut row = report.map[0].clone();
    row.objectives = std::iter::repeat_n(row.objectives, 12).flatten().collect();
    report.map = vec![row; 40];
    let mut notice = samples::overviews::notice();
    notice.dedup_key = name.clone();
    notice.summary = name.clone();
    notice.sections[0].lines = vec![name; 500];
    [facts.into(), report.into(), notice.into()]
}

#[test]
fn every_receiver_has_room_for_what_is_sent_and_is_told_how_much_more_there_is() {
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    let chars = |value: &Value| text_of(value).encode_utf16().count();
    for (at, message) in long().into_iter().enumerate() {
        let has_link = at < 2;
        let slack = shaped(Format::Slack, message.clone());
        let blocks = slack["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50 && chars(&slack["text"]) <= 4_000);
        assert!(chars(&blocks[0]["text"]["text"]) <= 150);
        assert!(
            chars(&blocks[1]["text"]["text"]) <= 3_000,
            "{}",
            chars(&blocks[1]["text"]["text"])
        );
        let text = text_of(&blocks[1]["text"]["text"]);
        let end = if has_link {
            "more lines; Details has all of it"
        } else {
            "more lines; `kpid show` has all of it"
        };
        assert!(text.ends_with(end), "{text}");
        assert_eq!(blocks.get(2).is_some(), has_link);

        let teams = shaped(Format::Teams, message.clone());
        assert!(teams.to_string().len() <= 20_000, "{}", teams.to_string().len());
        let card = &teams["attachments"][0]["content"];
        let body = card["body"].as_array().unwrap();
        let last = text_of(&body[body.len() - 1]["text"]);
        assert!(last.starts_with("… and ") && last.ends_with(end), "{last}");
        assert_eq!(card.get("actions").is_some(), has_link);

        let pager = shaped(Format::PagerDuty, message.clone());
        assert!(pager.to_string().len() <= 512_000, "{}", pager.to_string().len());
        assert!(chars(&pager["payload"]["summary"]) <= 1_024);
        assert!(chars(&pager["dedup_key"]) <= 255);

        let mail = render::plain(&message).unwrap();
        assert!(mail.html.len() < 100_000, "{at}: {}", mail.html.len());
        assert!(mail.subject.chars().count() <= 70);
        // A number and its word stand together.
        let html = mail.html.replace('\u{a0}', " ");
        assert!(html.contains(" more"), "{html}");
    }
    let report = render::plain(&long()[1]).unwrap();
    assert!(report.text.contains("Shortened to fit: the link below leads to the rest."));
    assert!(report.html.contains("more are not shown in the map."));
    let fits = samples::overviews::report();
    assert!(!render::plain(&fits.into()).unwrap().text.contains("Shortened"));
}
