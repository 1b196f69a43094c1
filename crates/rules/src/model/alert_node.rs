//! Nodes with an alert of their own: a scorecard, a perspective, an objective or a KPI, and what each
//! is made of.

use std::borrow::Cow;

use crate::model::{
    alert_policy::AlertPolicy,
    definition::{Contribution, Objective, Perspective, Scorecard},
    id::{Id, Scope},
    initiative::Initiative,
    kpi_definition::Kpi,
    rollup_rule::{MIN_COVERAGE, Missing, Rollup, RollupRule},
};

/// With one child, its status and score, whatever it is.
static THE_CHILD_DECIDES: Rollup = Rollup {
    rule: RollupRule::WorstOf,
    red_guard: true,
    min_coverage: MIN_COVERAGE,
    missing: Missing::Exclude,
};

/// A node with an alert of its own.
#[derive(Clone, Debug)]
pub struct AlertNode<'a> {
    /// Where it is in the tree.
    pub scope: Scope,
    /// Its id.
    pub id: &'a Id,
    /// Its name.
    pub name: &'a str,
    /// Who answers for it: a person's id.
    pub owner: Option<&'a Id>,
    /// Who is told of it, and when.
    pub alert: &'a AlertPolicy,
    /// The nodes of its scorecard whose alerts speak for it, too, from the top.
    pub above: Vec<Scope>,
    /// What it is made of, in the author's order.
    pub parts: Vec<NodePart<'a>>,
    /// How its parts make its score.
    pub rollup: Cow<'a, Rollup>,
}

/// An objective, or one KPI of it, as a part of a node.
#[derive(Clone, Copy, Debug)]
pub struct NodePart<'a> {
    /// The objective.
    pub objective: &'a Objective,
    /// Its weight in the node.
    pub weight: f64,
    /// The one KPI of it that the node is about; all of them, and what contributes to it, without.
    pub only: Option<&'a Kpi>,
}

impl<'a> NodePart<'a> {
    /// A whole objective, with its own weight.
    pub(crate) fn whole(objective: &'a Objective) -> Self {
        Self { objective, weight: objective.weight, only: None }
    }

    /// Its KPIs, in the author's order.
    pub fn kpis(&self) -> &'a [Kpi] {
        self.only.map_or(self.objective.kpis.as_slice(), std::slice::from_ref)
    }

    /// Objectives of other units that count in it.
    pub(crate) fn contributions(&self) -> &'a [Contribution] {
        if self.only.is_some() { &[] } else { &self.objective.contributions }
    }

    /// What is being done about the objective; a KPI has initiatives of its own.
    pub fn initiatives(&self) -> &'a [Initiative] {
        if self.only.is_some() { &[] } else { &self.objective.initiatives }
    }

    /// How its children make its score.
    pub(crate) fn rollup(&self) -> &'a Rollup {
        if self.only.is_some() { &THE_CHILD_DECIDES } else { &self.objective.rollup }
    }
}

impl<'a> AlertNode<'a> {
    /// A perspective, which always has an alert.
    pub fn perspective(scorecard: &Scorecard, perspective: &'a Perspective) -> Self {
        Self {
            scope: Scope::Perspective(scorecard.id.clone(), perspective.id.clone()),
            id: &perspective.id,
            name: &perspective.name,
            owner: perspective.owner.as_ref(),
            alert: &perspective.alert,
            above: Vec::new(),
            parts: perspective.objectives.iter().map(NodePart::whole).collect(),
            rollup: Cow::Borrowed(&perspective.rollup),
        }
    }

    /// A scorecard: all its objectives side by side, each with its weight in the whole.
    fn scorecard(scorecard: &'a Scorecard, alert: &'a AlertPolicy) -> Self {
        let mut parts = Vec::new();
        for perspective in &scorecard.perspectives {
            let total: f64 = perspective.objectives.iter().map(|objective| objective.weight).sum();
            let share = if total > 0.0 { perspective.weight / total } else { 0.0 };
            let objectives = perspective.objectives.iter();
            parts.extend(objectives.map(|objective| NodePart {
                weight: objective.weight * share,
                ..NodePart::whole(objective)
            }));
        }
        Self {
            scope: Scope::Scorecard(scorecard.id.clone()),
            id: &scorecard.id,
            name: &scorecard.name,
            owner: scorecard.owner.as_ref(),
            alert,
            above: Vec::new(),
            parts,
            rollup: Cow::Owned(Rollup::default()),
        }
    }

    fn objective(
        scorecard: &Scorecard,
        perspective: &Perspective,
        objective: &'a Objective,
        alert: &'a AlertPolicy,
    ) -> Self {
        let (unit, view) = (scorecard.id.clone(), perspective.id.clone());
        Self {
            above: vec![Scope::Perspective(unit.clone(), view.clone())],
            scope: Scope::Objective(unit, view, objective.id.clone()),
            id: &objective.id,
            name: &objective.name,
            owner: objective.owner.as_ref(),
            alert,
            parts: vec![NodePart::whole(objective)],
            rollup: Cow::Borrowed(&THE_CHILD_DECIDES),
        }
    }

    fn kpi(
        scorecard: &Scorecard,
        perspective: &Perspective,
        objective: &'a Objective,
        (kpi, alert): (&'a Kpi, &'a AlertPolicy),
    ) -> Self {
        let (unit, view) = (&scorecard.id, &perspective.id);
        let above = vec![
            Scope::Perspective(unit.clone(), view.clone()),
            Scope::Objective(unit.clone(), view.clone(), objective.id.clone()),
        ];
        Self {
            scope: Scope::Kpi(scorecard.named(kpi)),
            id: &kpi.id,
            name: &kpi.name,
            owner: kpi.owner.as_ref(),
            alert,
            above,
            parts: vec![NodePart { only: Some(kpi), ..NodePart::whole(objective) }],
            rollup: Cow::Borrowed(&THE_CHILD_DECIDES),
        }
    }

    /// Its KPIs, in the author's order.
    pub fn kpis(&self) -> impl Iterator<Item = &'a Kpi> {
        self.parts.iter().flat_map(NodePart::kpis)
    }
}

impl Scorecard {
    /// Its nodes with an alert of their own, from the top.
    pub fn alert_nodes(&self) -> Vec<AlertNode<'_>> {
        let whole = self.alert.iter().map(|alert| AlertNode::scorecard(self, alert));
        let mut nodes: Vec<_> = whole.collect();
        for perspective in &self.perspectives {
            nodes.push(AlertNode::perspective(self, perspective));
            for objective in &perspective.objectives {
                let alert = objective.alert.iter();
                nodes.extend(
                    alert.map(|alert| AlertNode::objective(self, perspective, objective, alert)),
                );
                let kpis =
                    objective.kpis.iter().filter_map(|kpi| Some((kpi, kpi.alert.as_deref()?)));
                nodes.extend(kpis.map(|kpi| AlertNode::kpi(self, perspective, objective, kpi)));
            }
        }
        nodes
    }

    /// Every alert of the scorecard, with the node it is of, from the top.
    pub fn alerts(&self) -> Vec<(Scope, &AlertPolicy)> {
        self.alert_nodes().into_iter().map(|node| (node.scope, node.alert)).collect()
    }

    /// The node of that path, if it has an alert of its own.
    pub fn alert_node(&self, scope: &Scope) -> Option<AlertNode<'_>> {
        if *scope.scorecard() != self.id {
            return None;
        }
        match scope {
            Scope::Scorecard(_) => Some(AlertNode::scorecard(self, self.alert.as_ref()?)),
            Scope::Perspective(_, id) => Some(AlertNode::perspective(self, self.perspective(id)?)),
            Scope::Objective(_, id, objective) => {
                let view = self.perspective(id)?;
                let found = view.objectives.iter().find(|held| held.id == *objective)?;
                Some(AlertNode::objective(self, view, found, found.alert.as_ref()?))
            }
            Scope::Kpi(named) => {
                let views = self.perspectives.iter();
                let mut objectives =
                    views.flat_map(|view| view.objectives.iter().map(move |held| (view, held)));
                let (view, objective, kpi) = objectives.find_map(|(view, objective)| {
                    let kpi = objective.kpis.iter().find(|kpi| kpi.id == named.kpi)?;
                    Some((view, objective, kpi))
                })?;
                Some(AlertNode::kpi(self, view, objective, (kpi, kpi.alert.as_deref()?)))
            }
        }
    }
}
