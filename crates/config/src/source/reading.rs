//! `reading:` of a source: what one answer is.

use schemars::JsonSchema;
use serde::Deserialize;

use kpid_rules::series::ReadingKind;

/// What one answer of a source is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadingDoc {
    /// A sample of the present value.
    Value,
    /// A part; the parts of a period add up.
    Delta,
    /// Already cumulative in the period.
    ToDate,
    /// A meter that only rises.
    Counter,
    /// Rows of period and figure.
    Series,
}

pub(crate) fn reading(doc: ReadingDoc) -> ReadingKind {
    match doc {
        ReadingDoc::Value => ReadingKind::Value,
        ReadingDoc::Delta => ReadingKind::Delta,
        ReadingDoc::ToDate => ReadingKind::ToDate,
        ReadingDoc::Counter => ReadingKind::Counter,
        ReadingDoc::Series => ReadingKind::Series,
    }
}
