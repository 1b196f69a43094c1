//! Deliveries: to be made, held, kept for a summary, settled.

pub(crate) mod admin;
pub(crate) mod deliveries;
pub(crate) mod delivery_event;
pub(crate) mod pacing;
pub(crate) mod receipts;
pub(crate) mod routes;
pub(crate) mod settlement;
pub(crate) mod standing_alerts;
pub(crate) mod state;
