//! HTTP APIs: the connection, the request, and the source of a KPI.

pub(crate) mod connection;
pub(crate) mod document;
pub(crate) mod parse;
pub(crate) mod request;
