//! What an attempt to collect a KPI ended in: spelt, and read, here alone.

use std::fmt;

use anyhow::Context;

/// What an attempt ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// There were figures.
    Samples,
    /// The source says that there is no figure.
    Null,
    /// The source has nothing of the period.
    NoRows,
    /// The source failed.
    Error,
}

impl AttemptOutcome {
    const ALL: [Self; 4] = [Self::Samples, Self::Null, Self::NoRows, Self::Error];

    /// As the store, logs and metrics spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Null => "null",
            Self::NoRows => "no_rows",
            Self::Error => "error",
        }
    }

    pub(crate) fn parse(word: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.into_iter().find(|outcome| outcome.word() == word);
        found.with_context(|| {
            format!(
                "the store has an attempt that ended in `{word}`, which this kpid does not know"
            )
        })
    }
}

impl fmt::Display for AttemptOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
