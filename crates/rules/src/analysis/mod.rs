//! Questions to a judgement: why, what if, what was, and what would have been told.

pub mod backtest;
pub mod difference;
mod differing;
pub(crate) mod explain;
mod lookalike;
pub(crate) mod period_review;
pub(crate) mod picture;
pub(crate) mod previous_period;
pub mod timeline;

pub use difference::Difference;
pub use differing::differing;
pub use explain::{Branch, Explanation, Part, PartOf};
pub use period_review::{Review, ReviewedKpi, ReviewedObjective, ReviewedPerspective};
pub use picture::{Picture, Retuned, retuned};
pub use previous_period::Before;
