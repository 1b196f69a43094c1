//! Systems that push, parsed.

use crate::{
    parse_context::{Mention, ParseContext, given},
    source::{
        date_formats::formats,
        push::document::{PushDoc, PushSourceDoc},
        reading::reading,
    },
    token::token,
};
use kpid_rules::series::ReadingKind;
use kpid_sources::{Connection, dates::period_format::DateFormats, push::PushEndpoint};

/// One a second: a system that has more to say says it in one request.
const PER_MINUTE: u32 = 60;

pub(crate) fn connection(context: &mut ParseContext, doc: &PushDoc) -> Option<Connection> {
    let written = given(Some(&doc.tokens)).into_iter().flat_map(|docs| docs.iter());
    let tokens = written
        .filter_map(|(name, _, doc)| Some((name.to_owned(), token(context, &doc.sha256)?)))
        .collect::<Vec<_>>();
    if tokens.is_empty() {
        let message =
            "`tokens` is empty, so nobody could push; `kpid token` makes a token and its line";
        context.error(doc.tokens.place, message);
    }
    let per_minute =
        doc.max_per_minute.as_ref().and_then(|doc| context.at_least_one(doc, "max_per_minute"));
    Some(Connection::Push(PushEndpoint {
        tokens,
        per_minute_max: per_minute.unwrap_or(PER_MINUTE),
    }))
}

/// The connection that a KPI is pushed over, what one reading of it is, and how it says when.
pub(crate) fn source(
    context: &mut ParseContext,
    doc: &PushSourceDoc,
) -> Option<(Mention, ReadingKind, DateFormats)> {
    let kind = given(doc.reading.as_ref()).map_or(ReadingKind::Value, |doc| reading(*doc));
    let formats = formats(context, &doc.period_format, &doc.observed_at_format);
    Some((context.mention(&doc.from)?, kind, formats?))
}
