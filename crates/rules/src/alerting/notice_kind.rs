//! The kinds of messages that are not about an episode. What is said is the crate `message`'s business.

use serde::{Deserialize, Serialize};

/// What kind of message a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Somebody tries whether messages arrive.
    Test,
    /// A message could not be delivered and is given up.
    GaveUp,
    /// A source gives nothing, a figure is late, odd or was restated.
    DataTrouble,
    /// That is over.
    DataRecovered,
    /// Nothing can be kept.
    StoreTrouble,
    /// That is over.
    StoreRecovered,
    /// A message that was given up is taken up again, or dropped.
    Settled,
    /// An alert is over because the configuration no longer has it.
    AlertEnded,
    /// What the configuration says of messages cannot be done: a template, an address.
    ConfigTrouble,
    /// Alerts that were more than a day's mails, in one.
    Summary,
    /// What changed since the last one.
    Digest,
    /// A period is official.
    PeriodReport,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Test,
        Self::GaveUp,
        Self::DataTrouble,
        Self::DataRecovered,
        Self::StoreTrouble,
        Self::StoreRecovered,
        Self::Settled,
        Self::AlertEnded,
        Self::ConfigTrouble,
        Self::Summary,
        Self::Digest,
        Self::PeriodReport,
    ];

    /// The kind's word, as in JSON and the outbox.
    pub fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::GaveUp => "gave_up",
            Self::DataTrouble => "data_trouble",
            Self::DataRecovered => "data_recovered",
            Self::StoreTrouble => "store_trouble",
            Self::StoreRecovered => "store_recovered",
            Self::Settled => "settled",
            Self::AlertEnded => "alert_ended",
            Self::ConfigTrouble => "config_trouble",
            Self::Summary => "summary",
            Self::Digest => "digest",
            Self::PeriodReport => "period_report",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether what it says may be over later, of which another notice tells.
    pub fn begins(self) -> bool {
        matches!(self, Self::DataTrouble | Self::StoreTrouble | Self::GaveUp)
    }

    /// Whether it says that something is over.
    pub fn ends(self) -> bool {
        matches!(
            self,
            Self::DataRecovered | Self::StoreRecovered | Self::Settled | Self::AlertEnded
        )
    }
}
