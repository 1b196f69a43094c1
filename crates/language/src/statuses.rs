//! What a status is called.

use crate::catalogue::Language;
use kpid_rules::model::Status;

impl Language {
    /// The words printed beside every colour.
    pub fn status(&self, status: Status) -> String {
        let key = match status {
            Status::OnTrack => "status-on-track",
            Status::AtRisk => "status-at-risk",
            Status::OffTrack => "status-off-track",
            Status::NoData => "status-no-data",
            Status::Pending => "status-pending",
            Status::NotScored => "status-not-scored",
        };
        self.text(key).into_owned()
    }
}
