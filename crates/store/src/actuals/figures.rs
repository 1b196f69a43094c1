//! A figure from its three columns: a value, or numerator and denominator.

use kpid_rules::series::Figure;

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
