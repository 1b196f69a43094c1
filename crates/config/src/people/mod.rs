//! `people:` of `kpid.yaml`: who owns things and is told.

pub(crate) mod document;
pub(crate) mod parse;
