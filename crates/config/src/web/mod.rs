//! `web:` of `kpid.yaml`: where kpid listens.

pub(crate) mod document;
pub(crate) mod parse;
