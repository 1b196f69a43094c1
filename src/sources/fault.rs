//! Why a question has no answer, and whose fault that is.

/// Why a question has no answer, in words, by what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The system was not reached; the next moment it may be.
    Unreached(String),
    /// The system is not well, or refuses us: any other question would fare as badly.
    System(String),
    /// This question is refused, or its answer does not fit.
    Question(String),
}

impl Fault {
    /// What happened.
    pub(super) fn words(&self) -> &str {
        match self {
            Self::Unreached(words) | Self::System(words) | Self::Question(words) => words,
        }
    }

    /// What happened, where it is not this question's fault.
    pub(super) fn of_system(&self) -> Option<&str> {
        match self {
            Self::Unreached(words) | Self::System(words) => Some(words),
            Self::Question(_) => None,
        }
    }
}

/// What is said without a word about whose fault it is, is said of this question.
impl From<String> for Fault {
    fn from(words: String) -> Self {
        Self::Question(words)
    }
}
