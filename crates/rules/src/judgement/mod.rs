//! What the figures mean: KPI to lines, score and status, rolled up to the scorecard.

pub(crate) mod as_of_day;
pub(crate) mod closed_periods;
pub(crate) mod completeness;
pub(crate) mod deadline;
pub(crate) mod evaluation_key;
pub mod forecast;
pub(crate) mod judge;
pub(crate) mod kpi;
pub(crate) mod kpi_standing;
pub(crate) mod lines;
pub(crate) mod pace;
pub(crate) mod past_verdicts;
pub(crate) mod period_target;
pub(crate) mod period_value;
pub(crate) mod period_verdict;
pub(crate) mod pictured;
pub(crate) mod reported_period;
pub(crate) mod restatement;
pub(crate) mod rollup;
pub mod rounding;
pub mod score;
pub mod signal;
pub(crate) mod standing;
pub(crate) mod standing_node;
pub(crate) mod tolerance_lines;
pub(crate) mod trend;

pub use evaluation_key::EvaluationKey;
pub use judge::Judge;
pub use kpi::judge_kpi;
pub use kpi_standing::{KpiStanding, LastKnown, Pacing, incomplete};
pub use lines::Lines;
pub use period_target::{improved, trajectory};
pub use period_verdict::PeriodVerdict;
pub use pictured::{Colour, Measure, Pictured};
pub use restatement::{AsReported, Restated, is_material};
pub use rollup::{Child, Rolled, manual_score, roll_up};
pub use signal::Signal;
pub use standing::{
    Basis, Counts, LinkedStanding, NodeStanding, ObjectiveStanding, Outlook, PerspectiveStanding,
    ScorecardStanding, Standing, Verdict,
};
pub use standing_node::StandingNode;
pub use tolerance_lines::PeriodLines;
pub use trend::{Trend, trend, trend_in_band};
