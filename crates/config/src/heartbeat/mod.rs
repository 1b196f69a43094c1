//! `heartbeat:` of `kpid.yaml`: who outside is told that kpid lives.

pub(crate) mod document;
pub(crate) mod parse;
