//! A figure as three columns: a value, or numerator and denominator.

use kpid_rules::series::Figure;

/// Value, numerator and denominator, as columns.
pub(crate) fn parts(figure: Figure) -> (Option<f64>, Option<f64>, Option<f64>) {
    match figure {
        Figure::Value(value) => (Some(value), None, None),
        Figure::Ratio { numerator, denominator } => (None, Some(numerator), Some(denominator)),
    }
}

/// The figure of its columns.
pub(crate) fn figure(
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
) -> anyhow::Result<Figure> {
    match (value, numerator.zip(denominator)) {
        (Some(value), None) => Ok(Figure::Value(value)),
        (None, Some((numerator, denominator))) => Ok(Figure::Ratio { numerator, denominator }),
        _ => anyhow::bail!("a figure in the store is neither a value nor a ratio"),
    }
}
