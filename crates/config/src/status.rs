//! A status, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use kpid_rules::model::Status;

/// A status, as written.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusDoc {
    /// Green.
    OnTrack,
    /// Amber.
    AtRisk,
    /// Red.
    OffTrack,
}

pub(crate) fn status(doc: StatusDoc) -> Status {
    match doc {
        StatusDoc::OnTrack => Status::OnTrack,
        StatusDoc::AtRisk => Status::AtRisk,
        StatusDoc::OffTrack => Status::OffTrack,
    }
}
