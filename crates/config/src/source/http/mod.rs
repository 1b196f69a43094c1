//! HTTP APIs: the connection, and the source of a KPI.

pub mod document;
pub(crate) mod parse;
pub(crate) mod request;
