//! What a scorecard is: its tree, targets, calendar and periods, and the words of a verdict.

pub(crate) mod alert_node;
pub(crate) mod alert_policy;
pub(crate) mod calendar;
pub mod comparison;
pub(crate) mod definition;
pub(crate) mod formula;
pub(crate) mod id;
pub(crate) mod initiative;
pub(crate) mod kpi_definition;
pub(crate) mod life;
pub(crate) mod likeness;
pub(crate) mod link_error;
pub(crate) mod moment;
pub(crate) mod one_line;
pub(crate) mod period;
pub(crate) mod portfolio;
pub(crate) mod quiet_window;
pub(crate) mod rollup_rule;
pub(crate) mod schedule;
pub mod status;
pub(crate) mod target;
pub(crate) mod working_hours;

pub use alert_node::{AlertNode, NodePart};
pub use alert_policy::{AlertOn, AlertPolicy, ReportPolicy};
pub use calendar::{Calendar, Closure, FiscalLabel, Lag};
pub use comparison::at_least;
pub use definition::{Contribution, Objective, ObjectiveRef, Perspective, Scorecard};
pub use formula::{Formula, error::FormulaError};
pub use id::{Id, IdError, KpiRef, Scope};
pub use initiative::Initiative;
pub use kpi_definition::{
    Aggregate, Input, Kind, Kpi, Nature, Pace, Scoring, SignalRules, Signals, Span,
};
pub use link_error::LinkError;
pub use moment::Moment;
pub use one_line::{is_hidden, one_line};
pub use period::{Frequency, Period, PeriodError};
pub use portfolio::Portfolio;
pub use quiet_window::QuietWindow;
pub use rollup_rule::{Missing, Rollup, RollupRule};
pub use schedule::{Cron, Interval, Schedule, ScheduleError};
pub use status::{DataState, Finality, Gap, Reason, Status};
pub use target::{
    Aim, Amount, Band, Direction, Reference, ScoreStep, Target, Tolerance, TrajectoryShape,
};
pub use working_hours::{HoursOn, WorkingHours};
