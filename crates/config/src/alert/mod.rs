//! `alert:` of a scorecard, perspective, objective or KPI: who is told, and when.

pub(crate) mod document;
pub(crate) mod parse;
