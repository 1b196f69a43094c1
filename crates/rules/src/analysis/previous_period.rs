//! The period before: what a node's change is measured against.

use std::collections::HashMap;

use crate::{
    judgement::{judge::Judge, standing::Verdict},
    model::{
        alert_node::{AlertNode, NodePart},
        definition::{ObjectiveRef, Scorecard},
        id::Id,
        period::Period,
    },
};

/// A node as its actuals, known today, stand for an earlier period.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// The period.
    pub period: Period,
    /// Its verdict then.
    pub verdict: Verdict,
    /// The unrounded scores of the KPIs that had one.
    pub scores: HashMap<Id, f64>,
    /// The same of other units' objectives that contribute to it.
    pub linked: HashMap<ObjectiveRef, f64>,
}

impl Judge<'_> {
    /// The node in the period before `period`.
    pub fn before(&self, scorecard: &Scorecard, node: &AlertNode<'_>, period: Period) -> Before {
        let period = period.previous();
        let day = scorecard.calendar.last_day(period);
        let scores = node.kpis().filter_map(|kpi| {
            let child = self.child_on(scorecard, kpi, day);
            Some((child.id, child.score?))
        });
        let links = node.parts.iter().flat_map(NodePart::contributions);
        let linked = links.filter_map(|link| {
            let verdict = self.linked_verdict_on(&link.objective, day)?;
            Some((link.objective.clone(), verdict.score?))
        });
        Before {
            period,
            verdict: self.node_on(scorecard, node, day).verdict,
            scores: scores.collect(),
            linked: linked.collect(),
        }
    }
}
