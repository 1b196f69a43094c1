//! What is being done about an objective or a KPI.

use chrono::NaiveDate;

use crate::model::id::Id;

/// An action under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Initiative {
    /// Unique in its objective.
    pub id: Id,
    /// For people.
    pub name: String,
    /// Who delivers it: a person's id.
    pub owner: Option<Id>,
    /// When it should be done.
    pub due: Option<NaiveDate>,
    /// In the author's words, e.g. `running`.
    pub state: Option<String>,
}
