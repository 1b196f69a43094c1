//! `report:` of a scorecard.

pub(crate) mod document;
pub(crate) mod parse;
