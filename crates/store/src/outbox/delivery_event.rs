//! What a delivery tells of: spelt, and read, here alone.

use std::fmt;

use anyhow::Context;
use serde::{Serialize, Serializer};

use kpid_rules::alerting::{Event, NoticeKind};

/// What a delivery tells of. Its words are in the store and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryEvent {
    /// Something happened to an episode.
    Episode(Event),
    /// Anything else.
    Notice(NoticeKind),
}

impl DeliveryEvent {
    /// As the store and JSON spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Episode(event) => event.word(),
            Self::Notice(kind) => kind.word(),
        }
    }

    /// The event of an episode that it tells of.
    pub fn of_episode(self) -> Option<Event> {
        match self {
            Self::Episode(event) => Some(event),
            Self::Notice(_) => None,
        }
    }

    /// Whether its reader expects to hear of an end.
    pub(crate) fn awaits_its_end(self) -> bool {
        match self {
            Self::Episode(event) => !event.ends(),
            Self::Notice(kind) => kind.begins(),
        }
    }

    /// Whether it is the end of what an earlier one told of.
    pub(crate) fn ends(self) -> bool {
        match self {
            Self::Episode(event) => event.ends(),
            Self::Notice(kind) => kind.ends(),
        }
    }

    pub(crate) fn parse(word: &str) -> anyhow::Result<Self> {
        let notice = || NoticeKind::parse(word).map(Self::Notice);
        let found = Event::parse(word).map(Self::Episode).or_else(notice);
        found.with_context(|| {
            format!("the store has a delivery of `{word}`, which this kpid does not know")
        })
    }
}

impl From<Event> for DeliveryEvent {
    fn from(event: Event) -> Self {
        Self::Episode(event)
    }
}

impl From<NoticeKind> for DeliveryEvent {
    fn from(kind: NoticeKind) -> Self {
        Self::Notice(kind)
    }
}

impl fmt::Display for DeliveryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for DeliveryEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_what_wrote_it() {
        let all = Event::ALL.into_iter().map(DeliveryEvent::Episode);
        for event in all.chain(NoticeKind::ALL.into_iter().map(DeliveryEvent::Notice)) {
            assert_eq!(DeliveryEvent::parse(event.word()).unwrap(), event);
        }
        let unknown = DeliveryEvent::parse("sung").unwrap_err().to_string();
        assert_eq!(unknown, "the store has a delivery of `sung`, which this kpid does not know");
    }

    #[test]
    fn what_has_an_end_is_told_apart_from_the_end() {
        let all = Event::ALL.into_iter().map(DeliveryEvent::Episode);
        let all: Vec<DeliveryEvent> =
            all.chain(NoticeKind::ALL.into_iter().map(DeliveryEvent::Notice)).collect();
        let words = |fits: fn(DeliveryEvent) -> bool| {
            let fitting = all.iter().copied().filter(|event| fits(*event));
            fitting.map(DeliveryEvent::word).collect::<Vec<_>>()
        };
        let lasting = [
            "opened",
            "worsened",
            "reminded",
            "escalated",
            "acknowledged",
            "gave_up",
            "data_trouble",
            "store_trouble",
        ];
        assert_eq!(words(DeliveryEvent::awaits_its_end), lasting);
        let ends = [
            "recovered",
            "corrected",
            "data_recovered",
            "store_recovered",
            "settled",
            "alert_ended",
        ];
        assert_eq!(words(DeliveryEvent::ends), ends);
    }
}
