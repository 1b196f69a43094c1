//! A perspective taken apart: what each KPI adds to its score, takes from it, and changed.

use chrono::NaiveDate;
use serde::Serialize;

use crate::{
    analysis::previous_period::Before,
    judgement::{
        judge::{Judge, child},
        rollup::{Child, Rolled, roll_up},
        score,
        standing::Verdict,
    },
    model::{
        alert_node::AlertNode,
        definition::{Objective, ObjectiveRef, Perspective, Scorecard},
        id::{Id, KpiRef},
        period::Period,
        status::Status,
    },
};

/// A perspective in one period, as parts that add up.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The period.
    pub period: Period,
    /// The perspective's verdict.
    pub verdict: Verdict,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Id>,
    /// The period before, to compare with.
    pub before: Before,
    /// Its objectives, in the author's order.
    pub objectives: Vec<Branch>,
    /// Its KPIs in the author's order, and after those of an objective what is linked to it.
    pub parts: Vec<Part>,
    /// What of the change no part's own score explains: weights, coverage, rules.
    pub residual: Option<f64>,
}

/// One objective in the arithmetic of its perspective.
#[derive(Clone, Debug, Serialize)]
pub struct Branch {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Its verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The child that decided, where a guard or rule did.
    pub culprit: Option<Id>,
    /// As configured.
    pub weight: f64,
    /// Its share of the perspective, over what has data.
    pub normalised: Option<f64>,
}

/// One KPI, or one objective of another unit, in the arithmetic of a perspective.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// What it is.
    #[serde(flatten)]
    pub of: PartOf,
    /// The objective it counts in.
    pub objective: Id,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: Status,
    /// Its unrounded score.
    pub score: Option<f64>,
    /// The product of the normalised weights on the way, over what has data.
    pub weight: Option<f64>,
    /// Weight times score: what it adds.
    pub contribution: Option<f64>,
    /// Its unrounded score in the period before.
    pub before: Option<f64>,
    /// Weight times what its score changed by.
    pub change: Option<f64>,
    /// Weight times what its score falls short of 70.
    pub shortfall: Option<f64>,
    /// Its share of all shortfall, in %.
    pub share_pct: Option<f64>,
}

/// What a part is.
#[derive(Clone, Debug, Serialize)]
pub enum PartOf {
    /// A KPI of the scorecard.
    #[serde(rename = "kpi", serialize_with = "path")]
    Kpi(KpiRef),
    /// An objective of another unit.
    #[serde(rename = "linked", serialize_with = "path")]
    Linked(ObjectiveRef),
}

fn path<S: serde::Serializer>(
    named: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(named)
}

/// An objective with its children, on the way to its parts.
struct Opened {
    child: Child,
    branch: Branch,
    children: Vec<Child>,
    shares: Vec<Option<f64>>,
}

impl Judge<'_> {
    /// A perspective taken apart, against the period before `period`: as it is judged now, or
    /// with `then`, as its actuals of that period make it.
    pub fn explain(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        period: Period,
        then: bool,
    ) -> Explanation {
        let day = then.then(|| scorecard.calendar.last_day(period));
        let opened: Vec<Opened> = perspective
            .objectives
            .iter()
            .map(|objective| self.open(scorecard, objective, day))
            .collect();
        let children: Vec<Child> = opened.iter().map(|held| held.child.clone()).collect();
        let Rolled { verdict, culprit, shares } = roll_up(&perspective.rollup, &children);
        let node = AlertNode::perspective(scorecard, perspective);
        let before = self.before(scorecard, &node, period);
        let mut parts = Vec::new();
        let mut objectives = Vec::new();
        for ((opened, outer), objective) in
            opened.into_iter().zip(shares).zip(&perspective.objectives)
        {
            parts.extend(self.parts(scorecard, objective, &opened, outer, &before));
            objectives.push(Branch { normalised: outer, ..opened.branch });
        }
        share(&mut parts);
        let change = verdict.score.zip(before.verdict.score).map(|(now, then)| now - then);
        let explained: f64 = parts.iter().filter_map(|part| part.change).sum();
        let residual = change.map(|change| change - explained);
        Explanation { period, verdict, culprit, before, objectives, parts, residual }
    }

    fn open(&self, scorecard: &Scorecard, objective: &Objective, day: Option<NaiveDate>) -> Opened {
        let children = self.children_on(scorecard, objective, day);
        let Rolled { verdict, culprit, shares } = roll_up(&objective.rollup, &children);
        let child = child(&objective.id, &verdict, objective.weight, objective.critical);
        let branch = Branch {
            id: objective.id.clone(),
            name: objective.name.clone(),
            verdict,
            culprit,
            weight: objective.weight,
            normalised: None,
        };
        Opened { child, branch, children, shares }
    }

    /// What an objective's children add to the perspective, of which it is a part of `outer`.
    fn parts(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
        opened: &Opened,
        outer: Option<f64>,
        before: &Before,
    ) -> Vec<Part> {
        let kpis = objective.kpis.iter().map(|kpi| {
            let then = before.scores.get(&kpi.id).copied();
            (PartOf::Kpi(scorecard.named(kpi)), kpi.name.clone(), then)
        });
        let links = objective.contributions.iter().map(|link| {
            let found = self.portfolio().objective(&link.objective);
            let name = found.map_or_else(
                || link.objective.to_string(),
                |(unit, linked)| format!("{} ({})", linked.name, unit.name),
            );
            let then = before.linked.get(&link.objective).copied();
            (PartOf::Linked(link.objective.clone()), name, then)
        });
        let counted = opened.children.iter().zip(&opened.shares);
        let part = |((of, name, then), (child, share)): (_, (&Child, &Option<f64>))| {
            let weight = share.zip(outer).map(|(inner, outer)| outer * inner);
            Part::of(of, &objective.id, name, child, weight, then)
        };
        kpis.chain(links).zip(counted).map(part).collect()
    }
}

impl Part {
    fn of(
        of: PartOf,
        objective: &Id,
        name: String,
        child: &Child,
        weight: Option<f64>,
        before: Option<f64>,
    ) -> Self {
        // With a weight and no score, `missing: worst` counts it as 0.
        let score = child.score.unwrap_or(0.0);
        Self {
            of,
            objective: objective.clone(),
            name,
            status: child.status,
            score: child.score,
            weight,
            contribution: weight.map(|weight| weight * score),
            before,
            change: weight.zip(before).map(|(weight, then)| weight * (score - then)),
            shortfall: weight.map(|weight| weight * score::shortfall(child.score)),
            share_pct: None,
        }
    }
}

fn share(parts: &mut [Part]) {
    let total: f64 = parts.iter().filter_map(|part| part.shortfall).sum();
    for part in parts {
        let share = |shortfall: f64| if total > 0.0 { 100.0 * shortfall / total } else { 0.0 };
        part.share_pct = part.shortfall.map(share);
    }
}
