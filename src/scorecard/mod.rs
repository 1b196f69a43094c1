//! The rules: what a scorecard is and how it is judged. Pure: no I/O, no async, no clock; time is
//! an argument, missing data is a value.

mod advance;
pub mod backtest;
mod before;
mod calendar;
mod derive;
pub mod difference;
mod episode;
mod evaluate;
mod explain;
pub mod forecast;
mod formula;
mod goal;
mod heard;
mod history;
mod hours;
mod id;
mod incident;
mod judge;
mod kpi;
mod lines;
mod occasion;
mod pace;
mod past;
mod period;
mod picture;
mod portfolio;
mod quiet;
pub mod reading;
mod received;
mod remark;
mod restated;
mod review;
mod rollup;
pub mod rounding;
mod schedule;
pub mod score;
pub mod signal;
mod standing;
mod status;
mod target;
pub mod timeline;
mod tree;
mod trend;
mod watched;

pub use before::Before;
pub use calendar::{Calendar, Closure, FiscalLabel, Lag};
pub use derive::complete;
pub use difference::Difference;
pub use episode::{Cause, Episode, Evaluation, Event, LastVerdict, News, Phase, Told};
pub use evaluate::{Circumstances, EpisodeChange, evaluate, judge};
pub use explain::{Branch, Explanation, Part, PartOf};
pub use formula::{Formula, FormulaError};
pub use goal::{Case, Goal, improved, trajectory};
pub use history::{
    Actual, Asked, Failure, Figure, History, KpiHistory, Reading, ReadingKind, Sample,
};
pub use hours::{HoursOn, WorkingHours};
pub use id::{Id, IdError, KpiRef, Scope};
pub use incident::{Incident, IncidentKey, IncidentNews, Trouble};
pub use judge::Judge;
pub use kpi::{PeriodVerdict, judge_kpi};
pub use lines::{Lines, at_least};
pub use occasion::Occasion;
pub use period::{Frequency, Period, PeriodError};
pub use picture::{Picture, Pictured, Retuned, retuned};
pub use portfolio::{LinkError, Portfolio};
pub use quiet::QuietWindow;
pub use remark::{Acknowledgement, Note, RemarkError, Silence};
pub use restated::{Restated, is_material};
pub use review::{Review, ReviewedKpi, ReviewedObjective, ReviewedPerspective};
pub use rollup::{Child, Rolled, manual_score, roll_up};
pub use schedule::{Cron, Interval, Schedule, ScheduleError};
pub use standing::{
    AsReported, Basis, Counts, KpiStanding, LastKnown, LinkedStanding, ObjectiveStanding, Outlook,
    Pacing, PerspectiveStanding, ScorecardStanding, Signal, Standing, Trend, Verdict,
};
pub use status::{DataState, Finality, Gap, Reason, Status};
pub use target::{Aim, Amount, Band, Direction, Reference, Shape, Step, Target, Tolerance};
pub use tree::{
    Aggregate, AlertOn, AlertPolicy, Contribution, Initiative, Input, Kind, Kpi, Missing, Nature,
    Objective, ObjectiveRef, Pace, Perspective, ReportPolicy, Rollup, RollupRule, Scorecard,
    Scoring, SignalRules, Signals, Span,
};
pub use trend::{trend, trend_in_band};
pub use watched::Watched;
