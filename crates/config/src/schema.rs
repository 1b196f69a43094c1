//! The JSON Schemas of the files, for completion in an editor.

use schemars::{Schema, schema_for};

use crate::{
    daemon::document::DaemonDoc, scorecard::document::ScorecardDoc, yaml::limits::KEPT_APART,
};

/// The schema of `kpid.yaml`.
pub fn daemon() -> Schema {
    schema_for!(DaemonDoc)
}

/// The schema of a scorecard file.
pub fn scorecard() -> Schema {
    schema_for!(ScorecardDoc)
}

/// Keys at the top of a file that are not read, as a pattern: a place for anchors.
pub fn unread_keys() -> String {
    format!("^{KEPT_APART}")
}
