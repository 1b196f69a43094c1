//! What a connection may take: time, fetches at once, bytes and rows.

use std::time::Duration;

use crate::{
    parse_context::{ParseContext, given},
    yaml::located::Loc,
};

/// How long a fetch may take unless its connection says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Longer than this no fetch may take: the next one is due.
const TIMEOUT_MAX: Duration = Duration::from_secs(600);

/// Fetches at once a connection bears unless it says otherwise.
const CONCURRENT: u32 = 4;

/// A KPI is one number; a larger body is the wrong URL.
pub(crate) const BODY_BYTES: u64 = 1 << 20;

/// The most a body may be allowed to have.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// More rows than this are the wrong query.
pub(crate) const ROWS: u32 = 10_000;

pub(crate) fn timeout(context: &mut ParseContext, doc: &Option<Loc<String>>) -> Duration {
    let Some(doc) = doc else { return TIMEOUT };
    let Some(span) = context.span(doc) else { return TIMEOUT };
    if span.is_zero() || span > TIMEOUT_MAX {
        context.error(doc.place, "a timeout must be between 1ms and 10m");
    }
    span
}

pub(crate) fn concurrent_max(context: &mut ParseContext, doc: &Option<Loc<u32>>) -> u32 {
    let count = doc.as_ref().and_then(|doc| context.at_least_one(doc, "max_concurrent"));
    count.unwrap_or(CONCURRENT)
}

/// Bytes one answer may have.
pub(crate) fn bytes_max(context: &mut ParseContext, doc: &Option<Loc<u64>>, usual: u64) -> usize {
    let bytes = given(doc.as_ref()).copied().unwrap_or(usual);
    if let Some(doc) = doc.as_ref().filter(|_| !(1..=BODY_BYTES_MAX).contains(&bytes)) {
        context.error(doc.place, format!("`max_bytes` must be between 1 and {BODY_BYTES_MAX}"));
    }
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
