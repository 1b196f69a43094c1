//! What is wrong in the text of a formula, and where.

/// Why a text is not a formula, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// Byte offset of the mistake in the text.
    pub at: usize,
    /// A sentence for its author.
    pub message: String,
}
