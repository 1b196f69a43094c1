//! `retention:` of `kpid.yaml`: how long what no rule reads any more is kept.

pub(crate) mod document;
pub(crate) mod parse;
