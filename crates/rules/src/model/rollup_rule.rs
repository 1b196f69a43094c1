//! How children make a parent, as its author wants it.

use crate::model::{id::Id, status::Status};

/// How children make a parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// The rule.
    pub rule: RollupRule,
    /// A red child keeps a green parent at risk.
    pub red_guard: bool,
    /// With less of the weight in, there is no data.
    pub min_coverage: f64,
    /// What a child without data does.
    pub missing: Missing,
}

/// The rule by which children make a parent.
#[derive(Clone, Debug, PartialEq)]
pub enum RollupRule {
    /// The weighted mean of the scores.
    WeightedMean,
    /// The worst child.
    WorstOf,
    /// The best child.
    BestOf,
    /// The status with most weight; a tie goes to the worse.
    Majority,
    /// So many red children make it red, so many at risk.
    CountRed {
        /// From this many red children on, red.
        red: u32,
        /// From this many red children on, at risk.
        amber: u32,
    },
    /// One child decides.
    Priority(Id),
    /// A person decides.
    Manual(Status),
}

/// What a child without data does to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Its weight goes to its siblings.
    Exclude,
    /// It counts as red, score 0.
    Worst,
    /// The parent has no data either.
    Block,
}

/// A level of the tree is judged by half of its weight, or not at all.
pub(crate) const MIN_COVERAGE: f64 = 0.5;

impl Default for Rollup {
    fn default() -> Self {
        Self {
            rule: RollupRule::WeightedMean,
            red_guard: true,
            min_coverage: MIN_COVERAGE,
            missing: Missing::Exclude,
        }
    }
}
