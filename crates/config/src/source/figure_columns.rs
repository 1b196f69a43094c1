//! `value:`, or `numerator:` and `denominator:`, of a source: where the figure stands in an answer.

use crate::{parse_context::ParseContext, problem::Place as At, yaml::located::Loc};
use kpid_sources::FigureColumns;

/// The columns of a figure, where any are named; none where they are at odds, which is told.
pub(crate) fn columns(
    context: &mut ParseContext,
    place: At,
    value: &Option<Loc<String>>,
    numerator: &Option<Loc<String>>,
    denominator: &Option<Loc<String>>,
) -> Option<Option<FigureColumns>> {
    for doc in [value, numerator, denominator].into_iter().flatten() {
        let name = doc.value.as_deref().unwrap_or_default();
        context.without_period(doc.place, name, "`value`, `numerator` and `denominator`")?;
    }
    match (value, numerator, denominator) {
        (None, None, None) => Some(None),
        (Some(value), None, None) => Some(Some(FigureColumns::Value(value.value.clone()?))),
        (None, Some(numerator), Some(denominator)) => Some(Some(FigureColumns::Ratio {
            numerator: numerator.value.clone()?,
            denominator: denominator.value.clone()?,
        })),
        _ => {
            context.error(place, "a source needs either `value`, or `numerator` and `denominator`");
            None
        }
    }
}
