//! Judgement and alerts at one instant: everything in one call, or step by step, and notices about data.

pub(crate) mod circumstances;
pub(crate) mod evaluate;
pub(crate) mod evaluator;
pub(crate) mod family;
pub(crate) mod incident;

pub use circumstances::{Circumstances, EpisodeChange};
pub use evaluate::{evaluate, judge, judge_some, rejudge};
pub use family::{Applied, Changes, Family, Inputs, MovedNode, SeriesChange};
pub use incident::{Incident, IncidentKey, IncidentKind, IncidentNews};
