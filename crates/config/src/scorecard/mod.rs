//! A scorecard file: perspectives, objectives and what belongs to them.

pub mod document;
pub(crate) mod parse;
