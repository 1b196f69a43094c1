//! Earlier verdicts: nodes as their actuals, known today, stand for periods ended by a local day.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    judgement::{
        judge::{Judge, child, kpi_child, linked_child, part_child},
        period_verdict::PeriodVerdict,
        rollup::{Child, Rolled, roll_up},
        standing::Verdict,
    },
    model::{
        alert_node::{AlertNode, NodePart},
        definition::{Objective, ObjectiveRef, Perspective, Scorecard},
        kpi_definition::Kpi,
        period::Period,
    },
    series::kpi_context::KpiContext,
};

/// "Since" looks no further back than this many periods.
const SINCE_PERIODS_MAX: usize = 60;

impl Judge<'_> {
    /// The first period of the present status, without a break; none where nothing is held, and never
    /// before anything was.
    pub(crate) fn since(
        &self,
        scorecard: &Scorecard,
        node: &AlertNode<'_>,
        verdict: &Verdict,
        label: Period,
    ) -> Option<Period> {
        let first_day = self.held_since(scorecard, node)?;
        let before = std::iter::successors(Some(label.previous()), |at| Some(at.previous()));
        let same = before.take(SINCE_PERIODS_MAX).take_while(|at| {
            let day = scorecard.calendar.last_day(*at);
            let then = || self.node_on(scorecard, node, day).verdict.status;
            first_day <= day && then() == verdict.status
        });
        Some(same.last().unwrap_or(label))
    }

    /// The first day of which anything is held below a node, also by links.
    fn held_since(&self, scorecard: &Scorecard, node: &AlertNode<'_>) -> Option<NaiveDate> {
        let mut open: Vec<(&Scorecard, NodePart<'_>)> =
            node.parts.iter().map(|part| (scorecard, *part)).collect();
        // Units may lead to the same objective by many ways.
        let mut seen = HashSet::new();
        let mut first = None;
        while let Some((unit, part)) = open.pop() {
            let held = part.kpis().iter().filter_map(|kpi| {
                let first = self.case(unit, kpi).held.actuals.keys().next()?;
                Some(unit.calendar.first_day(*first))
            });
            first = held.chain(first).min();
            let links = part.contributions().iter().map(|link| &link.objective);
            let new = links.filter(|named| seen.insert(*named));
            let found = new.filter_map(|named| self.portfolio().objective(named));
            open.extend(found.map(|(unit, objective)| (unit, NodePart::whole(objective))));
        }
        first
    }

    /// The verdict on a scorecard as its actuals stood for periods ended by a local day.
    pub fn scorecard_on(&self, scorecard: &Scorecard, day: NaiveDate) -> Rolled {
        let children = scorecard.perspectives.iter().map(|perspective| {
            let verdict = self.perspective_on(scorecard, perspective, day).verdict;
            child(&perspective.id, &verdict, perspective.weight, perspective.critical)
        });
        roll_up(&scorecard.rollup, &children.collect::<Vec<_>>())
    }

    /// The verdict on a perspective as its actuals stood for periods ended by a local day.
    pub fn perspective_on(
        &self,
        scorecard: &Scorecard,
        perspective: &Perspective,
        day: NaiveDate,
    ) -> Rolled {
        self.node_on(scorecard, &AlertNode::perspective(scorecard, perspective), day)
    }

    /// The verdict on an objective as its actuals stood for periods ended by a local day.
    pub fn objective_on(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
        day: NaiveDate,
    ) -> Rolled {
        roll_up(&objective.rollup, &self.children_on(scorecard, objective, Some(day)))
    }

    /// The verdict on a node as its actuals stood for periods ended by a local day.
    pub(crate) fn node_on(
        &self,
        scorecard: &Scorecard,
        node: &AlertNode<'_>,
        day: NaiveDate,
    ) -> Rolled {
        let children = node.parts.iter().map(|part| {
            let children = self.children_ended_by(scorecard, part, day);
            part_child(part, &roll_up(part.rollup(), &children).verdict)
        });
        roll_up(&node.rollup, &children.collect::<Vec<_>>())
    }

    /// An objective's children, its KPIs before the objectives that contribute to it: as they are
    /// judged now, or as their actuals stood for periods ended by a local day.
    pub(crate) fn children_on(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
        day: Option<NaiveDate>,
    ) -> Vec<Child> {
        if let Some(day) = day {
            return self.children_ended_by(scorecard, &NodePart::whole(objective), day);
        }
        let standing = self.objective(scorecard, objective);
        standing
            .kpis
            .iter()
            .map(kpi_child)
            .chain(standing.linked.iter().map(linked_child))
            .collect()
    }

    fn children_ended_by(
        &self,
        scorecard: &Scorecard,
        part: &NodePart<'_>,
        day: NaiveDate,
    ) -> Vec<Child> {
        let kpis = part.kpis().iter();
        let kpis = kpis.map(|kpi| self.child_on(scorecard, kpi, day));
        let links = part.contributions().iter().filter_map(|link| {
            let verdict = self.linked_verdict_on(&link.objective, day)?;
            Some(child(&link.objective.objective, &verdict, link.weight, link.critical))
        });
        kpis.chain(links).collect()
    }

    /// A KPI as its newest period that had ended by a local day makes it.
    pub(crate) fn child_on(&self, scorecard: &Scorecard, kpi: &Kpi, day: NaiveDate) -> Child {
        let named = scorecard.named(kpi);
        if let Some(known) = self.past.borrow().get(&named, day) {
            return known.clone();
        }
        let case = self.case(scorecard, kpi);
        let verdict = verdict_on(&case, day, self.now());
        let child = Child {
            id: kpi.id.clone(),
            status: verdict.status,
            score: verdict.score,
            weight: kpi.weight_in(Some(verdict.period)),
            critical: kpi.critical,
        };
        if case.is_settled(verdict.period, self.now()) {
            self.past.borrow_mut().remember(named, day, child.clone());
        }
        child
    }

    /// The verdict on another unit's objective, found once however many look at it.
    pub(crate) fn linked_verdict_on(
        &self,
        named: &ObjectiveRef,
        day: NaiveDate,
    ) -> Option<Verdict> {
        let key = (named.clone(), day);
        if let Some(known) = self.linked_on.borrow().get(&key) {
            return Some(*known);
        }
        let (unit, objective) = self.portfolio().objective(named)?;
        let children = self.children_ended_by(unit, &NodePart::whole(objective), day);
        let verdict = roll_up(&objective.rollup, &children).verdict;
        self.linked_on.borrow_mut().insert(key, verdict);
        Some(verdict)
    }
}

/// The verdict on a KPI's newest period that had ended by a local day.
pub(crate) fn verdict_on(
    case: &KpiContext<'_>,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> PeriodVerdict {
    let calendar = case.calendar;
    let newest = calendar.period_of(case.kpi.frequency, day);
    let newest = if calendar.last_day(newest) <= day { newest } else { newest.previous() };
    case.verdict_in(newest, now)
}
