//! Rows that are picked by what stands in them, and counted or added up.

pub mod condition;
pub mod row_aggregate;
pub(crate) mod tally;
