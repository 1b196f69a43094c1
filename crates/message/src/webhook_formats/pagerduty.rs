//! An event of PagerDuty.

use serde_json::{Value, json};

use crate::{
    fit,
    markup::pager_key,
    message::Message,
    webhook_formats::content::{Content, Stage},
};

/// PagerDuty refuses an event of 512 kB.
const BYTES_MAX: usize = 480_000;

/// What a person reads of one whose facts do not fit.
const TEXT_CHARS_MAX: usize = 20_000;

/// PagerDuty cuts a longer summary off.
const SUMMARY_CHARS_MAX: usize = 1024;

/// PagerDuty's Events API v2.
pub(crate) fn body(content: &Content, stage: Stage, key: &str, message: &Message) -> Value {
    let action = match stage {
        Stage::Triggered | Stage::Over => "trigger",
        Stage::Acknowledged => "acknowledge",
        Stage::Resolved => "resolve",
    };
    let facts = message.to_json().ok().and_then(|text| serde_json::from_str(&text).ok());
    let details: Value = facts.unwrap_or(Value::Null);
    let bytes = details.to_string().len();
    let details = if bytes > BYTES_MAX {
        let more = content.too_large(bytes);
        json!({ "text": fit::cut(&content.text, TEXT_CHARS_MAX), "more": more })
    } else {
        details
    };
    let links = content.link.iter().map(|link| json!({ "href": link, "text": "Details" }));
    json!({
        "routing_key": key,
        "event_action": action,
        "dedup_key": pager_key(&content.dedup_key),
        "payload": {
            "summary": fit::cut(&content.subject, SUMMARY_CHARS_MAX),
            "source": "kpid",
            "severity": content.severity,
            "timestamp": content.at.to_rfc3339(),
            "class": "balanced scorecard",
            "custom_details": details,
        },
        "links": links.collect::<Vec<_>>(),
    })
}
