//! How large cards are, and where.

pub(super) const CARD_WIDTH: f64 = 172.0;
pub(super) const CARD_HEIGHT: f64 = 62.0;
pub(super) const CARD_GAP: f64 = 22.0;

/// Where a card is: its upper left corner.
pub(super) type Place = (f64, f64);
