//! Mails: the facts worded once, laid out as text and as HTML, and addressed so that a thread
//! holds together.

mod bulletin;
pub(crate) mod cases;
mod cause;
mod early;
mod figures;
mod headline;
pub(crate) mod letter;
pub(crate) mod look;
pub(crate) mod render;
mod row;
mod rows;
mod spark;
mod view;
