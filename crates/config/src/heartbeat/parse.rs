//! `heartbeat:`, parsed.

use std::time::Duration;

use crate::{heartbeat::document::HeartbeatDoc, parse_context::ParseContext, setup::Heartbeat};

/// How often somebody outside is told that kpid lives.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// More often helps nobody.
const HEARTBEAT_MIN: Duration = Duration::from_secs(1);

pub(crate) fn heartbeat(context: &mut ParseContext, doc: &HeartbeatDoc) -> Option<Heartbeat> {
    let every = doc.every.as_ref().and_then(|doc| context.span(doc)).unwrap_or(HEARTBEAT);
    if every < HEARTBEAT_MIN {
        let place = doc.every.as_ref().map_or(doc.url.place, |doc| doc.place);
        context.error(place, "`every` must be 1s or more");
    }
    let every = every.max(HEARTBEAT_MIN);
    Some(Heartbeat { url: context.web_address(&doc.url)?.into(), every })
}
