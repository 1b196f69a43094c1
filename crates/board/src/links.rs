//! Where pages are.

use crate::view::View;
use kpid_rules::model::{Id, KpiRef, Scope};

impl View<'_> {
    /// The page of a node, looked at in the same way.
    pub(crate) fn link_to(&self, scope: &Scope) -> String {
        self.address.link(&path(scope))
    }

    pub(crate) fn link_to_scorecard(&self, id: &Id) -> String {
        self.link_to(&Scope::Scorecard(id.clone()))
    }

    pub(crate) fn link_to_perspective(&self, scorecard: &Id, id: &Id) -> String {
        self.link_to(&Scope::Perspective(scorecard.clone(), id.clone()))
    }

    pub(crate) fn link_to_objective(&self, scorecard: &Id, perspective: &Id, id: &Id) -> String {
        self.link_to(&Scope::Objective(scorecard.clone(), perspective.clone(), id.clone()))
    }

    pub(crate) fn link_to_kpi(&self, scorecard: &Id, kpi: &Id) -> String {
        self.link_to(&Scope::Kpi(KpiRef { scorecard: scorecard.clone(), kpi: kpi.clone() }))
    }
}

/// The path of a node's page. Ids are plain, and need no escape.
pub fn path(scope: &Scope) -> String {
    match scope {
        Scope::Scorecard(id) => format!("/c/{id}"),
        Scope::Perspective(scorecard, id) => format!("/c/{scorecard}/{id}"),
        Scope::Objective(scorecard, perspective, id) => {
            format!("/c/{scorecard}/{perspective}/{id}")
        }
        Scope::Kpi(named) => format!("/c/{}/kpi/{}", named.scorecard, named.kpi),
    }
}
