//! A scorecard file: perspectives → objectives → KPIs with sources and targets.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    located::{Entries, Loc},
    scalar::{AmountDoc, IdsDoc, ScheduleDoc},
};

/// The strategy of one unit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ScorecardDoc {
    /// The scorecard's id.
    pub scorecard: Loc<String>,
    /// For people; the id by default.
    pub name: Option<Loc<String>>,
    /// Who answers for it: a person's id.
    pub owner: Option<Loc<String>>,
    /// Whether the overall number is shown; true by default.
    pub show_overall: Option<Loc<bool>>,
    /// An individual's scorecard: never broadcast.
    pub private: Option<Loc<bool>>,
    /// Revisions that move a value by less, in %, and no status, are not worth a notice; 1 by default.
    pub materiality: Option<Loc<f64>>,
    /// Closed periods after which a later change needs a person.
    pub freeze_after: Option<Loc<u32>>,
    /// How children make this parent; the weighted mean by default.
    pub rollup: Option<Loc<RollupDoc>>,
    /// A red child keeps a green parent at risk; true by default.
    pub red_guard: Option<Loc<bool>>,
    /// With less of the weight in there is no data; 0.5 by default.
    pub min_coverage: Option<Loc<f64>>,
    /// What a child without data does; `exclude` by default.
    pub missing: Option<Loc<MissingDoc>>,
    /// By id.
    pub perspectives: Loc<Entries<PerspectiveDoc>>,
}

/// One view of the strategy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PerspectiveDoc {
    /// For people; the id by default.
    pub name: Option<Loc<String>>,
    /// Earlier ids, so that a rename keeps history and alerts.
    pub was: Option<Loc<IdsDoc>>,
    /// Relative to its siblings; 1 by default, 0 is shown and not counted.
    pub weight: Option<Loc<f64>>,
    /// Red here makes the parent red.
    pub critical: Option<Loc<bool>>,
    /// Who answers for it: a person's id.
    pub owner: Option<Loc<String>>,
    /// Who is told what, and when.
    pub alert: Option<Loc<AlertDoc>>,
    /// How children make this parent; the weighted mean by default.
    pub rollup: Option<Loc<RollupDoc>>,
    /// A red child keeps a green parent at risk; true by default.
    pub red_guard: Option<Loc<bool>>,
    /// With less of the weight in there is no data; 0.5 by default.
    pub min_coverage: Option<Loc<f64>>,
    /// What a child without data does; `exclude` by default.
    pub missing: Option<Loc<MissingDoc>>,
    /// By id.
    pub objectives: Loc<Entries<ObjectiveDoc>>,
}

/// What is to be achieved.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ObjectiveDoc {
    /// For people; the id by default.
    pub name: Option<Loc<String>>,
    /// Relative to its siblings; 1 by default, 0 is shown and not counted.
    pub weight: Option<Loc<f64>>,
    /// Red here makes the perspective red.
    pub critical: Option<Loc<bool>>,
    /// Who answers for it: a person's id.
    pub owner: Option<Loc<String>>,
    /// Objectives of this scorecard that this one drives.
    pub drives: Option<Loc<IdsDoc>>,
    /// Objectives of other scorecards, as `scorecard/objective`, that are weighted children of this one.
    pub contributions: Option<Loc<Entries<ContributionDoc>>>,
    /// Objectives of other scorecards, as `scorecard/objective`, that this one serves; no arithmetic.
    pub aligned: Option<Loc<IdsDoc>>,
    /// What is being done about it, by id.
    pub initiatives: Option<Loc<Entries<InitiativeDoc>>>,
    /// How children make this parent; the weighted mean by default.
    pub rollup: Option<Loc<RollupDoc>>,
    /// A red child keeps a green parent at risk; true by default.
    pub red_guard: Option<Loc<bool>>,
    /// With less of the weight in there is no data; 0.5 by default.
    pub min_coverage: Option<Loc<f64>>,
    /// What a child without data does; `exclude` by default.
    pub missing: Option<Loc<MissingDoc>>,
    /// By id.
    #[serde(default)]
    pub kpis: Option<Loc<Entries<KpiDoc>>>,
}

/// A child unit's objective, counted as one weighted child.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ContributionDoc {
    /// Relative to the parent's other children; 1 by default.
    pub weight: Option<Loc<f64>>,
    /// Red there makes the parent red.
    pub critical: Option<Loc<bool>>,
}

/// An action under way.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct InitiativeDoc {
    /// For people; the id by default.
    pub name: Option<Loc<String>>,
    /// Who delivers it: a person's id.
    pub owner: Option<Loc<String>>,
    /// When it should be done, e.g. `2026-06-30`.
    pub due: Option<Loc<String>>,
    /// In your own words, e.g. `running`.
    pub state: Option<Loc<String>>,
}

/// Who is told when a perspective falls off track, and how patiently.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AlertDoc {
    /// Persons (told by mail) or channels; the perspective's owner by default.
    pub to: Option<Loc<IdsDoc>>,
    /// Who is told when it lasts.
    pub escalate_to: Option<Loc<IdsDoc>>,
    /// The status that opens an episode; `off_track` by default.
    pub on: Option<Loc<AlertOnDoc>>,
    /// Consecutive evaluations before an episode opens; 1 by default.
    pub open_after: Option<Loc<u32>>,
    /// Points above the red line's 40 that end an episode; 2 by default.
    pub recovery_margin: Option<Loc<f64>>,
    /// Consecutive off-track periods after which it escalates; 2 by default, 0 never.
    pub escalate_after: Option<Loc<u32>>,
}

/// What opens an episode.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertOnDoc {
    /// Off track.
    OffTrack,
    /// At risk or worse.
    AtRisk,
}

/// How children make a parent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollupDoc {
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
pub struct CountRedDoc {
    /// From this many red children on, red; 2 by default.
    pub red: Option<u32>,
    /// From this many red children on, at risk; 1 by default.
    pub amber: Option<u32>,
}

/// A status, as written.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusDoc {
    /// Green.
    OnTrack,
    /// Amber.
    AtRisk,
    /// Red.
    OffTrack,
}

/// What a child without data does to its parent.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingDoc {
    /// Its weight goes to its siblings.
    Exclude,
    /// It counts as red, score 0.
    Worst,
    /// The parent has no data either.
    Block,
}

/// One number with a direction, a period and a target.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct KpiDoc {
    /// For people; the id by default.
    pub name: Option<Loc<String>>,
    /// What exactly is counted.
    pub description: Option<Loc<String>>,
    /// What longer periods make of it: `flow` sums, `level` stands, `ratio` divides sums, `event` happens.
    pub nature: Loc<NatureDoc>,
    /// Whether it predicts or confirms.
    pub kind: Option<Loc<KindDoc>>,
    /// What the number counts, e.g. `%`, `kEUR`, `days`.
    pub unit: Option<Loc<String>>,
    /// Digits after the point that people care for.
    pub decimals: Option<Loc<u8>>,
    /// Which way is better; `higher` by default, or the way a trajectory goes.
    pub direction: Option<Loc<DirectionDoc>>,
    /// How often there is an actual; `month` by default.
    pub period: Option<Loc<FrequencyDoc>>,
    /// When it is collected.
    pub schedule: Option<Loc<ScheduleDoc>>,
    /// How long after the period's end the actual is due: `5d` or `2wd` (working days); at once by default.
    pub lag: Option<Loc<String>>,
    /// Relative to its siblings; 1 by default, 0 is shown and not counted.
    pub weight: Option<Loc<f64>>,
    /// Weights from a period on, e.g. `2026-04: 40`.
    pub weights: Option<Loc<Entries<f64>>>,
    /// Red here makes the objective red.
    pub critical: Option<Loc<bool>>,
    /// Who answers for it: a person's id.
    pub owner: Option<Loc<String>>,
    /// Who is told when its data are late or wrong: a person's id.
    pub steward: Option<Loc<String>>,
    /// What is wanted.
    pub target: Option<Loc<TargetDoc>>,
    /// From the target to the red line: `3` in the KPI's unit, or `10%` of the target; 10% by default.
    pub tolerance: Option<Loc<AmountDoc>>,
    /// From the target to the green line; 0 by default.
    pub green_tolerance: Option<Loc<AmountDoc>>,
    /// Used instead of a percentage while the target is 0.
    pub tolerance_floor: Option<Loc<f64>>,
    /// The green and the red line as absolute values, instead of a tolerance.
    pub lines: Option<Loc<LinesDoc>>,
    /// An explicit table, read top-down, instead of a tolerance.
    pub steps: Option<Loc<Vec<Loc<StepDoc>>>>,
    /// How a value becomes a score; `threshold` by default.
    pub scoring: Option<Loc<ScoringDoc>>,
    /// The value that scores 100.
    pub best: Option<Loc<f64>>,
    /// The value that scores 0.
    pub worst: Option<Loc<f64>>,
    /// Whether doing better than the green line earns more than 70; true by default.
    pub credit_overachievement: Option<Loc<bool>>,
    /// How the readings of one period make its actual.
    pub aggregate: Option<Loc<String>>,
    /// Multiplies numerator / denominator; 100 for a unit of %, else 1.
    pub scale: Option<Loc<f64>>,
    /// Judge the sum since the fiscal year or quarter began.
    pub cumulative: Option<Loc<CumulativeDoc>>,
    /// A ratio with a smaller denominator has no data.
    pub min_n: Option<Loc<f64>>,
    /// Smallest and largest believable value: `[min, max]`.
    pub sanity: Option<Loc<Vec<f64>>>,
    /// A level's newest reading older than this is stale, e.g. `2d`.
    pub max_age: Option<Loc<String>>,
    /// How many overdue periods the last actual may stand in for; 0 by default.
    pub carry_forward: Option<Loc<u32>>,
    /// Periods left out, like weight 0.
    pub not_applicable: Option<Loc<Vec<Loc<String>>>>,
    /// Changes smaller than this are steady; `2%` by default.
    pub dead_band: Option<Loc<AmountDoc>>,
    /// How the running period of a flow is paced.
    pub pace: Option<Loc<PaceDoc>>,
    /// Which rules tell signal from noise.
    pub signals: Option<Loc<SignalsDoc>>,
    /// Made of other KPIs: `revenue / headcount`.
    pub formula: Option<Loc<String>>,
    /// The same KPI of other scorecards, as `scorecard/kpi`, added up.
    pub shared: Option<Loc<IdsDoc>>,
    /// Where it is collected.
    pub source: Option<Loc<SourceDoc>>,
    /// What is being done about it, by id.
    pub initiatives: Option<Loc<Entries<InitiativeDoc>>>,
}

/// What a KPI's number does across periods.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NatureDoc {
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
pub enum KindDoc {
    /// Predicts.
    Leading,
    /// Confirms.
    Lagging,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectionDoc {
    /// More.
    Higher,
    /// Less.
    Lower,
}

/// How often there is an actual.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrequencyDoc {
    /// Local days.
    Day,
    /// ISO weeks.
    Week,
    /// Months.
    Month,
    /// Fiscal quarters.
    Quarter,
    /// Fiscal halves.
    Half,
    /// Fiscal years.
    Year,
}

/// What is wanted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetDoc {
    /// A value for each period: `2026-04: 2200`.
    Phased(Entries<f64>),
    /// A fiscal year's total, spread over its periods.
    Annual(AnnualDoc),
    /// A journey from a baseline to a goal.
    Trajectory(TrajectoryDoc),
    /// Better than another value.
    Relative(RelativeDoc),
    /// The mean of the periods before.
    Rolling(RollingDoc),
    /// Between two values, best in the middle.
    Band(BandDoc),
    /// Kept where it is, within the tolerance.
    Maintain(Loc<f64>),
    /// Done by a day.
    Milestone(MilestoneDoc),
    /// The same value for every period.
    #[schemars(untagged)]
    Number(f64),
    /// Changes over time: each from a period on.
    #[schemars(untagged)]
    List(Vec<Loc<AimDoc>>),
}

/// A target from a period on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AimDoc {
    /// First period it applies to.
    pub from: Option<Loc<String>>,
    /// What is wanted.
    pub target: Loc<TargetDoc>,
    /// Its own tolerance; the KPI's by default.
    pub tolerance: Option<Loc<AmountDoc>>,
}

/// A fiscal year's total.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AnnualDoc {
    /// The total.
    pub total: f64,
    /// One weight a period of the fiscal year; even by default.
    pub weights: Option<Loc<Vec<f64>>>,
}

/// A journey from a baseline to a goal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct TrajectoryDoc {
    /// The baseline.
    pub from: Option<f64>,
    /// The baseline's day.
    pub at: Option<Loc<String>>,
    /// The goal.
    pub to: Option<f64>,
    /// The goal's day.
    pub by: Option<Loc<String>>,
    /// `linear` by default.
    pub shape: Option<ShapeDoc>,
    /// Days and values on the way, e.g. `2026-10-01: 44`.
    pub points: Option<Loc<Entries<f64>>>,
}

/// What holds between two points.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShapeDoc {
    /// A straight line.
    Linear,
    /// The value of the latest point.
    Step,
}

/// Better than another value.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct RelativeDoc {
    /// `previous_period`, `same_period_last_year`, `{ baseline: 12 }` or `{ kpi: scorecard/kpi }`.
    pub to: Loc<ReferenceDoc>,
    /// How much better: `10%` or a number; 0 by default.
    pub improve: Option<Loc<AmountDoc>>,
}

/// The value a relative target builds on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceDoc {
    /// The period before.
    PreviousPeriod,
    /// The same period one year earlier.
    SamePeriodLastYear,
    /// A fixed number.
    Baseline(f64),
    /// Another KPI's actual of the same period.
    Kpi(Loc<String>),
}

/// The mean of the periods before.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct RollingDoc {
    /// How many.
    pub periods: u32,
    /// With fewer values there is no target; half of them, rounded up, by default.
    pub min: Option<u32>,
}

/// Between two values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct BandDoc {
    /// Lower edge of green.
    pub low: f64,
    /// Upper edge of green.
    pub high: f64,
    /// Below this is off track; the lower edge by default.
    pub red_low: Option<f64>,
    /// Above this is off track; the upper edge by default.
    pub red_high: Option<f64>,
}

/// Done by a day.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct MilestoneDoc {
    /// The day by whose end it must be done.
    pub due: Loc<String>,
}

/// Green and red line as absolute values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct LinesDoc {
    /// On track from here on.
    pub green: f64,
    /// At risk up to here.
    pub red: f64,
}

/// One row of an explicit table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct StepDoc {
    /// The value from which it holds; without it, "otherwise".
    pub from: Option<f64>,
    /// The status it gives.
    pub status: StatusDoc,
    /// The score it gives; the middle of the status' band by default.
    pub score: Option<f64>,
}

/// How a value becomes a score.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoringDoc {
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
pub struct MinMaxDoc {
    /// Scores 0.
    pub min: f64,
    /// Scores 100.
    pub max: f64,
}

/// The share of the way from baseline to goal.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ProgressDoc {
    /// Scores 0.
    pub baseline: f64,
    /// Scores 100.
    pub goal: f64,
}

/// The span a cumulative KPI adds up.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CumulativeDoc {
    /// Since the fiscal year began.
    FiscalYear,
    /// Since the fiscal quarter began.
    Quarter,
}

/// How the running period of a flow is paced.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PaceDoc {
    /// `working_days` (default) or `calendar_days`.
    pub basis: Option<BasisDoc>,
    /// Share of the period that must have passed; 0.25 by default.
    pub min_elapsed: Option<f64>,
}

/// Which days count.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BasisDoc {
    /// Working days.
    WorkingDays,
    /// All days.
    CalendarDays,
}

/// Which rules tell signal from noise.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SignalsDoc {
    /// `two` (default) or `nhs`.
    pub rules: Option<RulesDoc>,
    /// Recompute limits without extreme moving ranges; false by default.
    pub screen_outliers: Option<bool>,
    /// First period of the baseline; the first held by default.
    pub baseline_from: Option<Loc<String>>,
}

/// A set of rules.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RulesDoc {
    /// Outside the limits; 8 in a row on one side.
    Two,
    /// Outside; 7 on one side; 7 rising or falling; 2 of 3 near a limit.
    Nhs,
}

/// Where a KPI is collected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceDoc {
    /// A question to a database.
    Sql(Box<SqlSourceDoc>),
    /// A question to an HTTP API.
    Http(Box<HttpSourceDoc>),
}

/// A question to a database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SqlSourceDoc {
    /// The connection's id.
    pub from: Loc<String>,
    /// What one answer is; `value` by default.
    pub reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is asked again for; 3 by default.
    pub lookback: Option<Loc<u32>>,
    /// SQL that returns `value`, or `numerator` and `denominator`; with `period` for a series.
    pub query: Loc<String>,
}

/// A question to an HTTP API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct HttpSourceDoc {
    /// The connection's id.
    pub from: Loc<String>,
    /// What one answer is; `value` by default.
    pub reading: Option<Loc<ReadingDoc>>,
    /// How many periods before the present one a series is asked again for; 3 by default.
    pub lookback: Option<Loc<u32>>,
    /// Path and query below the base URL; `{period_key}` and friends stand for the period.
    pub get: Loc<String>,
    /// Of a series: JSONPath to its rows.
    pub rows: Option<Loc<String>>,
    /// Of a series: JSONPath, within a row, to its period key.
    pub period: Option<Loc<String>>,
    /// JSONPath to the value; of a series, within a row.
    pub value: Option<Loc<String>>,
    /// JSONPath to what is counted.
    pub numerator: Option<Loc<String>>,
    /// JSONPath to how many there are.
    pub denominator: Option<Loc<String>>,
}

/// What one answer of a source is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingDoc {
    /// A sample of the present value.
    Value,
    /// A part; the parts of a period add up.
    Delta,
    /// Already cumulative in the period.
    ToDate,
    /// A meter that only rises.
    Counter,
    /// Rows of period and figure.
    Series,
}
