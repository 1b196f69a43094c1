//! One node of a standing, found by its path.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    judgement::{
        kpi_standing::KpiStanding,
        standing::{ObjectiveStanding, PerspectiveStanding, ScorecardStanding, Standing},
    },
    model::{
        id::{Id, Scope},
        status::Status,
    },
};

/// A node as it stands, with what is below it.
#[derive(Clone, Copy, Debug)]
pub enum StandingNode<'a> {
    /// A scorecard.
    Scorecard(&'a ScorecardStanding),
    /// A perspective.
    Perspective(&'a PerspectiveStanding),
    /// An objective.
    Objective(&'a ObjectiveStanding),
    /// A KPI.
    Kpi(&'a KpiStanding),
}

impl Standing {
    /// The node of that path; none where the standing has no such node.
    pub fn node(&self, scope: &Scope) -> Option<StandingNode<'_>> {
        let scorecard = self.scorecards.iter().find(|held| held.id == *scope.scorecard())?;
        let perspective = |id: &Id| scorecard.perspectives.iter().find(|held| held.id == *id);
        Some(match scope {
            Scope::Scorecard(_) => StandingNode::Scorecard(scorecard),
            Scope::Perspective(_, id) => StandingNode::Perspective(perspective(id)?),
            Scope::Objective(_, id, objective) => {
                let objectives = &perspective(id)?.objectives;
                StandingNode::Objective(objectives.iter().find(|held| held.id == *objective)?)
            }
            Scope::Kpi(kpi) => StandingNode::Kpi(scorecard.kpis().find(|held| held.id == kpi.kpi)?),
        })
    }
}

impl<'a> StandingNode<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        match *self {
            Self::Scorecard(node) => &node.name,
            Self::Perspective(node) => &node.name,
            Self::Objective(node) => &node.name,
            Self::Kpi(node) => &node.name,
        }
    }

    /// The word.
    pub fn status(&self) -> Status {
        match self {
            Self::Scorecard(node) => node.verdict.status,
            Self::Perspective(node) => node.verdict.status,
            Self::Objective(node) => node.verdict.status,
            Self::Kpi(node) => node.status,
        }
    }

    /// 0 to 100, unrounded.
    pub fn score(&self) -> Option<f64> {
        match self {
            Self::Scorecard(node) => node.verdict.score,
            Self::Perspective(node) => node.verdict.score,
            Self::Objective(node) => node.verdict.score,
            Self::Kpi(node) => node.score,
        }
    }

    /// What JSON says of it, by key, without its children: what a scenario can expect of a node.
    pub fn facts(&self) -> Map<String, Value> {
        match self {
            Self::Scorecard(node) => without_children(node),
            Self::Perspective(node) => without_children(node),
            Self::Objective(node) => without_children(node),
            Self::Kpi(node) => without_children(node),
        }
    }
}

fn without_children(node: &impl Serialize) -> Map<String, Value> {
    // What is serialised here is structs of plain values, which always make an object.
    let Ok(Value::Object(mut facts)) = serde_json::to_value(node) else { return Map::new() };
    facts.retain(|key, _| !matches!(key.as_str(), "perspectives" | "objectives" | "kpis"));
    facts
}
