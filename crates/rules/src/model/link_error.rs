//! Why scorecards do not make a portfolio.

use crate::model::id::Id;

/// More links in a row than this are no organisation; each is a step of every judgement.
pub(crate) const CHAIN_MAX: usize = 64;

/// Why scorecards do not make a portfolio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Two scorecards share an id.
    #[error("there are two scorecards `{0}`")]
    DuplicateScorecard(Id),
    /// A name leads nowhere.
    #[error("`{from}` names `{to}`, which is in no scorecard")]
    Dangling {
        /// The node that names it.
        from: String,
        /// What it names.
        to: String,
    },
    /// A node depends on itself.
    #[error("`{0}` depends on itself: {1}")]
    Cycle(String, String),
    /// Figures are put together that do not fit.
    #[error("`{from}` {what}")]
    Unlike {
        /// The KPI that puts them together.
        from: String,
        /// What does not fit.
        what: String,
        /// The way out.
        hint: &'static str,
    },
    /// Links lead on and on.
    #[error("the links below `{0}` are more than {CHAIN_MAX} deep; link it to fewer levels")]
    TooDeep(String),
}
