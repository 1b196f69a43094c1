//! What came of asking a source.

use kpid_rules::series::Sample;

/// A question and its answer as a person may see them: shortened, and without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked of whom.
    pub asked: String,
    /// The beginning of what came; none where nothing usable did, which the outcome then words.
    pub came: Option<String>,
}

/// What came of asking. Nothing is ever coerced from one to another.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// At least one sample has a figure.
    Samples(Vec<Sample>),
    /// The source answered, with null.
    Null,
    /// The source answered, with nothing.
    NoRows,
    /// The source did not answer, or not with something that fits: a sentence for people, without
    /// secrets, naming what was asked and what came.
    Error(String),
}
