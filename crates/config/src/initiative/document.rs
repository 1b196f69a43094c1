//! `initiatives:` as their author writes them: what is being done.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// An action under way.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct InitiativeDoc {
    /// For people; the id by default.
    pub(crate) name: Option<Loc<String>>,
    /// Who delivers it: a person's id.
    pub(crate) owner: Option<Loc<String>>,
    /// When it should be done, e.g. `2026-06-30`.
    pub(crate) due: Option<Loc<String>>,
    /// In your own words, e.g. `running`.
    pub(crate) state: Option<Loc<String>>,
}
