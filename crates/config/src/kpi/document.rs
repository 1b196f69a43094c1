//! A KPI, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    alert::document::AlertDoc,
    initiative::document::InitiativeDoc,
    kpi::frequency::FrequencyDoc,
    source::document::SourceDoc,
    target::document::{LinesDoc, StepDoc, TargetDoc},
    yaml::{
        located::{Entries, Loc},
        scalar::{AmountDoc, IdsDoc, ScheduleDoc},
    },
};

/// One number with a direction, a period and a target.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct KpiDoc {
    /// For people; the id by default.
    pub(crate) name: Option<Loc<String>>,
    /// Earlier ids, so that a rename keeps history and alerts.
    pub(crate) was: Option<Loc<IdsDoc>>,
    /// What exactly is counted.
    pub(crate) description: Option<Loc<String>>,
    /// What longer periods make of it: `flow` sums, `level` stands, `ratio` divides sums, `event` happens.
    pub(crate) nature: Loc<NatureDoc>,
    /// Whether it predicts or confirms.
    pub(crate) kind: Option<Loc<KindDoc>>,
    /// What the number counts, e.g. `%`, `kEUR`, `days`.
    pub(crate) unit: Option<Loc<String>>,
    /// Digits after the point that people care for.
    pub(crate) decimals: Option<Loc<u8>>,
    /// Which way is better; `higher` by default, or the way a trajectory goes.
    pub(crate) direction: Option<Loc<DirectionDoc>>,
    /// How often there is an actual; `month` by default.
    pub(crate) period: Option<Loc<FrequencyDoc>>,
    /// The first period in which it is followed; before it nothing is collected, weighed or missing.
    pub(crate) from: Option<Loc<String>>,
    /// The last period in which it is followed; what it has brought stays.
    pub(crate) until: Option<Loc<String>>,
    /// When it is collected.
    pub(crate) schedule: Option<Loc<ScheduleDoc>>,
    /// Up to so much later than its schedule says, always the same for a KPI, e.g. `5m`; 0 by default.
    pub(crate) jitter: Option<Loc<String>>,
    /// How long after the period's end the actual is due: `5d` or `2wd` (working days); at once by default.
    pub(crate) lag: Option<Loc<String>>,
    /// Relative to its siblings; 1 by default, 0 is shown and not counted.
    pub(crate) weight: Option<Loc<f64>>,
    /// Weights from a period on, e.g. `2026-04: 40`.
    pub(crate) weights: Option<Loc<Entries<f64>>>,
    /// Red here makes the objective red.
    pub(crate) critical: Option<Loc<bool>>,
    /// Who is notified about it alone, if it is critical; by default nobody: it is in the alerts of its perspective.
    pub(crate) alert: Option<Loc<AlertDoc>>,
    /// Who answers for it: a person's id.
    pub(crate) owner: Option<Loc<String>>,
    /// Who is notified when its data are late or wrong: a person's id.
    pub(crate) steward: Option<Loc<String>>,
    /// What is wanted.
    pub(crate) target: Option<Loc<TargetDoc>>,
    /// From the target to the red line: `3` in the KPI's unit, or `10%` of the target; 10% by default.
    pub(crate) tolerance: Option<Loc<AmountDoc>>,
    /// From the target to the green line; 0 by default.
    pub(crate) green_tolerance: Option<Loc<AmountDoc>>,
    /// Used instead of a percentage while the target is 0.
    pub(crate) tolerance_floor: Option<Loc<f64>>,
    /// The green and the red line as absolute values, instead of a tolerance.
    pub(crate) lines: Option<Loc<LinesDoc>>,
    /// An explicit table, read top-down, instead of a tolerance.
    pub(crate) steps: Option<Loc<Vec<Loc<StepDoc>>>>,
    /// How a value becomes a score; `threshold` by default.
    pub(crate) scoring: Option<Loc<ScoringDoc>>,
    /// The value that scores 100.
    pub(crate) best: Option<Loc<f64>>,
    /// The value that scores 0.
    pub(crate) worst: Option<Loc<f64>>,
    /// Whether doing better than the green line earns more than 70; true by default.
    pub(crate) credit_overachievement: Option<Loc<bool>>,
    /// How the readings of one period make its actual.
    pub(crate) aggregate: Option<Loc<String>>,
    /// What a period is in which a flow's source has nothing: no figure, or 0.
    pub(crate) empty: Option<Loc<EmptyDoc>>,
    /// Multiplies numerator / denominator; 100 for a unit of %, else 1.
    pub(crate) scale: Option<Loc<f64>>,
    /// Judge the sum since the fiscal year or quarter began.
    pub(crate) cumulative: Option<Loc<CumulativeDoc>>,
    /// A ratio with a smaller denominator has no data.
    pub(crate) min_n: Option<Loc<f64>>,
    /// Smallest and largest believable value: `[min, max]`.
    pub(crate) sanity: Option<Loc<Vec<f64>>>,
    /// A level's newest reading older than this is stale, e.g. `2d`.
    pub(crate) max_age: Option<Loc<String>>,
    /// How many overdue periods the last actual may stand in for; 0 by default.
    pub(crate) carry_forward: Option<Loc<u32>>,
    /// Periods left out, like weight 0.
    pub(crate) not_applicable: Option<Loc<Vec<Loc<String>>>>,
    /// Changes smaller than this are steady; `2%` by default.
    pub(crate) dead_band: Option<Loc<AmountDoc>>,
    /// How the running period of a flow is paced.
    pub(crate) pace: Option<Loc<PaceDoc>>,
    /// Which rules tell signal from noise.
    pub(crate) signals: Option<Loc<SignalsDoc>>,
    /// Made of other KPIs: `revenue / headcount`.
    pub(crate) formula: Option<Loc<String>>,
    /// The same KPI of other scorecards, as `scorecard/kpi`, added up.
    pub(crate) shared: Option<Loc<IdsDoc>>,
    /// Where it is collected.
    pub(crate) source: Option<Loc<SourceDoc>>,
    /// What is being done about it, by id.
    pub(crate) initiatives: Option<Loc<Entries<InitiativeDoc>>>,
}

/// What a period is in which a source has nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EmptyDoc {
    /// Not a figure; the default.
    Missing,
    /// The sum of nothing: 0. Only for flows, and never where the source fails.
    Zero,
}

/// What a KPI's number does across periods.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NatureDoc {
    /// Sums up; judged on the last closed period.
    Flow,
    /// Stands; judged on the newest reading.
    Level,
    /// Numerator over denominator; judged on the last closed period.
    Ratio,
    /// Happens or not.
    Event,
}

/// Whether a KPI predicts or confirms.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindDoc {
    /// Predicts.
    Leading,
    /// Confirms.
    Lagging,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DirectionDoc {
    /// More.
    Higher,
    /// Less.
    Lower,
}

/// How a value becomes a score.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScoringDoc {
    /// 70 at the green line, 40 at the red line, straight through both.
    Threshold,
    /// Achievement in % of target.
    Achievement,
    /// 100 or 0.
    Binary,
    /// Straight from min (0) to max (100).
    Minmax(MinMaxDoc),
    /// The share of the way from baseline to goal.
    Progress(ProgressDoc),
    /// Edges from worst to best; every band has the same share.
    EqualBands(Vec<f64>),
}

/// Straight from min (0) to max (100).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct MinMaxDoc {
    /// Scores 0.
    pub(crate) min: f64,
    /// Scores 100.
    pub(crate) max: f64,
}

/// The share of the way from baseline to goal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ProgressDoc {
    /// Scores 0.
    pub(crate) baseline: f64,
    /// Scores 100.
    pub(crate) goal: f64,
}

/// The span a cumulative KPI adds up.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CumulativeDoc {
    /// Since the fiscal year began.
    FiscalYear,
    /// Since the fiscal quarter began.
    Quarter,
}

/// How the running period of a flow is paced.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct PaceDoc {
    /// `working_days` (default) or `calendar_days`.
    pub(crate) basis: Option<BasisDoc>,
    /// Share of the period that must have passed; 0.25 by default.
    pub(crate) min_elapsed: Option<f64>,
}

/// Which days count.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BasisDoc {
    /// Working days.
    WorkingDays,
    /// All days.
    CalendarDays,
}

/// Which rules tell signal from noise.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct SignalsDoc {
    /// `two` (default) or `nhs`.
    pub(crate) rules: Option<RulesDoc>,
    /// Recompute limits without extreme moving ranges; false by default.
    pub(crate) screen_outliers: Option<bool>,
    /// First period of the baseline; the first held by default.
    pub(crate) baseline_from: Option<Loc<String>>,
}

/// A set of rules.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RulesDoc {
    /// Outside the limits; 8 in a row on one side.
    Two,
    /// Outside; 7 on one side; 7 rising or falling; 2 of 3 near a limit.
    Nhs,
}
