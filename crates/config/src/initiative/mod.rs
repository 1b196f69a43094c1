//! `initiatives:` of an objective or KPI.

pub(crate) mod document;
pub(crate) mod parse;
