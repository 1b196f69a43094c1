//! Systems that push, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::reading::ReadingDoc,
    token::TokenDoc,
    yaml::located::{Entries, Loc},
};

/// A system that pushes its figures to `POST /api/v1/readings` of `web.listen`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct PushDoc {
    /// Who may push, by name: the SHA-256 of a token that `kpid token` made.
    pub(crate) tokens: Loc<Entries<TokenDoc>>,
    /// Requests a minute; 60 by default.
    pub(crate) max_per_minute: Option<Loc<u32>>,
}

/// Figures that are pushed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct PushSourceDoc {
    /// The connection's id.
    pub(crate) from: Loc<String>,
    /// What one reading is; `value` by default.
    pub(crate) reading: Option<Loc<ReadingDoc>>,
    /// The format of the period, by name (`epoch_seconds`) or pattern (`dd.mm.yyyy`, `%d.%m.%Y`); any that can mean only one thing by default.
    pub(crate) period_format: Option<Loc<String>>,
    /// The same of `observed_at`.
    pub(crate) observed_at_format: Option<Loc<String>>,
}
