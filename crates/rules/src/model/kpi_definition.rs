//! The definition of a KPI, as its author wrote it.

use chrono::TimeDelta;

use crate::model::{
    alert_policy::AlertPolicy,
    calendar::Lag,
    formula::Formula,
    id::{Id, KpiRef},
    initiative::Initiative,
    period::{Frequency, Period},
    target::{Aim, Amount, Direction},
};

/// One number with a direction, a frequency and an aim.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpi {
    /// Unique in the scorecard, also among its perspectives.
    pub id: Id,
    /// Earlier ids, so that a rename keeps history and alerts.
    pub was: Vec<Id>,
    /// For people.
    pub name: String,
    /// What exactly is counted.
    pub description: Option<String>,
    /// What a longer period makes of it.
    pub nature: Nature,
    /// Whether it predicts or confirms.
    pub kind: Option<Kind>,
    /// What the number counts: `%`, `kEUR`, `days`.
    pub unit: Option<String>,
    /// Digits after the point that people care for.
    pub decimals: Option<u8>,
    /// Which way is better.
    pub direction: Direction,
    /// How often there is an actual.
    pub frequency: Frequency,
    /// The first period in which it is followed; always, without one.
    pub from: Option<Period>,
    /// The last period in which it is followed.
    pub until: Option<Period>,
    /// Relative to its siblings; 0 is shown and not counted.
    pub weight: f64,
    /// Red here makes the objective red.
    pub critical: bool,
    /// Who is told of it alone, if anybody is.
    pub alert: Option<Box<AlertPolicy>>,
    /// Who answers for it: a person's id.
    pub owner: Option<Id>,
    /// Who is told when its data are late or wrong: a person's id.
    pub steward: Option<Id>,
    /// How long after the period's end the actual is due, where its author says.
    pub lag: Option<Lag>,
    /// What it is judged against, by first period ascending.
    pub aims: Vec<Aim>,
    /// Weights that hold from a period on, ascending; before the first, `weight`.
    pub weights: Vec<(Period, f64)>,
    /// How a value becomes a score.
    pub scoring: Scoring,
    /// The value that scores 100, if not one tolerance beyond the green line.
    pub best: Option<f64>,
    /// The value that scores 0, if not 40/30 tolerances beyond the red line.
    pub worst: Option<f64>,
    /// Whether doing better than the green line earns more than 70.
    pub credit_overachievement: bool,
    /// Where its actuals come from.
    pub input: Input,
    /// How readings of one period make its actual.
    pub aggregate: Aggregate,
    /// Whether a period in which its source has nothing is 0; for flows.
    pub empty_is_zero: bool,
    /// Multiplies numerator / denominator: 100 for %, 1000 for "per 1000".
    pub scale: f64,
    /// Judge the sum since the start of this span instead of the single period.
    pub cumulative: Option<Span>,
    /// A ratio with a smaller denominator has no data.
    pub min_n: f64,
    /// Values outside wait for a person.
    pub sanity: Option<(f64, f64)>,
    /// A level's newest reading older than this is stale; `None` is the default of the rules.
    pub max_age: Option<TimeDelta>,
    /// How often the source is asked, for the default of `max_age`.
    pub poll_interval: Option<TimeDelta>,
    /// How many overdue periods the last actual may stand in for.
    pub carry_forward: u32,
    /// Periods left out like weight 0.
    pub not_applicable: Vec<Period>,
    /// Changes smaller than this are "steady".
    pub dead_band: Amount,
    /// How the running period of a flow is paced.
    pub pace: Pace,
    /// Which rules tell signal from noise, and from which values.
    pub signals: Signals,
    /// What is being done about it.
    pub initiatives: Vec<Initiative>,
}

/// What a KPI's number does across periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Sums up: revenue, claims.
    Flow,
    /// Stands: backlog, cash, NPS. Judged on the newest reading.
    Level,
    /// Numerator over denominator: on-time %.
    Ratio,
    /// Happens or not: a milestone.
    Event,
}

/// Whether a KPI predicts or confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Predicts.
    Leading,
    /// Confirms.
    Lagging,
}

/// Where a KPI's actuals come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A source, or a person's import.
    Collected,
    /// Other KPIs, by a formula.
    Derived(Formula),
    /// The same KPI of child units, added up by nature.
    Shared(Vec<KpiRef>),
}

/// How the readings of one period make its actual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// The one observed last; equally late, the one collected last.
    Last,
    /// The one observed first.
    First,
    /// Their sum.
    Sum,
    /// Their arithmetic mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// How many there are.
    Count,
    /// The middle one.
    Median,
    /// The p-th percentile, 0 to 100, linear between neighbours.
    Percentile(f64),
    /// Scale × sum of numerators / sum of denominators.
    Ratio,
    /// The mean weighted by the denominators.
    WeightedAvg,
}

/// The span a cumulative KPI adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Since the fiscal year began.
    FiscalYear,
    /// Since the fiscal quarter began.
    Quarter,
}

/// How a value becomes a score of 0 to 100.
#[derive(Clone, Debug, PartialEq)]
pub enum Scoring {
    /// 70 at the green line, 40 at the red line, straight through both.
    Threshold,
    /// Straight from `min` (0) to `max` (100), turned round for a lower-is-better KPI.
    MinMax {
        /// Scores 0.
        min: f64,
        /// Scores 100.
        max: f64,
    },
    /// The share of the way from baseline to goal.
    Progress {
        /// Scores 0.
        baseline: f64,
        /// Scores 100.
        goal: f64,
    },
    /// Achievement in % of target.
    Achievement,
    /// Every band between two edges has the same share of 100, straight inside.
    EqualBands(Vec<f64>),
    /// 100 or 0.
    Binary,
}

/// How the running period is judged before it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Count working days, not calendar days.
    pub working_days: bool,
    /// Share of the period that must have passed.
    pub min_elapsed: f64,
}

/// Which XmR rules are used, and on what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signals {
    /// The rule set.
    pub rules: SignalRules,
    /// Recompute limits without moving ranges above the range limit.
    pub screen_outliers: bool,
    /// First period of the baseline; `None` is the first value held.
    pub baseline_from: Option<Period>,
}

/// A set of XmR detection rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalRules {
    /// Outside the limits; 8 in a row on one side.
    Two,
    /// Outside; 7 on one side; 7 rising or falling; 2 of 3 near a limit.
    Nhs,
}

impl Kpi {
    /// A KPI as its author gets it who writes no more than an id: monthly, higher is better,
    /// weight 1, judged by threshold, with nothing to judge it by yet.
    pub fn plain(id: Id, nature: Nature) -> Self {
        Self {
            name: id.to_string(),
            id,
            description: None,
            nature,
            kind: None,
            unit: None,
            decimals: None,
            direction: Direction::Higher,
            frequency: Frequency::Month,
            from: None,
            until: None,
            was: Vec::new(),
            weight: 1.0,
            critical: false,
            alert: None,
            owner: None,
            steward: None,
            lag: None,
            aims: Vec::new(),
            weights: Vec::new(),
            scoring: Scoring::Threshold,
            best: None,
            worst: None,
            credit_overachievement: true,
            input: Input::Collected,
            aggregate: Aggregate::Last,
            empty_is_zero: false,
            scale: 1.0,
            cumulative: None,
            min_n: 0.0,
            sanity: None,
            max_age: None,
            poll_interval: None,
            carry_forward: 0,
            not_applicable: Vec::new(),
            dead_band: Amount::Percent(2.0),
            pace: Pace { working_days: true, min_elapsed: 0.25 },
            signals: Signals {
                rules: SignalRules::Two,
                screen_outliers: false,
                baseline_from: None,
            },
            initiatives: Vec::new(),
        }
    }
}
