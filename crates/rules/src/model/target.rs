//! What is wanted: targets, and how far from them is still acceptable. Resolved for one period
//! they become [`Lines`](crate::judgement::lines::Lines).

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::model::{id::KpiRef, period::Period};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl Direction {
    /// +1 where more is better, -1 where less is.
    pub fn sign(self) -> f64 {
        match self {
            Self::Higher => 1.0,
            Self::Lower => -1.0,
        }
    }
}

/// An amount in the KPI's unit, or a share of something stated where it is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// `3`: in the KPI's unit (points for a KPI in %).
    Absolute(f64),
    /// `10%`, held as 10.
    Percent(f64),
}

/// What is wanted of a KPI, the kinds of DOMAIN's targets.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The same value for every period.
    Fixed(f64),
    /// A value for each period named; other periods have no target.
    Phased(BTreeMap<Period, f64>),
    /// A fiscal year's total, spread over its periods by weight.
    Annual {
        /// The year's total.
        total: f64,
        /// One weight a period of the fiscal year, in order.
        weights: Vec<f64>,
    },
    /// A journey from a baseline to a goal, read at the period's last day.
    Trajectory {
        /// Dates and values, dates ascending, at least two. The first is the baseline, the last the goal.
        points: Vec<(NaiveDate, f64)>,
        /// What holds between two points.
        shape: TrajectoryShape,
    },
    /// Better than another value by an amount.
    Relative {
        /// Which value.
        to: Reference,
        /// How much better, in the KPI's direction; a percentage is of the size of the reference.
        improve: Amount,
    },
    /// The mean of the closed periods before this one.
    Rolling {
        /// How many periods back.
        periods: u32,
        /// With fewer values than this there is no target.
        min: u32,
    },
    /// Between two values, best in the middle.
    Band(Band),
    /// Done, or not done when due.
    Milestone {
        /// The day by whose end it must be done.
        due: NaiveDate,
    },
}

/// What holds between the points of a trajectory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrajectoryShape {
    /// A straight line, by days.
    Linear,
    /// The value of the latest point reached.
    Step,
}

/// The value a relative target builds on.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// The period before.
    PreviousPeriod,
    /// The same key one year earlier.
    SamePeriodLastYear,
    /// A fixed number.
    Baseline(f64),
    /// Another KPI's actual of the same period.
    Kpi(KpiRef),
}

/// Four edges; `red_low <= low <= high <= red_high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Lower edge of green.
    pub low: f64,
    /// Upper edge of green.
    pub high: f64,
    /// Below this is off track.
    pub red_low: f64,
    /// Above this is off track.
    pub red_high: f64,
}

/// Where green ends and red begins, seen from the target.
#[derive(Clone, Debug, PartialEq)]
pub enum Tolerance {
    /// By distances from the target.
    Margins {
        /// From the target to the green line; a percentage is of the target's size.
        green: Amount,
        /// From the target to the red line.
        red: Amount,
        /// Used instead of a percentage while the target is 0.
        floor: Option<f64>,
    },
    /// By two absolute values.
    Lines {
        /// The green line.
        green: f64,
        /// The red line.
        red: f64,
    },
    /// Read top-down, first match wins.
    Steps(Vec<ScoreStep>),
}

/// One row of an explicit table: from this value on (in the KPI's direction), this status and score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreStep {
    /// The value from which the row holds; `None` is "otherwise".
    pub from: Option<f64>,
    /// The status it gives.
    pub status: crate::model::status::Status,
    /// The score it gives.
    pub score: f64,
}

/// What a KPI is judged against from one period on.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// First period it applies to; `None` from the beginning.
    pub from: Option<Period>,
    /// What is wanted; `None` when only absolute lines are given.
    pub target: Option<Target>,
    /// How far off is still acceptable.
    pub tolerance: Tolerance,
}
