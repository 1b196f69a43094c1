//! `web:` of `kpid.yaml`: where kpid listens.

pub(crate) mod document;
pub(crate) mod oidc;
pub(crate) mod parse;
pub(crate) mod roles;
pub(crate) mod tokens;
