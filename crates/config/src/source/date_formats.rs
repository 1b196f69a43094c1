//! `period_format:` and `observed_at_format:` of a source: how its periods and instants are written.

use crate::{parse_context::ParseContext, yaml::located::Loc};
use kpid_sources::dates::period_format::{DateFormats, PeriodFormat};

/// The formats that are named; none where one is no format, which is told.
pub(crate) fn formats(
    context: &mut ParseContext,
    period: &Option<Loc<String>>,
    observed_at: &Option<Loc<String>>,
) -> Option<DateFormats> {
    let period = format(context, period);
    let observed_at = format(context, observed_at);
    Some(DateFormats { period: period?, observed_at: observed_at? })
}

fn format(context: &mut ParseContext, doc: &Option<Loc<String>>) -> Option<PeriodFormat> {
    let Some(doc) = doc else { return Some(PeriodFormat::Usual) };
    let read = PeriodFormat::parse(doc.value.as_deref()?);
    context.checked(doc.place, read)
}
