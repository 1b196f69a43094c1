//! The columns of an answer that hold its figure.

/// Where a figure stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FigureColumns {
    /// One value.
    Value(String),
    /// A ratio's two parts.
    Ratio {
        /// What is counted.
        numerator: String,
        /// How many there are.
        denominator: String,
    },
}
