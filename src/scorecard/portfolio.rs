//! All scorecards of a configuration, their links checked: children are judged before parents.

use super::{Id, Kpi, KpiRef, Objective, Perspective, Scope, Scorecard};

/// Scorecards whose ids are unique and whose links form no cycle.
#[derive(Clone, Debug, Default)]
pub struct Portfolio {
    /// In the order of the configuration.
    scorecards: Vec<Scorecard>,
}

impl Portfolio {
    /// In the order of the configuration.
    pub fn scorecards(&self) -> &[Scorecard] {
        &self.scorecards
    }

    /// The scorecard of that id.
    pub fn scorecard(&self, id: &Id) -> Option<&Scorecard> {
        self.scorecards.iter().find(|scorecard| scorecard.id == *id)
    }

    /// The KPI's definition.
    pub fn kpi(&self, kpi: &KpiRef) -> Option<&Kpi> {
        self.scorecard(&kpi.scorecard)?.kpi(&kpi.kpi)
    }

    /// Every KPI of every scorecard, in order.
    pub fn kpis(&self) -> impl Iterator<Item = (KpiRef, &Scorecard, &Kpi)> {
        self.scorecards.iter().flat_map(|scorecard| {
            scorecard.kpis().map(move |kpi| {
                let named = KpiRef { scorecard: scorecard.id.clone(), kpi: kpi.id.clone() };
                (named, scorecard, kpi)
            })
        })
    }

    /// The node a path of ids names, e.g. `calder/customer` or `calder/on-time-delivery`.
    pub fn resolve(&self, path: &str) -> Option<Scope> {
        let parts: Vec<Id> = path.split('/').map(Id::parse).collect::<Result<_, _>>().ok()?;
        let scorecard = self.scorecard(parts.first()?)?;
        let id = scorecard.id.clone();
        match parts.as_slice() {
            [_] => Some(Scope::Scorecard(id)),
            [_, node] if scorecard.perspective(node).is_some() => {
                Some(Scope::Perspective(id, node.clone()))
            }
            [_, node] if scorecard.kpi(node).is_some() => {
                Some(Scope::Kpi(KpiRef { scorecard: id, kpi: node.clone() }))
            }
            [_, perspective, node] => {
                let found = scorecard.perspective(perspective)?;
                found.objectives.iter().find(|objective| objective.id == *node)?;
                Some(Scope::Objective(id, perspective.clone(), node.clone()))
            }
            _ => None,
        }
    }
}

impl Scorecard {
    /// The perspective of that id.
    pub fn perspective(&self, id: &Id) -> Option<&Perspective> {
        self.perspectives.iter().find(|perspective| perspective.id == *id)
    }

    /// Every objective, in order.
    pub fn objectives(&self) -> impl Iterator<Item = &Objective> {
        self.perspectives.iter().flat_map(|perspective| &perspective.objectives)
    }

    /// Every KPI, in order.
    pub fn kpis(&self) -> impl Iterator<Item = &Kpi> {
        self.objectives().flat_map(|objective| &objective.kpis)
    }

    /// The KPI of that id.
    pub fn kpi(&self, id: &Id) -> Option<&Kpi> {
        self.kpis().find(|kpi| kpi.id == *id)
    }
}
