//! `web:` as its author writes it: where kpid listens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{
    located::{Entries, Loc},
    scalar::IdsDoc,
};

/// Where kpid listens, and how people reach it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct WebDoc {
    /// Address and port, e.g. `127.0.0.1:8420`.
    pub(crate) listen: Option<Loc<String>>,
    /// What links in mails begin with.
    pub(crate) public_url: Option<Loc<String>>,
    /// Who may look, by name: the SHA-256 of a token that `kpid token` made.
    pub(crate) tokens: Option<Loc<Entries<WebTokenDoc>>>,
    /// A header that a trusted reverse proxy sets to the name of whoever it let through.
    pub(crate) trusted_header: Option<Loc<String>>,
    /// Addresses or networks of reverse proxies beyond this machine whose header is believed.
    pub(crate) trusted_proxies: Option<Loc<IdsDoc>>,
    /// A header that such a proxy sets to the groups of whoever it let through, with commas between them.
    pub(crate) groups_header: Option<Loc<String>>,
    /// Who looks from this machine, where nobody is asked who they are: a person's id.
    pub(crate) local_user: Option<Loc<String>>,
    /// Who may do more or less than act on what is theirs.
    pub(crate) roles: Option<Loc<Vec<Loc<RoleGrantDoc>>>>,
}

/// A token as its hash, and what it lets its holder do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct WebTokenDoc {
    /// 64 hexadecimal digits.
    pub(crate) sha256: Loc<String>,
    /// What its holder may do; `read` by default.
    pub(crate) scope: Option<Loc<TokenScopeDoc>>,
    /// On which scorecards; on all if it is not there.
    pub(crate) scorecards: Option<Loc<IdsDoc>>,
}

/// What a token lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenScopeDoc {
    /// Look at walls, and at nothing else.
    Wall,
    /// Look.
    Read,
    /// Look, and act on everything that is seen.
    Act,
}

/// A role, and who has it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct RoleGrantDoc {
    /// What they may do.
    pub(crate) role: Loc<RoleDoc>,
    /// People, by their ids.
    pub(crate) people: Option<Loc<IdsDoc>>,
    /// Groups, as the proxy's `groups_header` names them.
    pub(crate) groups: Option<Loc<IdsDoc>>,
    /// On which scorecards; on all if it is not there.
    pub(crate) scorecards: Option<Loc<IdsDoc>>,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoleDoc {
    /// Look.
    Viewer,
    /// Look, and act on what is theirs.
    Owner,
    /// Act on everything.
    Operator,
}
