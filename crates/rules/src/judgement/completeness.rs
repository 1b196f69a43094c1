//! When a period's figure is in, and the verdict on a period that is asked about by its key.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    judgement::period_verdict::PeriodVerdict,
    model::{
        id::KpiRef,
        kpi_definition::Input,
        period::Period,
        portfolio,
        status::{DataState, Gap},
    },
    series::{history::KpiHistory, kpi_context::KpiContext},
};

static NOTHING: KpiHistory = KpiHistory { actuals: BTreeMap::new(), failure: None, asked: None };

impl<'a> KpiContext<'a> {
    /// The instant from which a missing actual is overdue. What is computed is due no earlier than
    /// what it is made of.
    pub fn overdue_from(&self, period: Period) -> DateTime<Utc> {
        let inputs = self.made_of();
        let inputs = inputs.iter().filter(|input| input.kpi.lives_in(period));
        inputs.map(|input| input.own_due(period)).fold(self.own_due(period), DateTime::max)
    }

    /// The same of one KPI alone. Without a written lag a figure is due when the first collection
    /// that its schedule asks for after the end is over, and at the latest with the next day.
    pub(crate) fn own_due(&self, period: Period) -> DateTime<Utc> {
        let latest = self.calendar.overdue_from(period, self.kpi.lag_at_most());
        let (_, end) = self.calendar.bounds(period);
        let asked = self.held.asked.filter(|asked| self.kpi.lag.is_none() && asked.slot >= end);
        asked.map_or(latest, |asked| asked.over_at.clamp(end, latest))
    }

    /// Whether what is held for a period that has ended may be judged: it is of the whole period, or
    /// nobody expects more. What came while the period ran waits for its due day.
    pub fn is_in(&self, period: Period, now: DateTime<Utc>) -> bool {
        self.actual(period).is_some()
            && (self.is_whole(period, now) || now >= self.overdue_from(period))
    }

    /// Whether a period is due, however late its figure and those that it is made of may come.
    pub(crate) fn is_settled(&self, period: Period, now: DateTime<Utc>) -> bool {
        let latest = |case: &Self| case.calendar.overdue_from(period, case.kpi.lag_at_most());
        latest(self) <= now && self.made_of().iter().all(|input| latest(input) <= now)
    }

    /// Whether the figure held came after the end of its period, or is known to have been true then;
    /// what is computed is whole when all that it is made of is in.
    pub fn is_whole(&self, period: Period, now: DateTime<Utc>) -> bool {
        let Some(actual) = self.actual(period) else { return false };
        let (_, end) = self.calendar.bounds(period);
        now >= end
            && match &self.kpi.input {
                // The last reading of a period is its figure.
                _ if self.kpi.is_judged_on_newest() => true,
                Input::Collected => {
                    let last = self.calendar.observed_in(period, end);
                    actual.collected_at >= end || actual.observed_at >= last
                }
                _ => {
                    let inputs = self.made_of();
                    let mut living = inputs.iter().filter(|input| input.kpi.lives_in(period));
                    living.all(|input| input.is_in(period, now))
                }
            }
    }

    /// The verdict on a period as it stands at `now`. What is not due yet is pending, also where a
    /// part of it is held, and so is what was excluded.
    pub fn verdict_in(&self, period: Period, now: DateTime<Utc>) -> PeriodVerdict {
        if let Some(gap) = self.outside(period) {
            return self.unjudged(Some(period), Some(gap));
        }
        if !self.is_applicable(period) {
            return self.unjudged(Some(period), Some(Gap::NotApplicable));
        }
        if let Some(due) = self.milestone_due(period) {
            return self.milestone_in(period, due, now);
        }
        if self.actual(period).is_none() {
            let gap = match self.missing_state(period, now) {
                DataState::Open => Gap::NotDue,
                _ if self.held.actuals.is_empty() => Gap::NeverCollected,
                DataState::Awaiting => Gap::NotDue,
                DataState::Received | DataState::Overdue => Gap::Overdue,
            };
            return self.unjudged(Some(period), Some(gap));
        }
        if self.kpi.is_judged_on_newest() || self.is_in(period, now) {
            return self.judge_period(period);
        }
        let value = self.value_over_span(period).ok();
        PeriodVerdict { value, ..self.unjudged(Some(period), Some(Gap::NotDue)) }
    }

    /// A milestone by its newest reading up to a period: done is done, and not done is nothing before
    /// its day has passed.
    fn milestone_in(&self, period: Period, due: NaiveDate, now: DateTime<Utc>) -> PeriodVerdict {
        let is_due = self.calendar.last_day(period) >= due && self.calendar.local_day(now) > due;
        match self.newest_until(period) {
            Some((at, actual)) if is_due || self.value_of(actual) != Some(0.0) => {
                PeriodVerdict { period, ..self.judge_period(at) }
            }
            None if is_due => self.unjudged(Some(period), Some(Gap::NeverCollected)),
            Some(_) | None => self.unjudged(Some(period), Some(Gap::NotDue)),
        }
    }

    /// The collected KPIs that a computed one is made of in the end; none of one that is collected.
    pub(crate) fn made_of(&self) -> Vec<KpiContext<'a>> {
        if matches!(self.kpi.input, Input::Collected) {
            return Vec::new();
        }
        let own = KpiRef { scorecard: self.scorecard.clone(), kpi: self.kpi.id.clone() };
        let mut open = portfolio::made_of(&own, self.kpi);
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        while let Some(named) = open.pop() {
            let Some(case) = self.elsewhere(&named) else { continue };
            if !seen.insert(named.clone()) {
                continue;
            }
            match &case.kpi.input {
                Input::Collected => found.push(case),
                _ => open.extend(portfolio::made_of(&named, case.kpi)),
            }
        }
        found
    }

    /// Another KPI of the portfolio.
    pub(crate) fn elsewhere(&self, named: &KpiRef) -> Option<KpiContext<'a>> {
        let scorecard = self.portfolio.scorecard(&named.scorecard)?;
        Some(KpiContext {
            scorecard: &scorecard.id,
            kpi: scorecard.kpi(&named.kpi)?,
            calendar: &scorecard.calendar,
            held: self.series.kpi(named).unwrap_or(&NOTHING),
            ..*self
        })
    }
}
