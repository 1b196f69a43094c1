//! `kpid.yaml` as a whole.

pub mod document;
pub(crate) mod parse;
