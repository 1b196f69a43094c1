//! Why a question has no answer, and whose fault that is.

use std::time::Duration;

/// Why a question has no answer, in words, by what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The system was not reached; the next moment it may be.
    Unreached(String),
    /// The answer broke off, and nobody knows whether the question was carried out.
    BrokeOff(String),
    /// The system is busy, and said for how long it wants to be left alone.
    Busy {
        /// What happened.
        words: String,
        /// From now on.
        asked: Duration,
    },
    /// The system is not well, or refuses us: any other question would fare as badly.
    System(String),
    /// This question is refused, or its answer does not fit.
    Question(String),
}

impl Fault {
    /// What happened.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Unreached(words)
            | Self::BrokeOff(words)
            | Self::Busy { words, .. }
            | Self::System(words)
            | Self::Question(words) => words,
        }
    }

    /// Whether it is not this question's fault.
    pub(crate) fn is_of_system(&self) -> bool {
        !matches!(self, Self::Question(_))
    }

    /// For how long the system wants to be left alone, if it said so.
    pub(crate) fn asked(&self) -> Option<Duration> {
        match self {
            Self::Busy { asked, .. } => Some(*asked),
            _ => None,
        }
    }
}

/// What is said without a word about whose fault it is, is said of this question.
impl From<String> for Fault {
    fn from(words: String) -> Self {
        Self::Question(words)
    }
}
