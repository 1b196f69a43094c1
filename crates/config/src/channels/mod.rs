//! `channels:` of `kpid.yaml`: the ways to tell somebody, and their templates.

pub(crate) mod document;
pub(crate) mod parse;
pub(crate) mod template_problems;
pub(crate) mod templates;
