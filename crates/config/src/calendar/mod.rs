//! `calendar:` of `kpid.yaml`: zone, fiscal year and days off.

pub(crate) mod document;
pub(crate) mod parse;
