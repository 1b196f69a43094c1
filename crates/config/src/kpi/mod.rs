//! A KPI; its target and source are sections of their own.

pub(crate) mod document;
pub(crate) mod effect;
pub(crate) mod frequency;
pub(crate) mod parse;
