//! A scorecard file: perspectives → objectives → KPIs.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    alert::document::AlertDoc,
    initiative::document::InitiativeDoc,
    kpi::document::KpiDoc,
    report::document::ReportDoc,
    rollup::document::{MissingDoc, RollupDoc},
    yaml::{
        located::{Entries, Loc},
        scalar::IdsDoc,
    },
};

/// The strategy of one unit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ScorecardDoc {
    /// The scorecard's id.
    pub(crate) scorecard: Loc<String>,
    /// For people; the id by default.
    pub(crate) name: Option<Loc<String>>,
    /// Who answers for it: a person's id.
    pub(crate) owner: Option<Loc<String>>,
    /// Whether the overall number is shown; true by default.
    pub(crate) show_overall: Option<Loc<bool>>,
    /// An individual's scorecard: never broadcast.
    pub(crate) private: Option<Loc<bool>>,
    /// Revisions that move a value by less, in %, and no status, are not worth a notice; 1 by default.
    pub(crate) materiality: Option<Loc<f64>>,
    /// Closed periods after which a later change needs a person.
    pub(crate) freeze_after: Option<Loc<u32>>,
    /// How children make this parent; the weighted mean by default.
    pub(crate) rollup: Option<Loc<RollupDoc>>,
    /// A red child keeps a green parent at risk; true by default.
    pub(crate) red_guard: Option<Loc<bool>>,
    /// With less of the weight in there is no data; 0.5 by default.
    pub(crate) min_coverage: Option<Loc<f64>>,
    /// What a child without data does; `exclude` by default.
    pub(crate) missing: Option<Loc<MissingDoc>>,
    /// Who is notified about the whole; by default nobody: its perspectives have alerts.
    pub(crate) alert: Option<Loc<AlertDoc>>,
    /// Who gets a report of each period when it is official; by default nobody.
    pub(crate) report: Option<Loc<ReportDoc>>,
    /// By id.
    pub(crate) perspectives: Loc<Entries<PerspectiveDoc>>,
}

/// One view of the strategy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct PerspectiveDoc {
    /// For people; the id by default.
    pub(crate) name: Option<Loc<String>>,
    /// Earlier ids, so that a rename keeps history and alerts.
    pub(crate) was: Option<Loc<IdsDoc>>,
    /// Relative to its siblings; 1 by default, 0 is shown and not counted.
    pub(crate) weight: Option<Loc<f64>>,
    /// Red here makes the parent red.
    pub(crate) critical: Option<Loc<bool>>,
    /// Who answers for it: a person's id.
    pub(crate) owner: Option<Loc<String>>,
    /// Who is notified, and when.
    pub(crate) alert: Option<Loc<AlertDoc>>,
    /// How children make this parent; the weighted mean by default.
    pub(crate) rollup: Option<Loc<RollupDoc>>,
    /// A red child keeps a green parent at risk; true by default.
    pub(crate) red_guard: Option<Loc<bool>>,
    /// With less of the weight in there is no data; 0.5 by default.
    pub(crate) min_coverage: Option<Loc<f64>>,
    /// What a child without data does; `exclude` by default.
    pub(crate) missing: Option<Loc<MissingDoc>>,
    /// By id.
    pub(crate) objectives: Loc<Entries<ObjectiveDoc>>,
}

/// What is to be achieved.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ObjectiveDoc {
    /// Who is notified about it alone; by default nobody: it is in the alerts of its perspective.
    pub(crate) alert: Option<Loc<AlertDoc>>,
    /// For people; the id by default.
    pub(crate) name: Option<Loc<String>>,
    /// Earlier ids, so that a rename keeps alerts and notes.
    pub(crate) was: Option<Loc<IdsDoc>>,
    /// Relative to its siblings; 1 by default, 0 is shown and not counted.
    pub(crate) weight: Option<Loc<f64>>,
    /// Red here makes the perspective red.
    pub(crate) critical: Option<Loc<bool>>,
    /// Who answers for it: a person's id.
    pub(crate) owner: Option<Loc<String>>,
    /// Objectives of this scorecard that this one drives.
    pub(crate) drives: Option<Loc<IdsDoc>>,
    /// Objectives of other scorecards, as `scorecard/objective`, that are weighted children of this one.
    pub(crate) contributions: Option<Loc<Entries<ContributionDoc>>>,
    /// Objectives of other scorecards, as `scorecard/objective`, that this one serves; no arithmetic.
    pub(crate) aligned: Option<Loc<IdsDoc>>,
    /// What is being done about it, by id.
    pub(crate) initiatives: Option<Loc<Entries<InitiativeDoc>>>,
    /// How children make this parent; the weighted mean by default.
    pub(crate) rollup: Option<Loc<RollupDoc>>,
    /// A red child keeps a green parent at risk; true by default.
    pub(crate) red_guard: Option<Loc<bool>>,
    /// With less of the weight in there is no data; 0.5 by default.
    pub(crate) min_coverage: Option<Loc<f64>>,
    /// What a child without data does; `exclude` by default.
    pub(crate) missing: Option<Loc<MissingDoc>>,
    /// By id.
    #[serde(default)]
    pub(crate) kpis: Option<Loc<Entries<KpiDoc>>>,
}

/// A child unit's objective, counted as one weighted child.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ContributionDoc {
    /// Relative to the parent's other children; 1 by default.
    pub(crate) weight: Option<Loc<f64>>,
    /// Red there makes the parent red.
    pub(crate) critical: Option<Loc<bool>>,
}
