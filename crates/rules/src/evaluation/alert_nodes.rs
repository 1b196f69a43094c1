//! Nodes beside perspectives that have an alert of their own: each is seen as a perspective, so that
//! one machine, one message and one explanation serve all levels.

use crate::{
    alerting::episode::Episode,
    judgement::{
        judge::Judge,
        standing::{PerspectiveStanding, ScorecardStanding, Verdict},
    },
    model::{
        definition::{AlertPolicy, Kpi, Objective, Perspective, Rollup, RollupRule, Scorecard},
        id::{Id, Scope},
        status::Reason,
    },
};

/// A node with an alert of its own.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The node.
    pub scope: Scope,
    /// The nodes of its scorecard that it is a part of, from the top.
    pub above: Vec<Scope>,
    /// The node as a perspective that holds nothing else.
    pub seen_as: Perspective,
}

impl Scorecard {
    /// Every alert of the scorecard, with the node it is of, from the top.
    pub fn alerts(&self) -> Vec<(Scope, &AlertPolicy)> {
        let whole = self.alert.iter().map(|alert| (Scope::Scorecard(self.id.clone()), alert));
        let mut alerts: Vec<_> = whole.collect();
        for view in &self.perspectives {
            let (unit, id) = (&self.id, &view.id);
            alerts.push((Scope::Perspective(unit.clone(), id.clone()), &view.alert));
            for objective in &view.objectives {
                let of = || Scope::Objective(unit.clone(), id.clone(), objective.id.clone());
                alerts.extend(objective.alert.iter().map(|alert| (of(), alert)));
                let kpis = objective.kpis.iter().filter_map(|kpi| Some((kpi, kpi.alert.as_ref()?)));
                alerts.extend(kpis.map(|(kpi, alert)| (Scope::Kpi(self.named(kpi)), alert)));
            }
        }
        alerts
    }

    /// The nodes beside its perspectives that have an alert of their own, from the top.
    pub fn watched(&self) -> Vec<Watched> {
        let mut watched: Vec<_> = self.alert.iter().map(|alert| self.as_a_whole(alert)).collect();
        for perspective in &self.perspectives {
            let scope = Scope::Perspective(self.id.clone(), perspective.id.clone());
            for objective in &perspective.objectives {
                let path = (self.id.clone(), perspective.id.clone(), objective.id.clone());
                let of = Scope::Objective(path.0, path.1, path.2);
                let above = [scope.clone()];
                watched.extend(objective.alert.iter().map(|alert| Watched {
                    scope: of.clone(),
                    above: above.to_vec(),
                    seen_as: alone(objective.clone(), &objective.id, &objective.name, alert),
                }));
                let kpis = objective.kpis.iter().filter_map(|kpi| Some((kpi, kpi.alert.as_ref()?)));
                watched.extend(kpis.map(|(kpi, alert)| Watched {
                    scope: Scope::Kpi(self.named(kpi)),
                    above: [scope.clone(), of.clone()].to_vec(),
                    seen_as: kpi_alone(objective, kpi, alert),
                }));
            }
        }
        watched
    }

    /// The node of that path, if it has an alert of its own.
    pub fn watched_at(&self, scope: &Scope) -> Option<Watched> {
        self.watched().into_iter().find(|watched| watched.scope == *scope)
    }

    /// All objectives side by side, each with its weight in the whole.
    fn as_a_whole(&self, alert: &AlertPolicy) -> Watched {
        let mut objectives = Vec::new();
        for perspective in &self.perspectives {
            let total: f64 = perspective.objectives.iter().map(|objective| objective.weight).sum();
            let share = if total > 0.0 { perspective.weight / total } else { 0.0 };
            objectives.extend(perspective.objectives.iter().map(|objective| Objective {
                weight: objective.weight * share,
                ..objective.clone()
            }));
        }
        let seen_as = Perspective {
            owner: self.owner.clone(),
            rollup: Rollup::default(),
            objectives,
            ..alone_with(&self.id, &self.name, alert)
        };
        Watched { scope: Scope::Scorecard(self.id.clone()), above: Vec::new(), seen_as }
    }
}

impl Judge<'_> {
    /// A node with an alert of its own, judged; a scorecard as the whole was judged.
    pub fn watched(
        &self,
        scorecard: &Scorecard,
        watched: &Watched,
        whole: &ScorecardStanding,
        episode: Option<&Episode>,
    ) -> PerspectiveStanding {
        let mut judged = self.perspective(scorecard, &watched.seen_as, episode);
        let (verdict, culprit) = own_verdict(&watched.scope, &judged, whole);
        if verdict.status != judged.verdict.status {
            judged.since = None;
        }
        judged.verdict = verdict;
        judged.culprit = culprit;
        judged
    }
}

fn own_verdict(
    scope: &Scope,
    judged: &PerspectiveStanding,
    whole: &ScorecardStanding,
) -> (Verdict, Option<Id>) {
    let objective = judged.objectives.first();
    match (scope, objective) {
        (Scope::Scorecard(_), _) => (whole.verdict, whole.culprit.clone()),
        (Scope::Objective(..), Some(objective)) => (objective.verdict, objective.culprit.clone()),
        // Of one child, the rule says nothing that its score does not say.
        _ => (
            Verdict { reason: judged.verdict.reason.map(|_| Reason::Score), ..judged.verdict },
            None,
        ),
    }
}

/// An objective as a perspective that holds nothing else.
fn alone(objective: Objective, id: &Id, name: &str, alert: &AlertPolicy) -> Perspective {
    Perspective {
        owner: objective.owner.clone(),
        objectives: vec![objective],
        ..alone_with(id, name, alert)
    }
}

/// A KPI as a perspective that holds nothing else.
fn kpi_alone(objective: &Objective, kpi: &Kpi, alert: &AlertPolicy) -> Perspective {
    let only = Objective {
        rollup: the_child_decides(),
        contributions: Vec::new(),
        initiatives: Vec::new(),
        kpis: vec![kpi.clone()],
        ..objective.clone()
    };
    Perspective { owner: kpi.owner.clone(), ..alone(only, &kpi.id, &kpi.name, alert) }
}

fn alone_with(id: &Id, name: &str, alert: &AlertPolicy) -> Perspective {
    Perspective {
        id: id.clone(),
        was: Vec::new(),
        name: name.to_owned(),
        weight: 1.0,
        critical: false,
        owner: None,
        rollup: the_child_decides(),
        alert: alert.clone(),
        objectives: Vec::new(),
    }
}

/// With one child, its status and score, whatever it is.
fn the_child_decides() -> Rollup {
    Rollup { rule: RollupRule::WorstOf, ..Rollup::default() }
}
