//! A message that is not about an episode: a test, trouble with data or delivery, a summary. Plain
//! words under headings; every form of it says the same.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use kpid_rules::alerting::NoticeKind;

/// A message that stands for itself. Its serialised keys are a contract: `docs/webhook.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind of message it is.
    pub event: NoticeKind,
    /// The same for every message about one thing: it threads mails.
    pub dedup_key: String,
    /// When it was decided.
    pub at: DateTime<FixedOffset>,
    /// What a mail is headed by.
    pub subject: String,
    /// The first sentence, which says it all.
    pub summary: String,
    /// What there is beside.
    pub sections: Vec<Section>,
    /// Why its reader got it.
    pub why: String,
    /// The configuration that decided: `sha256:…`.
    pub config_version: String,
    /// Whether its end will be sent later under the same key; anything else has no end.
    #[serde(default)]
    pub lasts: bool,
}

/// Lines under a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The heading; may be empty.
    pub title: String,
    /// A sentence each.
    pub lines: Vec<String>,
}
