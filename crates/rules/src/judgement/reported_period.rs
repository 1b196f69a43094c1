//! Which period a KPI reports at an instant, and what state its data are in.

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    judgement::kpi_standing::LastKnown,
    model::{
        period::Period,
        status::{DataState, Gap},
        target::Target,
    },
    series::{history::Actual, kpi_context::KpiContext},
};

/// An author excludes no more periods in a row than these, and a level misses no more.
const GAP_PERIODS_MAX: usize = 120;

/// What a KPI reports at an instant: a period, the state of the newest due one, and what is amiss.
pub(crate) struct Report {
    pub(crate) period: Option<Period>,
    pub(crate) state: DataState,
    pub(crate) gap: Option<Gap>,
    /// With a gap: whether the period is judged all the same.
    pub(crate) judged: bool,
    /// A newer period that is closed and not due yet.
    pub(crate) awaited: Option<Period>,
}

impl<'a> KpiContext<'a> {
    pub(crate) fn report(&self, now: DateTime<Utc>) -> Report {
        let present = self.kpi.present(self.calendar, now);
        match self.outside(present) {
            Some(gap) => Report::without(Some(present), DataState::Open, gap),
            None if self.kpi.is_judged_on_newest() => self.report_newest(now),
            None => self.report_closed(now),
        }
    }

    /// Why a period lies outside the life of the KPI, if it does.
    pub(crate) fn outside(&self, period: Period) -> Option<Gap> {
        match () {
            () if self.kpi.lives_in(period) => None,
            () if self.kpi.from.is_some_and(|from| period < from) => Some(Gap::NotBegun),
            () => Some(Gap::Ended),
        }
    }

    /// Flow, ratio, event: the last closed period whose actual is in, unless a newer one is overdue;
    /// nothing while the last one is excluded.
    fn report_closed(&self, now: DateTime<Utc>) -> Report {
        let newest = self.calendar.last_closed(self.kpi.frequency, now);
        if !self.is_applicable(newest) {
            return Report::without(Some(newest), DataState::Open, Gap::NotApplicable);
        }
        if self.is_in(newest, now) {
            return Report::of(newest, DataState::Received);
        }
        let state = self.missing_state(newest, now);
        if self.held.actuals.keys().next().is_none() {
            // Nothing is missing of what has only just begun.
            let begins = self.kpi.from == Some(newest) && state == DataState::Awaiting;
            let gap = if begins { Gap::NotDue } else { Gap::NeverCollected };
            return Report::without(Some(newest), state, gap);
        }
        let awaited = (state == DataState::Awaiting).then_some(newest);
        let mut period = newest;
        let mut overdue = 0;
        loop {
            if self.is_in(period, now) {
                let gap = (overdue > 0).then_some(Gap::CarriedForward);
                return Report { period: Some(period), state, gap, judged: true, awaited };
            }
            overdue += u32::from(self.missing_state(period, now) == DataState::Overdue);
            if overdue > self.kpi.carry_forward {
                return Report::without(Some(period), state, Gap::Overdue);
            }
            match self.applicable_before(period) {
                Some(before) if self.held.actuals.keys().next() <= Some(&before) => period = before,
                _ => {
                    let report = Report::without(Some(newest), state, Gap::NotDue);
                    return Report { awaited, ..report };
                }
            }
        }
    }

    /// Level, milestone: the newest reading, whatever its period, while it is fresh.
    fn report_newest(&self, now: DateTime<Utc>) -> Report {
        let running = self.calendar.period_at(self.kpi.frequency, now);
        let newest = self.newest_until(running);
        if let Some(due) = self.milestone_due(running) {
            return self.report_milestone(newest, due, now);
        }
        let Some((period, actual)) = newest else {
            let closed = running.previous();
            let state = self.missing_state(closed, now);
            return Report::without(Some(closed), state, Gap::NeverCollected);
        };
        if !self.is_applicable(period) {
            return Report::without(Some(period), DataState::Open, Gap::NotApplicable);
        }
        if now > self.fresh_until(period, actual) {
            let carried = self.carried(period, running);
            let gap = if carried { Gap::CarriedForward } else { Gap::Stale };
            let period = Some(period);
            let state = DataState::Overdue;
            return Report { period, state, gap: Some(gap), judged: carried, awaited: None };
        }
        Report::of(period, DataState::Received)
    }

    /// The newest figure of a period or of one before it.
    pub(crate) fn newest_until(&self, period: Period) -> Option<(Period, &'a Actual)> {
        let (period, revisions) = self.held.actuals.range(..=period).next_back()?;
        Some((*period, revisions.last()?))
    }

    fn report_milestone(
        &self,
        newest: Option<(Period, &Actual)>,
        due: NaiveDate,
        now: DateTime<Utc>,
    ) -> Report {
        let is_due = self.calendar.local_day(now) > due;
        match newest {
            Some((period, actual)) if is_due || self.value_of(actual) != Some(0.0) => {
                Report::of(period, DataState::Received)
            }
            Some((period, _)) => Report::without(Some(period), DataState::Received, Gap::NotDue),
            None if is_due => Report::without(None, DataState::Overdue, Gap::NeverCollected),
            None => Report::without(None, DataState::Open, Gap::NotDue),
        }
    }

    pub(crate) fn milestone_due(&self, period: Period) -> Option<NaiveDate> {
        match self.aim(period)?.target {
            Some(Target::Milestone { due }) => Some(due),
            _ => None,
        }
    }

    /// Whether a stale level may still stand in, by `carry_forward`.
    fn carried(&self, period: Period, running: Period) -> bool {
        let after = std::iter::successors(Some(period.next()), |at| Some(at.next()));
        let missed = after.take_while(|at| *at < running).take(GAP_PERIODS_MAX).count();
        self.kpi.carry_forward > 0 && missed <= self.kpi.carry_forward as usize
    }

    /// The newest period before `period` that the author did not exclude.
    pub(crate) fn applicable_before(&self, period: Period) -> Option<Period> {
        let back = std::iter::successors(Some(period.previous()), |at| Some(at.previous()));
        back.take(GAP_PERIODS_MAX).find(|at| self.is_applicable(*at))
    }

    /// Whether the period counts: the KPI is followed in it, and the author excluded it neither for the
    /// KPI nor by a closure.
    pub fn is_applicable(&self, period: Period) -> bool {
        self.kpi.lives_in(period)
            && !self.kpi.not_applicable.contains(&period)
            && !self.calendar.is_shut(period)
    }

    /// Where a period without an actual stands.
    pub fn missing_state(&self, period: Period, now: DateTime<Utc>) -> DataState {
        let due = self.overdue_from(period);
        match () {
            () if !self.calendar.is_closed(period, now) => DataState::Open,
            () if now < due => DataState::Awaiting,
            () => DataState::Overdue,
        }
    }

    /// Until when a level's reading speaks for it: as configured, else for two polls, or until the
    /// reading of the next period would be overdue, whichever is later.
    pub(crate) fn fresh_until(&self, period: Period, reading: &Actual) -> DateTime<Utc> {
        let observed = reading.observed_at;
        if let Some(age) = self.kpi.max_age {
            return observed + age;
        }
        let after = std::iter::successors(Some(period.next()), |at| Some(at.next()));
        let next = after.take(GAP_PERIODS_MAX).find(|at| self.is_applicable(*at));
        let overdue = self.overdue_from(next.unwrap_or(period.next()));
        self.kpi.poll_interval.map_or(overdue, |poll| overdue.max(observed + poll * 2))
    }

    pub(crate) fn last_known(&self) -> Option<LastKnown> {
        let newest_first = self.held.actuals.keys().rev();
        newest_first
            .filter_map(|&period| Some(LastKnown { period, value: self.value(period)? }))
            .next()
    }
}

impl Report {
    fn of(period: Period, state: DataState) -> Self {
        Self { period: Some(period), state, gap: None, judged: true, awaited: None }
    }

    fn without(period: Option<Period>, state: DataState, gap: Gap) -> Self {
        Self { period, state, gap: Some(gap), judged: false, awaited: None }
    }
}
