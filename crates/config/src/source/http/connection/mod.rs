//! HTTP APIs in `connections:`.

pub(crate) mod document;
pub(crate) mod parse;
