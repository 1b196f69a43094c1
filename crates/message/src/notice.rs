//! A message that is not about an episode: a test, trouble with data or delivery, a summary. Plain
//! words under headings; every form of it says the same.

use anyhow::Context;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::{bulletin::Bulletin, facts::Facts, mail::render};
pub use kpid_rules::alerting::NoticeKind;

/// What a delivery says, fixed when it was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The news of an episode.
    News(Box<Facts>),
    /// A digest, or the report of a period.
    Bulletin(Box<Bulletin>),
    /// Anything else.
    Notice(Notice),
}

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
    /// Whether its end is told later under the same key; of anything else nobody hears again.
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

impl Message {
    /// Reads what `to_json` wrote, in this release or an earlier one.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Peeked {
            event: String,
        }
        let Peeked { event } = serde_json::from_str(text)?;
        Ok(match serde_json::from_value::<NoticeKind>(event.into()) {
            Ok(NoticeKind::Digest | NoticeKind::PeriodReport) => {
                Self::Bulletin(serde_json::from_str(text)?)
            }
            Ok(_) => Self::Notice(serde_json::from_str(text)?),
            Err(_) => Self::News(serde_json::from_str(text)?),
        })
    }

    /// The message as its webhook carries it and the outbox keeps it.
    pub fn to_json(&self) -> serde_json::Result<String> {
        match self {
            Self::News(facts) => serde_json::to_string(facts),
            Self::Bulletin(bulletin) => serde_json::to_string(bulletin),
            Self::Notice(notice) => serde_json::to_string(notice),
        }
    }

    /// All it says, as text and as HTML.
    pub fn bodies(&self) -> anyhow::Result<(String, String)> {
        let mail = render::whole(self).context("cannot render the mail")?;
        Ok((mail.text, mail.html))
    }

    /// Whether its end is told later.
    pub fn lasts(&self) -> bool {
        match self {
            Self::News(facts) => !facts.event.ends(),
            Self::Bulletin(_) => false,
            Self::Notice(notice) => notice.lasts,
        }
    }

    /// The same for every message about one thing.
    pub fn dedup_key(&self) -> &str {
        match self {
            Self::News(facts) => &facts.dedup_key,
            Self::Bulletin(bulletin) => &bulletin.dedup_key,
            Self::Notice(notice) => &notice.dedup_key,
        }
    }
}

impl From<Facts> for Message {
    fn from(facts: Facts) -> Self {
        Self::News(Box::new(facts))
    }
}

impl From<Bulletin> for Message {
    fn from(bulletin: Bulletin) -> Self {
        Self::Bulletin(Box::new(bulletin))
    }
}

impl From<Notice> for Message {
    fn from(notice: Notice) -> Self {
        Self::Notice(notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn what_was_stored_is_read_again() {
        for message in [samples::opened().into(), Message::Notice(samples::notice())] {
            let text = message.to_json().unwrap();
            assert_eq!(Message::from_json(&text).unwrap(), message);
        }
        assert!(Message::from_json("{\"event\":\"opened\"}").is_err());
    }
}
