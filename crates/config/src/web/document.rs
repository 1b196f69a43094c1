//! `web:` as its author writes it: where kpid listens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{
    located::{Entries, Loc},
    scalar::{IdsDoc, SecretDoc},
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
    /// A login provider that people log in at, by OpenID Connect.
    pub(crate) oidc: Option<Loc<OidcDoc>>,
    /// Who may do more or less than act on what is theirs.
    pub(crate) roles: Option<Loc<Vec<Loc<RoleGrantDoc>>>>,
    /// Whether `/metrics` has the value, target and status of each KPI; `true` by default.
    pub(crate) kpi_metrics: Option<Loc<bool>>,
}

/// A login provider that speaks OpenID Connect, and how long a login lasts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct OidcDoc {
    /// The provider's address as it names itself, e.g. `https://login.example/realms/staff`.
    pub(crate) issuer: Loc<String>,
    /// What kpid is called there.
    pub(crate) client_id: Loc<String>,
    /// The secret that the provider made for it; without one, kpid is a public client there.
    pub(crate) client_secret: Option<Loc<SecretDoc>>,
    /// What is asked for; `[openid, profile, email]` by default.
    pub(crate) scopes: Option<Loc<IdsDoc>>,
    /// The claim that says who it is, one of `people` by id or e-mail address; `email` by default, which
    /// counts only if the provider has verified it.
    pub(crate) user_claim: Option<Loc<String>>,
    /// The claim that names their groups; `groups` by default.
    pub(crate) groups_claim: Option<Loc<String>>,
    /// Who may look once the provider knows them; `people` by default.
    pub(crate) admits: Option<Loc<AdmitsDoc>>,
    /// After so long without a request, people log in again; 8h by default.
    pub(crate) session_idle: Option<Loc<String>>,
    /// After so long, people log in again in any case; 7d by default.
    pub(crate) session_max: Option<Loc<String>>,
}

/// Who may look of those that a login provider knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AdmitsDoc {
    /// Who is one of `people`, or in a group of `roles`.
    People,
    /// Everybody who can log in there.
    Everybody,
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
    /// Groups, as the proxy's `groups_header` or the login provider names them.
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
