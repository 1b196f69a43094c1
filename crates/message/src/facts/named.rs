//! What facts name: nodes, periods, persons and pages.

use serde::{Deserialize, Serialize};

/// A node of the scorecard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
}

/// A period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodName {
    /// `2026-05`
    pub key: String,
    /// `May 2026`
    pub label: String,
}

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// The page that shows the node.
    pub details: String,
}

/// Somebody named in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonFacts {
    /// As the configuration names them.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people, e.g. `COO`.
    pub role: Option<String>,
}
