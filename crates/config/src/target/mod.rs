//! `target:` and the tolerance of a KPI.

pub mod document;
pub(crate) mod parse;
