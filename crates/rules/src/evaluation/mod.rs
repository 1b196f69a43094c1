//! Judgement and alerts at one instant: the whole engine in one call, and notices about data.

pub(crate) mod evaluate;
pub(crate) mod incident;

pub use evaluate::{Circumstances, EpisodeChange, evaluate, judge};
pub use incident::{Incident, IncidentKey, IncidentKind, IncidentNews};
