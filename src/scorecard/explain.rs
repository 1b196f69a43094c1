//! A perspective taken apart: what each KPI adds to its score, takes from it, and changed.

use chrono::NaiveDate;
use serde::Serialize;

use super::{
    Before, Child, Id, Judge, KpiRef, Objective, Period, Perspective, Scorecard, Status, Verdict,
    roll_up, score,
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
    /// Its KPIs, in the author's order.
    pub parts: Vec<Part>,
    /// What of the change no KPI's own score explains: weights, coverage, links.
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

/// One KPI in the arithmetic of its perspective.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The KPI.
    #[serde(serialize_with = "path")]
    pub kpi: KpiRef,
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

fn path<S: serde::Serializer>(kpi: &KpiRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(kpi)
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
        let branches = self.branches(scorecard, perspective, day);
        let children: Vec<Child> = branches.iter().map(|(child, ..)| child.clone()).collect();
        let (verdict, culprit) = roll_up(&perspective.rollup, &children);
        let before = self.before(scorecard, perspective, period);
        let total: f64 =
            branches.iter().filter(|(child, ..)| counts(child)).map(|(c, ..)| c.weight).sum();
        let mut parts = Vec::new();
        let mut objectives = Vec::new();
        for ((child, branch, children), objective) in
            branches.into_iter().zip(&perspective.objectives)
        {
            let outer = counts(&child).then(|| child.weight / total);
            parts.extend(own_parts(scorecard, objective, &children, outer, &before));
            objectives.push(Branch { normalised: outer, ..branch });
        }
        share(&mut parts);
        let change = verdict.score.zip(before.verdict.score).map(|(now, then)| now - then);
        let explained: f64 = parts.iter().filter_map(|part| part.change).sum();
        let residual = change.map(|change| change - explained);
        Explanation { period, verdict, culprit, before, objectives, parts, residual }
    }

    fn branches(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        day: Option<NaiveDate>,
    ) -> Vec<(Child, Branch, Vec<Child>)> {
        let branch = |objective: &Objective| {
            let children = self.children_on(scorecard, objective, day);
            let (verdict, culprit) = roll_up(&objective.rollup, &children);
            let child = Child {
                id: objective.id.clone(),
                status: verdict.status,
                score: verdict.score,
                weight: objective.weight,
                critical: objective.critical,
            };
            let branch = Branch {
                id: objective.id.clone(),
                name: objective.name.clone(),
                verdict,
                culprit,
                weight: objective.weight,
                normalised: None,
            };
            (child, branch, children)
        };
        perspective.objectives.iter().map(branch).collect()
    }
}

/// Whether a child has a weight and something to weigh.
fn counts(child: &Child) -> bool {
    child.score.is_some() && child.weight > 0.0
}

/// The KPIs of an objective; linked objectives, which come after them, only take their weight.
fn own_parts(
    scorecard: &Scorecard,
    objective: &Objective,
    children: &[Child],
    outer: Option<f64>,
    before: &Before,
) -> Vec<Part> {
    let inner: f64 = children.iter().filter(|child| counts(child)).map(|child| child.weight).sum();
    let part = |(kpi, child): (&super::Kpi, &Child)| {
        let weight = outer.filter(|_| counts(child)).map(|outer| outer * child.weight / inner);
        let then = before.scores.get(&kpi.id).copied();
        let weighed = |amount: Option<f64>| Some(weight? * amount?);
        Part {
            kpi: scorecard.named(kpi),
            name: kpi.name.clone(),
            status: child.status,
            score: child.score,
            weight,
            contribution: weighed(child.score),
            before: then,
            change: weighed(child.score.zip(then).map(|(now, then)| now - then)),
            shortfall: weighed(child.score.map(|score| (score::GREEN_SCORE - score).max(0.0))),
            share_pct: None,
        }
    };
    objective.kpis.iter().zip(children).map(part).collect()
}

fn share(parts: &mut [Part]) {
    let total: f64 = parts.iter().filter_map(|part| part.shortfall).sum();
    for part in parts {
        let share = |shortfall: f64| if total > 0.0 { 100.0 * shortfall / total } else { 0.0 };
        part.share_pct = part.shortfall.map(share);
    }
}
