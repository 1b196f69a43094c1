//! A message of any kind, as it is stored with its deliveries and as a webhook carries it.

use serde::Deserialize;

use crate::{facts::alert::Facts, notice::Notice, overview::Overview};

use kpid_rules::alerting::NoticeKind;

/// What a delivery says, fixed when it was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// An event of an alert.
    Alert(Box<Facts>),
    /// A digest, or the report of a period.
    Overview(Box<Overview>),
    /// Anything else.
    Notice(Notice),
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
                Self::Overview(serde_json::from_str(text)?)
            }
            Ok(_) => Self::Notice(serde_json::from_str(text)?),
            Err(_) => Self::Alert(serde_json::from_str(text)?),
        })
    }

    /// The message as its webhook carries it and the outbox keeps it.
    pub fn to_json(&self) -> serde_json::Result<String> {
        match self {
            Self::Alert(facts) => serde_json::to_string(facts),
            Self::Overview(overview) => serde_json::to_string(overview),
            Self::Notice(notice) => serde_json::to_string(notice),
        }
    }

    /// Whether its end will be sent later.
    pub fn lasts(&self) -> bool {
        match self {
            Self::Alert(facts) => !facts.event.ends(),
            Self::Overview(_) => false,
            Self::Notice(notice) => notice.lasts,
        }
    }

    /// The same for every message about one thing.
    pub fn dedup_key(&self) -> &str {
        match self {
            Self::Alert(facts) => &facts.dedup_key,
            Self::Overview(overview) => &overview.dedup_key,
            Self::Notice(notice) => &notice.dedup_key,
        }
    }
}

impl From<Facts> for Message {
    fn from(facts: Facts) -> Self {
        Self::Alert(Box::new(facts))
    }
}

impl From<Overview> for Message {
    fn from(overview: Overview) -> Self {
        Self::Overview(Box::new(overview))
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
        for message in
            [samples::alerts::opened().into(), Message::Notice(samples::overviews::notice())]
        {
            let text = message.to_json().unwrap();
            assert_eq!(Message::from_json(&text).unwrap(), message);
        }
        assert!(Message::from_json("{\"event\":\"opened\"}").is_err());
    }
}
