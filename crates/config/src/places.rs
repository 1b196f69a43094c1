//! Where the nodes of the scorecards are written, for what is found of them later.

use std::collections::HashMap;

use crate::problem::Place;
use kpid_rules::model::{Id, Scope};

/// Where every node of every scorecard is written.
#[derive(Clone, Debug, Default)]
pub struct Places {
    scorecards: HashMap<Id, ScorecardPlaces>,
}

/// Where a scorecard and its nodes are written.
#[derive(Clone, Debug)]
pub(crate) struct ScorecardPlaces {
    pub(crate) scorecard: Place,
    /// KPIs and perspectives, which share a name space.
    pub(crate) nodes: HashMap<Id, Place>,
    pub(crate) objectives: HashMap<Id, Place>,
}

impl Places {
    /// Adds a scorecard; of two with one id, the later one is told.
    pub(crate) fn add(&mut self, id: Id, places: ScorecardPlaces) {
        self.scorecards.insert(id, places);
    }

    /// Where a node is written.
    pub fn of(&self, scope: &Scope) -> Option<Place> {
        let scorecard = self.scorecards.get(scope.scorecard())?;
        let found = match scope {
            Scope::Scorecard(_) => None,
            Scope::Perspective(_, id) => scorecard.nodes.get(id),
            Scope::Objective(_, _, id) => scorecard.objectives.get(id),
            Scope::Kpi(kpi) => scorecard.nodes.get(&kpi.kpi),
        };
        Some(found.copied().unwrap_or(scorecard.scorecard))
    }

    /// Where a KPI, a perspective or a scorecard is written, by the path that a link names.
    pub(crate) fn of_path(&self, path: &str) -> Option<Place> {
        let mut ids = path.split('/').map(Id::parse);
        let scorecard = self.scorecards.get(&ids.next()?.ok()?)?;
        let node = ids.next().and_then(|id| scorecard.nodes.get(&id.ok()?));
        Some(node.copied().unwrap_or(scorecard.scorecard))
    }
}
