//! `source:` of a KPI, and the connections that it goes over: a room for each kind.

pub mod command;
pub mod csv;
pub mod document;
pub mod http;
pub(crate) mod parse;
pub mod push;
