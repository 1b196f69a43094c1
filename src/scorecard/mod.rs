//! The rules: what a scorecard is and how it is judged. Pure: no I/O, no async, no clock; time is
//! an argument, missing data is a value.

mod calendar;
mod episode;
mod formula;
mod history;
mod id;
mod lines;
mod period;
mod portfolio;
pub mod rounding;
mod schedule;
pub mod score;
mod standing;
mod status;
mod target;
mod tree;

pub use calendar::{Calendar, Closure, FiscalLabel, Lag};
pub use episode::{Episode, Event, Phase};
pub use formula::Formula;
pub use history::{Actual, Failure, Figure, History, KpiHistory, Reading, ReadingKind, Sample};
pub use id::{Id, IdError, KpiRef, Scope};
pub use lines::{Lines, at_least};
pub use period::{Frequency, Period, PeriodError};
pub use portfolio::Portfolio;
pub use schedule::{Cron, Interval, Schedule, ScheduleError};
pub use standing::{
    Counts, KpiStanding, ObjectiveStanding, PerspectiveStanding, ScorecardStanding, Signal,
    Standing, Trend, Verdict,
};
pub use status::{DataState, Gap, Reason, Status};
pub use target::{Aim, Amount, Band, Direction, Reference, Shape, Step, Target, Tolerance};
pub use tree::{
    Aggregate, AlertOn, AlertPolicy, Contribution, Initiative, Input, Kind, Kpi, Missing, Nature,
    Objective, ObjectiveRef, Pace, Perspective, Rollup, RollupRule, Scorecard, Scoring,
    SignalRules, Signals, Span,
};
