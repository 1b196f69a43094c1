//! Why a question has no answer, and whose fault that is.

use std::time::Duration;

/// Why a question has no answer, in words, by what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The system was not reached; the next moment it may be.
    Unreached(String),
    /// The system refuses us, or has no place for us: any other question would fare as badly.
    System(String),
    /// What was asked is not well; what else the system is asked may be.
    Endpoint(String),
    /// The answer broke off, and nobody knows whether the question was carried out.
    BrokeOff(String),
    /// Its time is over.
    Hung(String),
    /// Who is asked is busy, and said for how long it wants to be left alone.
    Busy {
        /// What happened.
        words: String,
        /// From now on.
        asked: Duration,
        /// Who is busy.
        blame: Blame,
    },
    /// This question is refused, or its answer does not fit.
    Question(String),
}

/// Who fails, and is left alone if that goes on. One endpoint of an API that always fails says
/// nothing of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The whole system.
    System,
    /// What is asked by this request.
    Request,
    /// Nobody: the question is wrong, or its answer.
    Nobody,
}

impl Fault {
    /// What happened.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Unreached(words)
            | Self::System(words)
            | Self::Endpoint(words)
            | Self::BrokeOff(words)
            | Self::Hung(words)
            | Self::Busy { words, .. }
            | Self::Question(words) => words,
        }
    }

    /// Who fails.
    pub(crate) fn blame(&self) -> Blame {
        match self {
            Self::Unreached(_) | Self::System(_) => Blame::System,
            Self::Endpoint(_) | Self::BrokeOff(_) | Self::Hung(_) => Blame::Request,
            Self::Busy { blame, .. } => *blame,
            Self::Question(_) => Blame::Nobody,
        }
    }

    /// For how long whoever fails wants to be left alone, if it said so.
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
