//! Each receiver gets what it understands.

use serde_json::{Value, json};

use crate::{
    facts::alert::Facts,
    message::Message,
    notice::Notice,
    samples,
    webhook_formats::{body::BodyRenderer, content::labels_of_episode, format::Format},
};

use kpid_rules::alerting::Event;
use kpid_rules::alerting::NoticeKind;

fn shaped(format: Format, message: impl Into<Message>) -> Value {
    serde_json::from_str(
        &BodyRenderer::of(format)
            .body(kpid_language::english(), &message.into(), Some("R0UT3"))
            .unwrap(),
    )
    .unwrap()
}

#[test]
fn each_receiver_gets_its_shape() {
    for (name, format) in
        [("slack", Format::Slack), ("teams", Format::Teams), ("alertmanager", Format::Alertmanager)]
    {
        let body =
            serde_json::to_string_pretty(&shaped(format, samples::alerts::opened())).unwrap();
        insta::assert_snapshot!(name, body);
    }
}

#[test]
fn a_pager_is_triggered_acknowledged_and_resolved_under_one_key() {
    let action = |message: Message| {
        let body = shaped(Format::PagerDuty, message);
        (
            body["event_action"].clone(),
            body["payload"]["severity"].clone(),
            body["dedup_key"].clone(),
        )
    };
    let key = json!("calder/customer/1");
    let opened = action(samples::alerts::opened().into());
    assert_eq!(opened, (json!("trigger"), json!("error"), key.clone()));
    assert_eq!(action(samples::alerts::acknowledged().into()).2, key);
    assert_eq!(action(samples::alerts::recovered().into()).0, "resolve");
    assert_eq!(action(samples::alerts::escalated().into()).1, "critical");
    let body = shaped(Format::PagerDuty, samples::alerts::opened());
    assert_eq!(body["routing_key"], "R0UT3");
    assert_eq!(body["payload"]["custom_details"]["event"], "opened");
    assert_eq!(action(samples::overviews::notice().into()).1, "info");
}

/// What a pager is sent of a notice: the body, and what ends it at once.
fn paged(event: NoticeKind, lasts: bool) -> Vec<String> {
    let message = Message::Notice(Notice { event, lasts, ..samples::overviews::notice() });
    let renderer = BodyRenderer::of(Format::PagerDuty);
    let body = renderer.body(kpid_language::english(), &message, Some("R0UT3")).unwrap();
    let end = renderer.end(kpid_language::english(), &message, Some("R0UT3")).unwrap();
    let parts = [Some(body), end].into_iter().flatten();
    let parsed = parts.map(|part| serde_json::from_str::<Value>(&part).unwrap());
    let action = |part: Value| {
        assert_eq!(part["dedup_key"], "test/ines");
        part["event_action"].as_str().unwrap().to_owned()
    };
    parsed.map(action).collect()
}

#[test]
fn what_nobody_will_end_is_ended_at_once_at_a_pager() {
    for (event, lasts, expected) in [
        (NoticeKind::Test, false, &["trigger", "resolve"][..]),
        (NoticeKind::ConfigTrouble, false, &["trigger", "resolve"]),
        (NoticeKind::GaveUp, false, &["trigger", "resolve"]),
        (NoticeKind::GaveUp, true, &["trigger"]),
        (NoticeKind::Settled, false, &["resolve"]),
        // A restatement has no end; a dead source has.
        (NoticeKind::DataTrouble, false, &["trigger", "resolve"]),
        (NoticeKind::DataTrouble, true, &["trigger"]),
        (NoticeKind::DataRecovered, false, &["resolve"]),
        (NoticeKind::AlertEnded, false, &["resolve"]),
    ] {
        assert_eq!(paged(event, lasts), expected, "{event:?} {lasts}");
    }
    let message = samples::alerts::opened().into();
    assert_eq!(
        BodyRenderer::of(Format::PagerDuty).end(kpid_language::english(), &message, None).unwrap(),
        None
    );
}

#[test]
fn what_ends_at_alertmanager_has_the_labels_of_what_began() {
    let alert = |event, lasts, dedup_key: &str| {
        let dedup_key = dedup_key.to_owned();
        let notice = Notice { event, lasts, dedup_key, ..samples::overviews::notice() };
        shaped(Format::Alertmanager, Message::Notice(notice))[0].clone()
    };
    let (began, over) = (
        alert(NoticeKind::DataTrouble, true, "source/erp/1"),
        alert(NoticeKind::DataRecovered, false, "source/erp/1"),
    );
    assert_eq!(began["labels"], over["labels"]);
    assert_eq!(began["labels"]["alertname"], "kpid_data_trouble");
    assert_eq!(over["endsAt"], over["startsAt"]);
    let opened = shaped(Format::Alertmanager, samples::alerts::opened())[0].clone();
    let ended = alert(NoticeKind::AlertEnded, false, "calder/customer/1");
    assert_eq!(opened["labels"], ended["labels"]);
    assert_eq!(ended["endsAt"], "2026-06-03T06:00:05+02:00");
    let test = alert(NoticeKind::Test, false, "test/am");
    assert_eq!(test["endsAt"], "2026-06-03T06:10:05+02:00", "it is over soon by itself");
}

#[test]
fn an_alert_of_alertmanager_ends_when_it_is_over() {
    let ends = |message: Message| shaped(Format::Alertmanager, message)[0]["endsAt"].clone();
    assert!(ends(samples::alerts::opened().into()).as_str().unwrap().starts_with("2027-06-03"));
    assert!(ends(samples::alerts::recovered().into()).as_str().unwrap().starts_with("2026-"));
}

#[test]
fn a_rename_while_it_is_open_makes_no_other_alert() {
    let labels = |facts| shaped(Format::Alertmanager, facts)[0]["labels"].clone();
    let mut facts = samples::alerts::recovered();
    facts.node.id = "clients".to_owned();
    facts.node.path = "calder/clients".to_owned();
    assert_eq!(labels(facts), labels(samples::alerts::opened()));
    let of = |dedup_key: &str| labels_of_episode(dedup_key)[1..].to_vec();
    let both = |scorecard: &str, node: &str| {
        vec![("scorecard", scorecard.to_owned()), ("node", node.to_owned())]
    };
    assert_eq!(of("calder/1"), both("calder", "calder"));
    assert_eq!(of("calder/customer/promise/2"), both("calder", "calder/customer/promise"));
}

#[test]
fn an_early_alert_is_as_severe_as_what_it_warns_of() {
    let severity = |event| {
        let body = shaped(Format::PagerDuty, Facts { event, ..samples::alerts::early() });
        body["payload"]["severity"].clone()
    };
    assert_eq!(severity(Event::Opened), "error");
    assert_eq!(severity(Event::Escalated), "critical");
}

#[test]
fn what_authors_wrote_calls_nobody_in_a_chat() {
    let mut facts = samples::alerts::opened();
    facts.node.name = "<!channel> ```".to_owned();
    let body = shaped(Format::Slack, facts);
    let text = body["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(!text.contains("<!channel>") && text.matches("```").count() == 2, "{text}");
    assert_eq!(
        (&body["mrkdwn"], &body["blocks"][0]["text"]["emoji"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn what_people_wrote_is_no_markup_in_teams() {
    let mut facts = samples::alerts::opened();
    let text = "Details: [Payroll](https://phish.example/login) please sign in".to_owned();
    facts.episode.acknowledged_by = Some("# eve".to_owned());
    facts.episode.comment = Some(text.clone());
    facts.note = Some(crate::facts::alert::NoteFacts {
        of: "calder/customer".into(),
        period: "2026-05".into(),
        by: "eve".into(),
        at: facts.at,
        text,
    });
    let card = &shaped(Format::Teams, facts)["attachments"][0]["content"];
    let blocks = card["body"].as_array().unwrap();
    let lines: Vec<&str> = blocks.iter().map(|block| block["text"].as_str().unwrap()).collect();
    assert!(
        lines.iter().all(|line| !line.contains('\n') && !line.contains(" [Payroll]")),
        "{lines:#?}"
    );
    assert_eq!(lines.iter().filter(|line| line.contains("\\[Payroll\\](")).count(), 2);
    assert!(lines.len() > 15, "a block for each line: {lines:#?}");
}
