//! Derived KPIs: a formula over other KPIs.

/// A formula, read and checked.
#[derive(Clone, Debug)]
pub struct Formula {
    /// As the author wrote it.
    pub text: String,
}
