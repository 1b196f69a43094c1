//! A KPI.

pub mod document;
pub(crate) mod parse;
