//! What has been collected: readings, actuals with their revisions, and what is computed of them.

pub(crate) mod derived;
pub(crate) mod history;
pub(crate) mod kpi_context;
pub mod reading;
pub(crate) mod running_total;

pub use derived::{Series, computed};
pub use history::{
    Actual, Asked, Failure, Figure, History, KpiHistory, Reading, ReadingKind, Sample,
};
pub use kpi_context::KpiContext;
pub use running_total::{Combination, RunningTotal};
