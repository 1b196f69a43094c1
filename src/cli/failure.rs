//! Why a command could not run, in the reader's words.

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
        anstream::eprintln!("kpid: {}", self.sentence);
        if let Some(hint) = &self.hint {
            anstream::eprintln!("  hint: {hint}");
        }
    }
}

/// The whole chain of causes on one line.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(format!("{error:#}"))
    }
}
