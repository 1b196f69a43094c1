//! A KPI; its target and source have rooms of their own.

pub(crate) mod document;
pub(crate) mod frequency;
pub(crate) mod parse;
