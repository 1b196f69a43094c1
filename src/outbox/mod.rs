//! What waits to be told: held back, summed up, delivered, due again or given up.

pub(crate) mod attempt;
pub mod daily_summary;
pub mod deliver;
pub mod digest;
pub(crate) mod ended_alerts;
pub(crate) mod given_up;
pub mod held_mail;
pub mod notices;
pub(crate) mod reach;
pub(crate) mod repeat;
pub mod report;
pub(crate) mod routes;
pub(crate) mod settled;
pub(crate) mod store_notice;
