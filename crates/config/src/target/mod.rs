//! `target:` and the tolerance of a KPI.

pub(crate) mod document;
pub(crate) mod parse;
