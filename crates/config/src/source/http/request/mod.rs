//! What is asked of an HTTP API.

pub(crate) mod document;
pub(crate) mod paging;
pub(crate) mod parse;
