//! Commands: the connection, and the source of a KPI.

pub(crate) mod document;
pub(crate) mod parse;
