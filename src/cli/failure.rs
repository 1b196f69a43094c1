//! Why a command could not run, in the reader's words.

use crate::cli::output;

/// One line for people, and the way out where there is one.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure that names the thing.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), hint: None }
    }

    /// The same, with the way out.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Prints it to standard error: a line, then the hint.
    pub(crate) fn print(&self) {
        output::put_error(format_args!("{}", self.text()));
    }

    /// A line, then the hint.
    pub(crate) fn text(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("  hint: {hint}\n"));
        format!("kpid: {}\n{}", self.sentence, hint.unwrap_or_default())
    }
}

/// The whole chain of causes on one line.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(format!("{error:#}"))
    }
}
