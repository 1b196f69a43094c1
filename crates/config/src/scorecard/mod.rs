//! A scorecard file: perspectives and objectives.

pub(crate) mod context;
pub(crate) mod document;
pub(crate) mod parse;
