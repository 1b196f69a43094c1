//! The shapes that receivers of webhooks want: the same facts for chats, pagers and Alertmanager.
//! What a person reads is the text of the mail.

use std::sync::Arc;

use anyhow::anyhow;
use chrono::{DateTime, FixedOffset, TimeDelta};
use minijinja::{context, value::Serde};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::{
    facts::Facts,
    fit,
    mail::{render, renderer::Rendered},
    markup::{for_slack, for_teams, pager_key},
    message::Message,
    template::{self, Fault, Template},
};

use kpid_rules::alerting::NoticeKind;
use kpid_rules::{alerting::Event, model::Status};

/// What the body of a webhook looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The facts as JSON.
    #[default]
    Generic,
    /// A message of Slack.
    Slack,
    /// An adaptive card of Microsoft Teams.
    Teams,
    /// An event of PagerDuty; the secret is its routing key and signs nothing.
    PagerDuty,
    /// An alert of Alertmanager.
    Alertmanager,
    /// As its author wants it.
    Own(Arc<Body>),
}

impl Format {
    /// Whether its receiver keeps open what begins until its end comes under the same key.
    pub fn keeps_open(&self) -> bool {
        matches!(self, Self::PagerDuty | Self::Alertmanager)
    }
}

/// The body of a webhook as its author wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// What makes it.
    pub template: Template,
    /// What it is sent as; what is JSON must be.
    pub content_type: String,
}

/// Slack refuses a block whose text is longer than 3000; the rest is for what is said at its end.
const SLACK_CHARS_MAX: usize = 2_800;

/// A longer line leaves no room for the others.
const SLACK_LINE_CHARS_MAX: usize = 600;

/// Teams refuses a message of 28 kB, or takes it and loses it; it was seen to count a sixth more than
/// its bytes, and the frame of the card is 1 kB.
const TEAMS_BYTES_MAX: usize = 18_500;

/// A longer line leaves no room for the others.
const TEAMS_LINE_BYTES_MAX: usize = 2_000;

/// A digest or report is made shorter so many times before its end is left out.
const BULLETIN_STEPS: usize = 5;

/// PagerDuty refuses an event of 512 kB.
const PAGERDUTY_BYTES_MAX: usize = 480_000;

/// What a person reads of one whose facts do not fit.
const PAGERDUTY_TEXT_CHARS_MAX: usize = 20_000;

/// Slack refuses a longer header.
const SLACK_HEADER_CHARS_MAX: usize = 150;

/// PagerDuty cuts a longer summary off.
const SUMMARY_CHARS_MAX: usize = 1024;

/// Long enough for Alertmanager to tell of what is over as soon as it was told.
const NOTICE_LASTS: TimeDelta = TimeDelta::minutes(10);

/// Alertmanager forgets an alert that is not told again; this one lasts until it is resolved.
const ALERT_LASTS: TimeDelta = TimeDelta::days(365);

/// Where an alert stands, as pagers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Triggered,
    Acknowledged,
    Resolved,
    /// Nobody will end it: it is over as soon as it was told.
    Over,
}

/// What a body is sent as, unless its author says otherwise.
pub(crate) const JSON: &str = "application/json";

/// What a body of this shape is sent as.
pub fn content_type(format: &Format) -> &str {
    match format {
        Format::Own(body) => &body.content_type,
        _ => JSON,
    }
}

/// The body for a receiver; `key` is what PagerDuty knows us by.
pub fn body(format: &Format, message: &Message, key: Option<&str>) -> anyhow::Result<String> {
    let told = Content::of(message)?;
    let told = match format {
        Format::Slack => told.fitting(message, Content::slack_lines)?,
        Format::Teams => told.fitting(message, Content::teams_lines)?,
        _ => told,
    };
    let value = match format {
        Format::Generic => return Ok(message.to_json()?),
        Format::Own(body) => return own(body, message).map_err(|fault| anyhow!("{fault}")),
        Format::Slack => told.slack(),
        Format::Teams => told.teams(),
        Format::PagerDuty => told.pagerduty(key.unwrap_or_default(), message),
        Format::Alertmanager => told.alertmanager(),
    };
    Ok(serde_json::to_string(&value)?)
}

/// What is posted right after the body, to end at a pager what nobody will end.
pub fn end(
    format: &Format,
    message: &Message,
    key: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let told = Content::of(message)?;
    if *format != Format::PagerDuty || told.stage != Stage::Over {
        return Ok(None);
    }
    let end =
        Content { stage: Stage::Resolved, ..told }.pagerduty(key.unwrap_or_default(), message);
    Ok(Some(serde_json::to_string(&end)?))
}

/// The body that a template of an author's own makes.
pub fn own(body: &Body, message: &Message) -> Result<String, Fault> {
    let Body { template, content_type } = body;
    let (name, templates) = (&template.name, std::slice::from_ref(template));
    let blame = |error: &minijinja::Error| {
        let fault = Fault::of(error, name, templates);
        fault.unwrap_or_else(|| Fault::whole(template, error.to_string()))
    };
    let told =
        Content::of(message).map_err(|error| Fault::whole(template, format!("{error:#}")))?;
    let mut environment = template::environment();
    if let Some(fault) = template::add(&mut environment, templates).pop() {
        return Err(fault);
    }
    let model = told.model(message);
    let text = template::render(&environment, name, &model).map_err(|error| blame(&error))?;
    if text.trim().is_empty() {
        return Err(Fault::whole(template, "it makes nothing"));
    }
    if is_json(content_type)
        && let Err(error) = serde_json::from_str::<IgnoredAny>(&text)
    {
        return Err(Fault::whole(template, format!("what it makes is no JSON: {error}")));
    }
    Ok(text)
}

/// `application/json`, `application/cloudevents+json; charset=utf-8`
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == JSON || kind.ends_with("+json")
}

/// What all of them say.
struct Content {
    subject: String,
    text: String,
    dedup_key: String,
    stage: Stage,
    severity: &'static str,
    at: DateTime<FixedOffset>,
    opened_at: DateTime<FixedOffset>,
    link: Option<String>,
    labels: Vec<(&'static str, String)>,
}

impl Content {
    fn of(message: &Message) -> anyhow::Result<Self> {
        let rendered = render::whole(message)?;
        Ok(match message {
            Message::Alert(facts) => Self::news(facts, rendered),
            Message::Overview(overview) => {
                let Rendered { subject, text, .. } = rendered;
                Self {
                    subject,
                    text,
                    dedup_key: overview.dedup_key.clone(),
                    // Nothing that a pager should wait for the end of.
                    stage: Stage::Resolved,
                    severity: "info",
                    at: overview.at,
                    opened_at: overview.at,
                    link: overview.links.as_ref().map(|links| links.details.clone()),
                    labels: vec![("alertname", format!("kpid_{}", overview.event.word()))],
                }
            }
            Message::Notice(notice) => {
                let Rendered { subject, text, .. } = rendered;
                let stage = match notice.event {
                    NoticeKind::DataRecovered | NoticeKind::Settled | NoticeKind::AlertEnded => {
                        Stage::Resolved
                    }
                    _ if notice.lasts => Stage::Triggered,
                    _ => Stage::Over,
                };
                // What ends goes by the name of what began.
                let began = match notice.event {
                    NoticeKind::DataRecovered => NoticeKind::DataTrouble,
                    NoticeKind::Settled => NoticeKind::GaveUp,
                    event => event,
                };
                let labels = match began {
                    NoticeKind::AlertEnded => labels_of_episode(&notice.dedup_key),
                    event => vec![("alertname", format!("kpid_{}", event.word()))],
                };
                Self {
                    subject,
                    text,
                    dedup_key: notice.dedup_key.clone(),
                    stage,
                    severity: match notice.event {
                        NoticeKind::DataTrouble
                        | NoticeKind::GaveUp
                        | NoticeKind::ConfigTrouble => "warning",
                        _ => "info",
                    },
                    at: notice.at,
                    opened_at: notice.at,
                    link: None,
                    labels,
                }
            }
        })
    }

    fn news(facts: &Facts, Rendered { subject, text, .. }: Rendered) -> Self {
        let stage = match facts.event {
            Event::Opened | Event::Worsened | Event::Reminded | Event::Escalated => {
                Stage::Triggered
            }
            Event::Acknowledged => Stage::Acknowledged,
            Event::Recovered | Event::Corrected => Stage::Resolved,
        };
        let severity = match (facts.event, facts.judged().0) {
            (Event::Escalated, _) => "critical",
            (_, Some(Status::OffTrack)) => "error",
            (_, Some(Status::AtRisk)) => "warning",
            _ => "info",
        };
        Self {
            subject,
            text,
            dedup_key: facts.dedup_key.clone(),
            stage,
            severity,
            at: facts.at,
            opened_at: facts.episode.opened_at.unwrap_or(facts.at),
            link: facts.links.as_ref().map(|links| links.details.clone()),
            labels: labels_of_episode(&facts.dedup_key),
        }
    }

    /// What a template of an author's own can name.
    fn model(&self, message: &Message) -> minijinja::Value {
        let (kind, facts) = match message {
            Message::Alert(facts) => ("alert", minijinja::Value::from(Serde(facts.as_ref()))),
            Message::Overview(overview) => {
                (overview.word(), minijinja::Value::from(Serde(overview.as_ref())))
            }
            Message::Notice(notice) => ("notice", minijinja::Value::from(Serde(notice))),
        };
        let stage = match self.stage {
            Stage::Triggered | Stage::Over => "triggered",
            Stage::Acknowledged => "acknowledged",
            Stage::Resolved => "resolved",
        };
        context! {
            kind,
            stage,
            severity => self.severity,
            subject => &self.subject,
            text => &self.text,
            link => &self.link,
            facts,
        }
    }

    /// The same with fewer entries under each heading, where that is what makes it too long.
    fn fitting(
        self,
        message: &Message,
        lines: impl Fn(&Self) -> (Vec<String>, usize),
    ) -> anyhow::Result<Self> {
        let Message::Overview(_) = message else { return Ok(self) };
        let mut told = self;
        for shorter in fit::shorter(message).take(BULLETIN_STEPS) {
            if lines(&told).1 == 0 {
                break;
            }
            told = Self::of(&shorter)?;
        }
        Ok(told)
    }

    fn slack_lines(&self) -> (Vec<String>, usize) {
        let cost = |line: &str| line.encode_utf16().count() + 1;
        fit::lines(&self.text, SLACK_CHARS_MAX, SLACK_LINE_CHARS_MAX, for_slack, cost)
    }

    fn teams_lines(&self) -> (Vec<String>, usize) {
        let cost = |line: &str| text_block(line, "Default").to_string().len() + 1;
        fit::lines(&self.text, TEAMS_BYTES_MAX, TEAMS_LINE_BYTES_MAX, for_teams, cost)
    }

    /// A message of Slack: the text as a block of code, in which nothing is markup.
    fn slack(&self) -> Value {
        let (lines, rest) = self.slack_lines();
        let mut text = format!("```{}```", lines.join("\n"));
        if rest > 0 {
            text.push_str(&format!("\n{}{}", fit::more(rest), self.elsewhere()));
        }
        let subject = fit::cut(&self.subject, SLACK_HEADER_CHARS_MAX);
        let mut blocks = vec![
            json!({ "type": "header", "text": { "type": "plain_text", "text": subject, "emoji": false } }),
            json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }),
        ];
        blocks.extend(self.link.as_ref().map(|link| {
            json!({ "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Details" }, "url": link }] })
        }));
        json!({ "text": for_slack(&self.subject), "mrkdwn": false, "blocks": blocks })
    }

    /// An adaptive card, as the workflows of Teams take it: a block for each line, since a line feed
    /// within one is a blank there.
    fn teams(&self) -> Value {
        let (lines, rest) = self.teams_lines();
        let mut body = vec![json!({
            "type": "TextBlock", "text": for_teams(&self.subject), "weight": "Bolder", "size": "Medium", "wrap": true,
        })];
        let mut spacing = "Default";
        for line in &lines {
            if line.is_empty() {
                spacing = "Medium";
            } else {
                body.push(text_block(line, spacing));
                spacing = "None";
            }
        }
        if rest > 0 {
            body.push(text_block(&format!("{}{}", fit::more(rest), self.elsewhere()), "Medium"));
        }
        let mut card = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": { "width": "Full" },
            "body": body,
        });
        if let Some(link) = &self.link {
            card["actions"] =
                json!([{ "type": "Action.OpenUrl", "title": "Details", "url": link }]);
        }
        json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card,
            }],
        })
    }

    /// Where what is left out is found.
    fn elsewhere(&self) -> &'static str {
        if self.link.is_some() {
            "; Details leads to all of it"
        } else {
            "; `kpid show` has all of it"
        }
    }

    /// PagerDuty's Events API v2.
    fn pagerduty(&self, key: &str, message: &Message) -> Value {
        let action = match self.stage {
            Stage::Triggered | Stage::Over => "trigger",
            Stage::Acknowledged => "acknowledge",
            Stage::Resolved => "resolve",
        };
        let facts = message.to_json().ok().and_then(|text| serde_json::from_str(&text).ok());
        let details: Value = facts.unwrap_or(Value::Null);
        let bytes = details.to_string().len();
        let details = if bytes > PAGERDUTY_BYTES_MAX {
            let more = format!(
                "the facts are {bytes} bytes, more than PagerDuty takes{}",
                self.elsewhere()
            );
            json!({ "text": fit::cut(&self.text, PAGERDUTY_TEXT_CHARS_MAX), "more": more })
        } else {
            details
        };
        let links = self.link.iter().map(|link| json!({ "href": link, "text": "Details" }));
        json!({
            "routing_key": key,
            "event_action": action,
            "dedup_key": pager_key(&self.dedup_key),
            "payload": {
                "summary": fit::cut(&self.subject, SUMMARY_CHARS_MAX),
                "source": "kpid",
                "severity": self.severity,
                "timestamp": self.at.to_rfc3339(),
                "class": "balanced scorecard",
                "custom_details": details,
            },
            "links": links.collect::<Vec<_>>(),
        })
    }

    /// Alertmanager's API v2: `POST /api/v2/alerts`.
    fn alertmanager(&self) -> Value {
        let mut labels: serde_json::Map<String, Value> =
            self.labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        labels.insert("dedup_key".to_owned(), json!(self.dedup_key));
        let ends = match self.stage {
            Stage::Resolved => self.at,
            Stage::Over => self.at + NOTICE_LASTS,
            Stage::Triggered | Stage::Acknowledged => self.at + ALERT_LASTS,
        };
        let mut alert = json!({
            "labels": labels,
            "annotations": { "summary": self.subject, "description": self.text, "severity": self.severity },
            "startsAt": self.opened_at.to_rfc3339(),
            "endsAt": ends.to_rfc3339(),
        });
        if let Some(link) = &self.link {
            alert["generatorURL"] = json!(link);
        }
        json!([alert])
    }
}

/// What Alertmanager knows an episode by: the scorecard and the node by the ids that they had when it
/// opened. A rename must not make another alert of it, of which the first would never end.
fn labels_of_episode(dedup_key: &str) -> Vec<(&'static str, String)> {
    let path = dedup_key.rsplit_once('/').map_or(dedup_key, |(path, _)| path);
    let scorecard = path.split('/').next().unwrap_or(path);
    vec![
        ("alertname", "kpid_off_track".to_owned()),
        ("scorecard", scorecard.to_owned()),
        ("node", path.to_owned()),
    ]
}

fn text_block(line: &str, spacing: &str) -> Value {
    json!({ "type": "TextBlock", "text": line, "wrap": true, "spacing": spacing })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{notice::Notice, samples};

    fn shaped(format: Format, message: impl Into<Message>) -> Value {
        serde_json::from_str(&body(&format, &message.into(), Some("R0UT3")).unwrap()).unwrap()
    }

    #[test]
    fn each_receiver_gets_its_shape() {
        for (name, format) in [
            ("slack", Format::Slack),
            ("teams", Format::Teams),
            ("alertmanager", Format::Alertmanager),
        ] {
            let body = serde_json::to_string_pretty(&shaped(format, samples::opened())).unwrap();
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
        let opened = action(samples::opened().into());
        assert_eq!(opened, (json!("trigger"), json!("error"), key.clone()));
        assert_eq!(action(samples::acknowledged().into()).2, key);
        assert_eq!(action(samples::recovered().into()).0, "resolve");
        assert_eq!(action(samples::escalated().into()).1, "critical");
        let body = shaped(Format::PagerDuty, samples::opened());
        assert_eq!(body["routing_key"], "R0UT3");
        assert_eq!(body["payload"]["custom_details"]["event"], "opened");
        assert_eq!(action(samples::notice().into()).1, "info");
    }

    /// What a pager is sent of a notice: the body, and what ends it at once.
    fn paged(event: NoticeKind, lasts: bool) -> Vec<String> {
        let message = Message::Notice(Notice { event, lasts, ..samples::notice() });
        let body = body(&Format::PagerDuty, &message, Some("R0UT3")).unwrap();
        let end = end(&Format::PagerDuty, &message, Some("R0UT3")).unwrap();
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
        let message = samples::opened().into();
        assert_eq!(end(&Format::PagerDuty, &message, None).unwrap(), None);
    }

    #[test]
    fn what_ends_at_alertmanager_has_the_labels_of_what_began() {
        let alert = |event, lasts, dedup_key: &str| {
            let dedup_key = dedup_key.to_owned();
            let notice = Notice { event, lasts, dedup_key, ..samples::notice() };
            shaped(Format::Alertmanager, Message::Notice(notice))[0].clone()
        };
        let (began, over) = (
            alert(NoticeKind::DataTrouble, true, "source/erp/1"),
            alert(NoticeKind::DataRecovered, false, "source/erp/1"),
        );
        assert_eq!(began["labels"], over["labels"]);
        assert_eq!(began["labels"]["alertname"], "kpid_data_trouble");
        assert_eq!(over["endsAt"], over["startsAt"]);
        let opened = shaped(Format::Alertmanager, samples::opened())[0].clone();
        let ended = alert(NoticeKind::AlertEnded, false, "calder/customer/1");
        assert_eq!(opened["labels"], ended["labels"]);
        assert_eq!(ended["endsAt"], "2026-06-03T06:00:05+02:00");
        let test = alert(NoticeKind::Test, false, "test/am");
        assert_eq!(test["endsAt"], "2026-06-03T06:10:05+02:00", "it is over soon by itself");
    }

    #[test]
    fn an_alert_of_alertmanager_ends_when_it_is_over() {
        let ends = |message: Message| shaped(Format::Alertmanager, message)[0]["endsAt"].clone();
        assert!(ends(samples::opened().into()).as_str().unwrap().starts_with("2027-06-03"));
        assert!(ends(samples::recovered().into()).as_str().unwrap().starts_with("2026-"));
    }

    #[test]
    fn a_rename_while_it_is_open_makes_no_other_alert() {
        let labels = |facts| shaped(Format::Alertmanager, facts)[0]["labels"].clone();
        let mut facts = samples::recovered();
        facts.node.id = "clients".to_owned();
        facts.node.path = "calder/clients".to_owned();
        assert_eq!(labels(facts), labels(samples::opened()));
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
            let body = shaped(Format::PagerDuty, Facts { event, ..samples::early() });
            body["payload"]["severity"].clone()
        };
        assert_eq!(severity(Event::Opened), "error");
        assert_eq!(severity(Event::Escalated), "critical");
    }

    #[test]
    fn what_authors_wrote_calls_nobody_in_a_chat() {
        let mut facts = samples::opened();
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
        let mut facts = samples::opened();
        let text = "Details: [Payroll](https://phish.example/login) please sign in".to_owned();
        facts.episode.acknowledged_by = Some("# eve".to_owned());
        facts.episode.comment = Some(text.clone());
        facts.note = Some(crate::facts::NoteFacts {
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
}
