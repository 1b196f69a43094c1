//! `rollup:` and `missing:` as their author writes them: how children make a parent.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{status::StatusDoc, yaml::located::Loc};

/// How children make a parent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RollupDoc {
    /// The weighted mean of the scores.
    WeightedMean,
    /// The worst child.
    WorstOf,
    /// The best child.
    BestOf,
    /// The status with most weight; a tie goes to the worse.
    Majority,
    /// So many red children make it red, so many at risk.
    CountRed(CountRedDoc),
    /// One child decides: its id.
    Priority(Loc<String>),
    /// A person decides: `on_track`, `at_risk` or `off_track`.
    Manual(StatusDoc),
}

/// So many red children make it red, so many at risk.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CountRedDoc {
    /// From this many red children on, red; 2 by default.
    pub(crate) red: Option<u32>,
    /// From this many red children on, at risk; 1 by default.
    pub(crate) amber: Option<u32>,
}

/// What a child without data does to its parent.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MissingDoc {
    /// Its weight goes to its siblings.
    Exclude,
    /// It counts as red, score 0.
    Worst,
    /// The parent has no data either.
    Block,
}
