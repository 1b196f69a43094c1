//! An alert of Alertmanager.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::webhook_formats::content::{Content, Stage};

/// Long enough for Alertmanager to notify its receivers of what has no end.
const NOTICE_LASTS: TimeDelta = TimeDelta::minutes(10);

/// Alertmanager drops an alert that is not sent again; this one lasts until it is resolved.
const ALERT_LASTS: TimeDelta = TimeDelta::days(365);

/// Alertmanager's API v2: `POST /api/v2/alerts`.
pub(crate) fn body(content: &Content) -> Value {
    let mut labels: serde_json::Map<String, Value> =
        content.labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    labels.insert("dedup_key".to_owned(), json!(content.dedup_key));
    let ends = match content.stage {
        Stage::Resolved => content.at,
        Stage::Over => content.at + NOTICE_LASTS,
        Stage::Triggered | Stage::Acknowledged => content.at + ALERT_LASTS,
    };
    let mut alert = json!({
        "labels": labels,
        "annotations": { "summary": content.subject, "description": content.text, "severity": content.severity },
        "startsAt": content.opened_at.to_rfc3339(),
        "endsAt": ends.to_rfc3339(),
    });
    if let Some(link) = &content.link {
        alert["generatorURL"] = json!(link);
    }
    json!([alert])
}
