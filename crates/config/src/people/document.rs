//! `people:` as its author writes it: who owns things and is told.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// Somebody who owns things and is notified.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct PersonDoc {
    /// For people; the id by default.
    pub(crate) name: Option<Loc<String>>,
    /// Where mail goes.
    pub(crate) email: Option<Loc<String>>,
    /// For people, e.g. `COO`.
    pub(crate) role: Option<Loc<String>>,
    /// The language of the person's mails: `en` or `de`; that of `language:` above by default.
    pub(crate) language: Option<Loc<String>>,
    /// Whether the person gets the digest, where there is one; true by default.
    pub(crate) digest: Option<Loc<bool>>,
}
