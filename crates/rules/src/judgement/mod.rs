//! What the figures mean: KPI to lines, score and status, rolled up to the scorecard.

pub(crate) mod as_of_day;
pub(crate) mod completeness;
pub(crate) mod evaluation_key;
pub mod forecast;
pub(crate) mod goal;
pub(crate) mod judge;
pub(crate) mod kpi;
pub(crate) mod lines;
pub(crate) mod pace;
pub(crate) mod restatement;
pub(crate) mod rollup;
pub mod rounding;
pub mod score;
pub mod signal;
pub(crate) mod standing;
pub(crate) mod trend;

pub use evaluation_key::Occasion;
pub use goal::{Goal, improved, trajectory};
pub use judge::Judge;
pub use kpi::{PeriodVerdict, judge_kpi};
pub use lines::Lines;
pub use restatement::{Restated, is_material};
pub use rollup::{Child, Rolled, manual_score, roll_up};
pub use standing::{
    AsReported, Basis, Counts, KpiStanding, LastKnown, LinkedStanding, NodeStanding,
    ObjectiveStanding, Outlook, Pacing, PerspectiveStanding, ScorecardStanding, Signal, Standing,
    Trend, Verdict, incomplete,
};
pub use trend::{trend, trend_in_band};
