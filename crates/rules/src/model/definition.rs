//! The definition: portfolio → scorecard → perspective → objective → KPI, as its authors wrote it.

use std::{fmt, sync::Arc};

use crate::model::{
    alert_policy::{AlertPolicy, ReportPolicy},
    calendar::Calendar,
    id::Id,
    initiative::Initiative,
    kpi_definition::Kpi,
    rollup_rule::Rollup,
};

/// The strategy of one unit, as a tree of four levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// Unique in the portfolio.
    pub id: Id,
    /// For people.
    pub name: String,
    /// Who answers for it: a person's id.
    pub owner: Option<Id>,
    /// Zone, fiscal year, working days.
    pub calendar: Arc<Calendar>,
    /// How perspectives make the overall score.
    pub rollup: Rollup,
    /// Whether the overall number is shown at all.
    pub show_overall: bool,
    /// An individual's scorecard: never broadcast.
    pub private: bool,
    /// A revision that moves a value by less than this share, and no status, is not worth a notice.
    pub materiality_pct: f64,
    /// Closed periods after which a later change needs a person.
    pub freeze_after: Option<u32>,
    /// Who is told of the whole, if anybody is.
    pub alert: Option<AlertPolicy>,
    /// Who gets a report of each period, if anybody does.
    pub report: Option<ReportPolicy>,
    /// In the author's order.
    pub perspectives: Vec<Perspective>,
}

/// One view of the strategy: financial, customer, internal, learning, or the author's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Perspective {
    /// Unique in the scorecard, also among its KPIs.
    pub id: Id,
    /// Earlier ids, so that a rename keeps history and episodes.
    pub was: Vec<Id>,
    /// For people.
    pub name: String,
    /// Relative to its siblings; 0 is shown and not counted.
    pub weight: f64,
    /// Red here makes the parent red.
    pub critical: bool,
    /// Who answers for it: a person's id.
    pub owner: Option<Id>,
    /// How objectives make its score.
    pub rollup: Rollup,
    /// Who is told what, and when.
    pub alert: AlertPolicy,
    /// In the author's order.
    pub objectives: Vec<Objective>,
}

/// What is to be achieved.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Unique in the scorecard.
    pub id: Id,
    /// Earlier ids, so that a rename keeps alerts and notes.
    pub was: Vec<Id>,
    /// For people.
    pub name: String,
    /// Relative to its siblings; 0 is shown and not counted.
    pub weight: f64,
    /// Red here makes the perspective red.
    pub critical: bool,
    /// Who answers for it: a person's id.
    pub owner: Option<Id>,
    /// How KPIs make its score.
    pub rollup: Rollup,
    /// Objectives of the same scorecard that this one drives.
    pub drives: Vec<Id>,
    /// Objectives of other scorecards that are weighted children of this one.
    pub contributions: Vec<Contribution>,
    /// Objectives of other scorecards that this one serves; no arithmetic.
    pub aligned: Vec<ObjectiveRef>,
    /// What is being done about it.
    pub initiatives: Vec<Initiative>,
    /// Who is told of it alone, if anybody is.
    pub alert: Option<AlertPolicy>,
    /// In the author's order.
    pub kpis: Vec<Kpi>,
}

/// An objective anywhere in the portfolio.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectiveRef {
    /// The scorecard that defines it.
    pub scorecard: Id,
    /// The objective's own id.
    pub objective: Id,
}

impl fmt::Display for ObjectiveRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scorecard, self.objective)
    }
}

/// A child unit's objective, counted as one weighted child.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The child objective.
    pub objective: ObjectiveRef,
    /// Relative to the parent's other children.
    pub weight: f64,
    /// Red there makes the parent red.
    pub critical: bool,
}
