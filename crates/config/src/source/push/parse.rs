//! Systems that push, parsed.

use crate::{
    daemon::parse::token,
    parse_context::{Desk, Mention, given},
    source::{
        parse::reading,
        push::document::{PushDoc, PushSourceDoc},
    },
};
use kpid_rules::series::ReadingKind;
use kpid_sources::{Connection, push::Door};

/// One a second: a system that has more to say says it in one request.
const PER_MINUTE: u32 = 60;

pub(crate) fn connection(desk: &mut Desk, doc: &PushDoc) -> Option<Connection> {
    let written = given(Some(&doc.tokens)).into_iter().flat_map(|docs| docs.iter());
    let tokens = written
        .filter_map(|(name, _, doc)| Some((name.to_owned(), token(desk, &doc.sha256)?)))
        .collect::<Vec<_>>();
    if tokens.is_empty() {
        let message = "nobody could push; `kpid token` makes a token and the line for `tokens`";
        desk.error(doc.tokens.place, message);
    }
    let per_minute =
        doc.max_per_minute.as_ref().and_then(|doc| desk.at_least_one(doc, "max_per_minute"));
    Some(Connection::Push(Door { tokens, per_minute_max: per_minute.unwrap_or(PER_MINUTE) }))
}

/// The connection that a KPI is pushed over, and what one reading of it is.
pub(crate) fn source(desk: &mut Desk, doc: &PushSourceDoc) -> Option<(Mention, ReadingKind)> {
    let kind = given(doc.reading.as_ref()).map_or(ReadingKind::Value, |doc| reading(*doc));
    Some((desk.mention(&doc.from)?, kind))
}
