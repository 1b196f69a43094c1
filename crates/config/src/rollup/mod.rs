//! `rollup:`, `red_guard:`, `min_coverage:` and `missing:`: how children make a parent.

pub(crate) mod document;
pub(crate) mod parse;
