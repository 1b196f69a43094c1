//! A scorecard file: perspectives → objectives → KPIs.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    kpi::document::{FrequencyDoc, KpiDoc},
    yaml::{
        located::{Entries, Loc},
        scalar::IdsDoc,
    },
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
    /// Who is told of the whole; by default nobody: its perspectives have alerts.
    pub alert: Option<Loc<AlertDoc>>,
    /// Who gets a report of each period when it is official; by default nobody.
    pub report: Option<Loc<ReportDoc>>,
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
    /// Who is told of it alone; by default nobody: it is in the alerts of its perspective.
    pub alert: Option<Loc<AlertDoc>>,
    /// For people; the id by default.
    pub name: Option<Loc<String>>,
    /// Earlier ids, so that a rename keeps alerts and notes.
    pub was: Option<Loc<IdsDoc>>,
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
    /// Working days without an acknowledgement after which it escalates; 3 by default, 0 never.
    pub escalate_unacknowledged: Option<Loc<u32>>,
    /// How long nobody may acknowledge it before it is told again; `7d` by default, `0s` never.
    pub remind_after: Option<Loc<String>>,
    /// Times of the week in which nothing is told; what they keep back is told after them.
    pub quiet: Option<Loc<Vec<Loc<QuietDoc>>>>,
}

/// A report of each period, when everything of it is in or its time is up.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ReportDoc {
    /// Persons (told by mail) or channels; the scorecard's owner by default.
    pub to: Option<Loc<IdsDoc>>,
    /// How long the periods are that are reported; by default months, or if all KPIs have longer
    /// periods the shortest of those.
    pub period: Option<Loc<FrequencyDoc>>,
}

/// A time of the week in which nothing is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct QuietDoc {
    /// The days on which it begins, e.g. `[saturday, sunday]`; every day by default.
    pub days: Option<Loc<Vec<Loc<String>>>>,
    /// When it begins, e.g. `19:00`; at midnight by default.
    pub from: Option<Loc<String>>,
    /// When it ends, on the next day if that is earlier, e.g. `07:00`; at midnight by default.
    pub to: Option<Loc<String>>,
}

/// What opens an episode.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertOnDoc {
    /// Off track.
    OffTrack,
    /// At risk or worse.
    AtRisk,
    /// Also when the pace of the running period points off track, two days in a row.
    Provisional,
    /// Also when the forecast for the next period points off track, two days in a row.
    Forecast,
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
