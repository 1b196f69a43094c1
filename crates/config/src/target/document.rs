//! What is wanted of a KPI, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    status::StatusDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::AmountDoc,
    },
};

/// What is wanted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TargetDoc {
    /// A value for each period: `2026-04: 2200`.
    Phased(Entries<f64>),
    /// A fiscal year's total, spread over its periods.
    Annual(AnnualDoc),
    /// A journey from a baseline to a goal.
    Trajectory(TrajectoryDoc),
    /// Better than another value.
    Relative(RelativeDoc),
    /// The mean of the periods before.
    Rolling(RollingDoc),
    /// Between two values, best in the middle.
    Band(BandDoc),
    /// Kept where it is, within the tolerance.
    Maintain(Loc<f64>),
    /// Done by a day.
    Milestone(MilestoneDoc),
    /// The same value for every period.
    #[schemars(untagged)]
    #[serde(rename = "<number>")]
    Number(f64),
    /// Changes over time: each from a period on.
    #[schemars(untagged)]
    #[serde(rename = "<list>")]
    List(Vec<Loc<AimDoc>>),
}

/// A target from a period on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct AimDoc {
    /// First period it applies to.
    pub(crate) from: Option<Loc<String>>,
    /// What is wanted.
    pub(crate) target: Loc<TargetDoc>,
    /// Its own tolerance; the KPI's by default.
    pub(crate) tolerance: Option<Loc<AmountDoc>>,
}

/// A fiscal year's total.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct AnnualDoc {
    /// The total.
    pub(crate) total: f64,
    /// One weight a period of the fiscal year; even by default.
    pub(crate) weights: Option<Loc<Vec<f64>>>,
}

/// A journey from a baseline to a goal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct TrajectoryDoc {
    /// The baseline.
    pub(crate) from: Option<f64>,
    /// The baseline's day.
    pub(crate) at: Option<Loc<String>>,
    /// The goal.
    pub(crate) to: Option<f64>,
    /// The goal's day.
    pub(crate) by: Option<Loc<String>>,
    /// `linear` by default.
    pub(crate) shape: Option<ShapeDoc>,
    /// Days and values on the way, e.g. `2026-10-01: 44`.
    pub(crate) points: Option<Loc<Entries<f64>>>,
}

/// What holds between two points.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShapeDoc {
    /// A straight line.
    Linear,
    /// The value of the latest point.
    Step,
}

/// Better than another value.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct RelativeDoc {
    /// `previous_period`, `same_period_last_year`, `{ baseline: 12 }` or `{ kpi: scorecard/kpi }`.
    pub(crate) to: Loc<ReferenceDoc>,
    /// How much better: `10%` or a number; 0 by default.
    pub(crate) improve: Option<Loc<AmountDoc>>,
}

/// The value a relative target builds on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReferenceDoc {
    /// The period before.
    PreviousPeriod,
    /// The same period one year earlier.
    SamePeriodLastYear,
    /// A fixed number.
    Baseline(f64),
    /// Another KPI's actual of the same period.
    Kpi(Loc<String>),
}

/// The mean of the periods before.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct RollingDoc {
    /// How many.
    pub(crate) periods: u32,
    /// With fewer values there is no target; half of them, rounded up, by default.
    pub(crate) min: Option<u32>,
}

/// Between two values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct BandDoc {
    /// Lower edge of green.
    pub(crate) low: f64,
    /// Upper edge of green.
    pub(crate) high: f64,
    /// Below this is off track; the lower edge by default.
    pub(crate) red_low: Option<f64>,
    /// Above this is off track; the upper edge by default.
    pub(crate) red_high: Option<f64>,
}

/// Done by a day.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct MilestoneDoc {
    /// The day by whose end it must be done.
    pub(crate) due: Loc<String>,
}

/// Green and red line as absolute values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct LinesDoc {
    /// On track from here on.
    pub(crate) green: f64,
    /// At risk up to here.
    pub(crate) red: f64,
}

/// One row of an explicit table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct StepDoc {
    /// The value from which it holds; without it, "otherwise".
    pub(crate) from: Option<f64>,
    /// The status it gives.
    pub(crate) status: StatusDoc,
    /// The score it gives; the middle of the status' band by default.
    pub(crate) score: Option<f64>,
}
