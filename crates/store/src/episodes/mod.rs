//! Where alerts and trouble with data stand, and what people do about them.

pub(crate) mod ended_alerts;
pub(crate) mod episode;
pub(crate) mod incidents;
pub(crate) mod notes;
pub(crate) mod operator_actions;
pub(crate) mod review_items;
pub(crate) mod silences;
