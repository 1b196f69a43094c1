//! `digest:`, parsed.

use crate::{
    digest::document::{DigestDoc, EmptyDigestDoc},
    parse_context::{ParseContext, given},
    setup::Digests,
};
use kpid_rules::model::{Cron, Schedule};

/// When a digest comes unless the configuration says otherwise.
const MONDAY_MORNING: &str = "0 8 * * 1";

pub(crate) fn digests(context: &mut ParseContext, doc: &DigestDoc) -> Option<Digests> {
    let written = doc.schedule.as_ref();
    let place = written.map(|doc| doc.place).unwrap_or_default();
    let text = given(written).map_or(MONDAY_MORNING, String::as_str);
    let schedule = Schedule::Cron(context.checked(place, Cron::parse(text))?);
    Some(Digests {
        schedule,
        also_empty: !matches!(given(doc.empty.as_ref()), Some(EmptyDigestDoc::Nothing)),
        without: Vec::new(),
    })
}
