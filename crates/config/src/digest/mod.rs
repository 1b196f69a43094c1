//! `digest:` of `kpid.yaml`: the regular mail to each person.

pub(crate) mod document;
pub(crate) mod parse;
