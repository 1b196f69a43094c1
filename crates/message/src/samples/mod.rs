//! The sample: Calder Cycles' Customer perspective, May 2026 and after. Templates are tried on it,
//! previews show it, and it is the case of the tests.

pub mod alerts;
pub(crate) mod kpis;
pub(crate) mod overviews;
pub mod parts;
