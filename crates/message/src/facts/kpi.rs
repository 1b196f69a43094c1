//! The facts of one KPI in a message.

use serde::{Deserialize, Serialize};

use crate::facts::named::{Named, PeriodName};
use kpid_rules::{
    judgement::{Signal, Trend, signal::Assurance},
    model::{Gap, Status},
};

/// One KPI of the node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KpiFacts {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// The objective it belongs to.
    pub objective: Named,
    /// The period it reports.
    pub period: Option<PeriodName>,
    /// What the number counts.
    pub unit: Option<String>,
    /// Digits after the point that people care for.
    pub decimals: Option<u8>,
    /// The value of the period reported.
    pub value: Option<f64>,
    /// What was wanted.
    pub target: Option<f64>,
    /// On track from here on.
    pub green_line: Option<f64>,
    /// Off track beyond.
    pub red_line: Option<f64>,
    /// Value minus target, in the KPI's unit.
    pub variance: Option<f64>,
    /// Which way is better.
    pub direction: Better,
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
    /// Its share of the node's shortfall, in %.
    pub share_pct: Option<f64>,
    /// The points it added to the node's change of score, signed.
    pub contribution: Option<f64>,
    /// Against the period before.
    pub trend: Option<Trend>,
    /// What the XmR rules say of the newest value.
    pub signal: Option<Signal>,
    /// The limits between which it usually moves, of single periods.
    pub usual_range: Option<UsualRange>,
    /// The values of the last periods up to the one reported, oldest first, single periods.
    pub recent: Vec<Option<f64>>,
    /// How many closed periods in a row have had the present status.
    pub streak: Option<u32>,
    /// Whether the process as it is meets its target.
    pub assurance: Option<Assurance>,
    /// Why there is no verdict, or a lesser one.
    pub gap: Option<Gap>,
    /// Red here makes the objective red.
    pub critical: bool,
    /// What it needs to be green; absent when it is, or cannot be said.
    pub need: Option<Need>,
    /// Of a shared KPI, the units it is added up from.
    pub units: Vec<UnitFacts>,
    /// Of a flow, how its running period goes.
    #[serde(default)]
    pub pace: Option<PaceFacts>,
    /// What is expected of its next closed period.
    #[serde(default)]
    pub forecast: Option<ForecastFacts>,
}

/// How the running period of a flow goes so far; provisional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaceFacts {
    /// The running period.
    pub period: PeriodName,
    /// What has come so far.
    pub value: f64,
    /// What is wanted of the whole period.
    pub target: Option<f64>,
    /// What should have come so far.
    pub target_to_date: f64,
    /// What the whole period comes to at this pace.
    pub projection: Option<f64>,
    /// What each remaining day must bring.
    pub required_rate: Option<f64>,
    /// Whether those are days of work.
    pub working_days: bool,
    /// The projection judged; `pending` while it is too early.
    pub status: Status,
    /// The projection scored.
    pub score: Option<f64>,
}

/// What is expected of a KPI's next closed period; provisional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastFacts {
    /// The period.
    pub period: PeriodName,
    /// The value expected.
    pub value: f64,
    /// `mean`, `drift` or `same_period_last_year`
    pub method: String,
    /// From how many closed periods.
    pub count: usize,
    /// Lower end of the usual range.
    pub lower: f64,
    /// Upper end of the usual range.
    pub upper: f64,
    /// The verdict that it would have.
    pub status: Status,
    /// Its score.
    pub score: f64,
}

/// An objective of another unit that counts into an objective of the node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkedFacts {
    /// `scorecard/objective` of the other unit.
    pub id: String,
    /// For people: the objective's name and its scorecard's.
    pub name: String,
    /// The objective it counts into.
    pub objective: Named,
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
    /// Its share of the node's shortfall, in %.
    pub share_pct: Option<f64>,
    /// The points it added to the node's change of score, signed.
    pub contribution: Option<f64>,
    /// Red there makes the objective here red.
    pub critical: bool,
}

/// One unit's part in a shared KPI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitFacts {
    /// `scorecard/kpi`
    pub kpi: String,
    /// The unit's scorecard.
    pub scorecard: Named,
    /// The KPI's name there.
    pub name: String,
    /// Its value for the same period.
    pub value: Option<f64>,
}

/// The natural limits of a KPI, from its own history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsualRange {
    /// The lower.
    pub low: f64,
    /// The upper.
    pub high: f64,
}

/// Which way a KPI's value is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Between two lines is best.
    Band,
    /// Done is better.
    Binary,
}

/// What a KPI needs to be green.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// The green line, in the KPI's unit.
    pub green_line: f64,
    /// What is missing to it, signed: green line minus value.
    pub missing: f64,
    /// For a ratio, the same in what it counts.
    pub count: Option<CountNeed>,
}

/// What a ratio needs, in what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountNeed {
    /// So many more (or, negative, fewer) in the numerator.
    pub more: f64,
    /// Out of so many.
    pub of: f64,
}
