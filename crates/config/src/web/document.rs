//! `web:` as its author writes it: where kpid listens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    token::TokenDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::IdsDoc,
    },
};

/// Where kpid listens, and how people reach it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct WebDoc {
    /// Address and port, e.g. `127.0.0.1:8420`.
    pub(crate) listen: Option<Loc<String>>,
    /// What links in mails begin with.
    pub(crate) public_url: Option<Loc<String>>,
    /// Who may look, by name: the SHA-256 of a token that `kpid token` made.
    pub(crate) tokens: Option<Loc<Entries<TokenDoc>>>,
    /// A header that a trusted reverse proxy sets to the name of whoever it let through.
    pub(crate) trusted_header: Option<Loc<String>>,
    /// Addresses or networks of reverse proxies beyond this machine whose header is believed.
    pub(crate) trusted_proxies: Option<Loc<IdsDoc>>,
}
