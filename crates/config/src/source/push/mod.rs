//! Systems that push: the connection, and the source of a KPI.

pub(crate) mod document;
pub(crate) mod parse;
