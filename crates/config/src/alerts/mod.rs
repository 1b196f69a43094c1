//! `alerts:` of `kpid.yaml`: in which hours mail leaves, and how much of it.

pub(crate) mod document;
pub(crate) mod parse;
