//! Systems that push, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    daemon::document::TokenDoc,
    source::document::ReadingDoc,
    yaml::located::{Entries, Loc},
};

/// A system that pushes its figures to `POST /api/v1/readings` of `web.listen`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PushDoc {
    /// Who may push, by name: the SHA-256 of a token that `kpid token` made.
    pub tokens: Loc<Entries<TokenDoc>>,
    /// Requests a minute; 60 by default.
    pub max_per_minute: Option<Loc<u32>>,
}

/// Figures that are pushed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PushSourceDoc {
    /// The connection's id.
    pub from: Loc<String>,
    /// What one reading is; `value` by default.
    pub reading: Option<Loc<ReadingDoc>>,
}
