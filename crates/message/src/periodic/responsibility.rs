//! What a person answers for or is notified of: the nodes that a digest is about.

use kpid_rules::{
    judgement::{KpiStanding, LinkedStanding, PerspectiveStanding, Standing},
    model::{AlertPolicy, Id, Kpi, Objective, Perspective, Portfolio, Scope, Scorecard, Status},
};

/// A node that is a person's.
pub(crate) struct Responsibility<'a> {
    pub(crate) scope: Scope,
    pub(crate) name: &'a str,
    /// What it is part of, for people.
    pub(crate) of: String,
    /// The perspective it is or is in; a scorecard has none.
    pub(crate) perspective: Option<&'a Id>,
    pub(crate) status: Status,
    pub(crate) score: Option<f64>,
    /// Whether the person answers for it, or it is a perspective: what is as before is worth a line.
    pub(crate) close: bool,
    /// Whether something is being done about it.
    pub(crate) acted: bool,
    pub(crate) node: Node<'a>,
}

/// What kind of node it is, with what matters of it.
pub(crate) enum Node<'a> {
    Scorecard,
    /// With whether its data are the person's business.
    Perspective(&'a PerspectiveStanding, bool),
    /// With the objectives of other units that count into it.
    Objective(&'a [LinkedStanding]),
    Kpi(&'a Kpi, &'a KpiStanding),
}

/// Everything that is of any of these ids, which are one person's, in the order of the configuration,
/// parents first.
pub(crate) fn responsibilities<'a>(
    portfolio: &'a Portfolio,
    standing: &'a Standing,
    ids: &[&Id],
) -> Vec<Responsibility<'a>> {
    let mut found = Vec::new();
    for judged in &standing.scorecards {
        let Some(scorecard) = portfolio.scorecard(&judged.id) else { continue };
        let whole = is_of(ids, scorecard.owner.as_ref(), scorecard.alert.as_ref());
        if whole && judged.show_overall {
            found.push(Responsibility {
                scope: Scope::Scorecard(scorecard.id.clone()),
                name: &scorecard.name,
                of: String::new(),
                perspective: None,
                status: judged.verdict.status,
                score: judged.verdict.score,
                close: true,
                acted: true,
                node: Node::Scorecard,
            });
        }
        for (perspective, judged) in scorecard.perspectives.iter().zip(&judged.perspectives) {
            found.extend(in_perspective(scorecard, (perspective, judged), ids, whole));
        }
    }
    found
}

fn in_perspective<'a>(
    scorecard: &'a Scorecard,
    (perspective, judged): (&'a Perspective, &'a PerspectiveStanding),
    ids: &[&Id],
    whole: bool,
) -> Vec<Responsibility<'a>> {
    let own = is_of(ids, perspective.owner.as_ref(), Some(&perspective.alert));
    let mut found = Vec::new();
    if whole || own || is_any(ids, &perspective.alert.escalate_to) {
        found.push(Responsibility {
            scope: Scope::Perspective(scorecard.id.clone(), perspective.id.clone()),
            name: &perspective.name,
            of: scorecard.name.clone(),
            perspective: Some(&perspective.id),
            status: judged.verdict.status,
            score: judged.verdict.score,
            close: true,
            acted: true,
            node: Node::Perspective(judged, own),
        });
    }
    for (objective, judged) in perspective.objectives.iter().zip(&judged.objectives) {
        let of_objective = own || is_of(ids, objective.owner.as_ref(), objective.alert.as_ref());
        if whole || of_objective {
            let path = (scorecard.id.clone(), perspective.id.clone(), objective.id.clone());
            found.push(Responsibility {
                scope: Scope::Objective(path.0, path.1, path.2),
                name: &objective.name,
                of: format!("{}, {}", perspective.name, scorecard.name),
                perspective: Some(&perspective.id),
                status: judged.verdict.status,
                score: judged.verdict.score,
                close: is_any(ids, &objective.owner),
                acted: is_acted_on(objective),
                node: Node::Objective(&judged.linked),
            });
        }
        for (kpi, judged) in objective.kpis.iter().zip(&judged.kpis) {
            if of_objective || is_of(ids, kpi.owner.as_ref(), kpi.alert.as_deref()) {
                found.push(Responsibility {
                    scope: Scope::Kpi(scorecard.named(kpi)),
                    name: &kpi.name,
                    of: format!("{}, {}", perspective.name, scorecard.name),
                    perspective: Some(&perspective.id),
                    status: judged.status,
                    score: judged.score,
                    close: is_any(ids, &kpi.owner),
                    acted: !(kpi.initiatives.is_empty() && objective.initiatives.is_empty()),
                    node: Node::Kpi(kpi, judged),
                });
            }
        }
    }
    found
}

/// Whether a person answers for a node or is notified of everything about it.
fn is_of(ids: &[&Id], owner: Option<&Id>, alert: Option<&AlertPolicy>) -> bool {
    is_any(ids, owner) || alert.is_some_and(|alert| is_any(ids, &alert.to))
}

fn is_any<'a>(ids: &[&Id], named: impl IntoIterator<Item = &'a Id>) -> bool {
    named.into_iter().any(|named| ids.contains(&named))
}

/// An initiative on the objective, or on one of its KPIs.
fn is_acted_on(objective: &Objective) -> bool {
    let on_kpis = objective.kpis.iter().any(|kpi| !kpi.initiatives.is_empty());
    !objective.initiatives.is_empty() || on_kpis
}

impl Responsibility<'_> {
    /// Whether a silence of a node is one of this node too.
    pub(crate) fn is_within(&self, silenced: &Scope) -> bool {
        let in_perspective_of =
            |unit: &Id, id: &Id| self.scope.scorecard() == unit && self.perspective == Some(id);
        match silenced {
            Scope::Perspective(unit, id) => in_perspective_of(unit, id),
            other => self.scope.is_within(other),
        }
    }
}
