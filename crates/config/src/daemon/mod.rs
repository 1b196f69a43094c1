//! `kpid.yaml` as a whole.

pub(crate) mod document;
pub(crate) mod parse;
