//! A period as it is reviewed: every node's verdict in it and in the one before, as its actuals
//! stand for periods ended by then.

use chrono::NaiveDate;

use crate::{
    judgement::{
        as_of_day::verdict_on,
        judge::Judge,
        kpi_standing::KpiStanding,
        period_verdict::PeriodVerdict,
        standing::{ScorecardStanding, Verdict},
    },
    model::{
        calendar::Calendar,
        definition::{Objective, Scorecard},
        id::Id,
        period::Period,
        status::Status,
    },
};

/// A scorecard in one period.
#[derive(Clone, Debug)]
pub struct Review {
    /// The period.
    pub period: Period,
    /// The overall verdict in it.
    pub now: Verdict,
    /// In the author's order.
    pub perspectives: Vec<ReviewedPerspective>,
}

/// A perspective in one period and the one before.
#[derive(Clone, Debug)]
pub struct ReviewedPerspective {
    /// Its id.
    pub id: Id,
    /// In the period.
    pub now: Verdict,
    /// In the one before.
    pub before: Verdict,
    /// In the author's order.
    pub objectives: Vec<ReviewedObjective>,
}

/// An objective in one period and the one before.
#[derive(Clone, Debug)]
pub struct ReviewedObjective {
    /// Its id.
    pub id: Id,
    /// In the period.
    pub now: Verdict,
    /// In the one before.
    pub before: Verdict,
    /// In the author's order.
    pub kpis: Vec<ReviewedKpi>,
}

/// A KPI in its newest period that had ended by then, and by the end of the one before.
#[derive(Clone, Debug)]
pub struct ReviewedKpi {
    /// Its id.
    pub id: Id,
    /// In the period.
    pub now: PeriodVerdict,
    /// In the one before.
    pub before: PeriodVerdict,
}

impl Judge<'_> {
    /// A scorecard in a period of its calendar.
    pub fn review(&self, scorecard: &Scorecard, period: Period) -> Review {
        let day = scorecard.calendar.last_day(period);
        let days = (day, scorecard.calendar.last_day(period.previous()));
        let perspective = |view: &crate::model::definition::Perspective| ReviewedPerspective {
            id: view.id.clone(),
            now: self.perspective_on(scorecard, view, days.0).verdict,
            before: self.perspective_on(scorecard, view, days.1).verdict,
            objectives: view
                .objectives
                .iter()
                .map(|objective| self.reviewed(scorecard, objective, days))
                .collect(),
        };
        Review {
            period,
            now: self.scorecard_on(scorecard, day).verdict,
            perspectives: scorecard.perspectives.iter().map(perspective).collect(),
        }
    }

    fn reviewed(
        &self,
        scorecard: &Scorecard,
        objective: &Objective,
        (day, before): (NaiveDate, NaiveDate),
    ) -> ReviewedObjective {
        let verdict = |day| self.objective_on(scorecard, objective, day).verdict;
        let kpi = |kpi: &crate::model::kpi_definition::Kpi| {
            let case = self.case(scorecard, kpi);
            ReviewedKpi {
                id: kpi.id.clone(),
                now: verdict_on(&case, day, self.now()),
                before: verdict_on(&case, before, self.now()),
            }
        };
        ReviewedObjective {
            id: objective.id.clone(),
            now: verdict(day),
            before: verdict(before),
            kpis: objective.kpis.iter().map(kpi).collect(),
        }
    }
}

impl Review {
    /// Whether any KPI has a value in it.
    pub fn has_figures(&self) -> bool {
        let objectives = self.perspectives.iter().flat_map(|held| &held.objectives);
        objectives.flat_map(|held| &held.kpis).any(|kpi| kpi.now.value.is_some())
    }

    /// How many KPIs have which status.
    pub fn count(&self, status: Status) -> usize {
        let objectives = self.perspectives.iter().flat_map(|held| &held.objectives);
        objectives.flat_map(|held| &held.kpis).filter(|kpi| kpi.now.status == status).count()
    }
}

impl ScorecardStanding {
    /// The KPIs whose actual is not in for a period that ended by a local day, and whose time is
    /// not up; a period without any is official.
    pub fn awaited_by(&self, calendar: &Calendar, day: NaiveDate) -> Vec<&KpiStanding> {
        let objectives = self.perspectives.iter().flat_map(|held| &held.objectives);
        let kpis = objectives.flat_map(|objective| &objective.kpis);
        kpis.filter(|kpi| kpi.evaluation_key(calendar).awaits(day)).collect()
    }

    /// The same of other units' objectives that contribute to it.
    pub fn awaits_others_by(&self, day: NaiveDate) -> bool {
        let objectives = self.perspectives.iter().flat_map(|held| &held.objectives);
        objectives.flat_map(|held| &held.linked).any(|link| link.evaluation_key.awaits(day))
    }
}
