//! How long a judgement holds: the next instant at which the same figures may be judged otherwise.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{judgement::restatement::NEWS_FOR, series::kpi_context::KpiContext};

/// Instants are kept to the microsecond: what holds up to one holds no longer at the next.
const JUST_AFTER: TimeDelta = TimeDelta::microseconds(1);

impl KpiContext<'_> {
    /// The first instant after `now` at which the same figures may be judged otherwise. There may be
    /// nothing new then; before it there never is.
    pub(crate) fn deadline(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut turns = self.own_turns(now);
        for case in std::iter::once(self).chain(&self.made_of()) {
            turns.extend(case.period_turns(now));
            turns.extend(case.source_turns(now));
        }
        turns.into_iter().filter(|turn| now < *turn).min().unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// When the running period ends, and when the figures of those that have ended are due.
    fn period_turns(&self, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let running = self.calendar.period_at(self.kpi.frequency, now);
        let ended = std::iter::successors(Some(running.previous()), |at| Some(at.previous()));
        let due = ended.map(|period| self.own_due(period)).take_while(|due| now < *due);
        due.chain([self.calendar.bounds(running).1]).collect()
    }

    /// When what was read, or the last that a failed source gave, says nothing of the present any more.
    fn source_turns(&self, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let running = self.calendar.period_at(self.kpi.frequency, now);
        let read = self.actual(running).map(|actual| actual.observed_at);
        let last = self.held.failure.as_ref().and_then(|_| self.last_seen());
        // A clock ahead of ours reads in our future.
        let reached = read.into_iter();
        let patience = self.patience();
        let aged = read.into_iter().chain(last);
        let aged = aged.filter_map(|at| Some(at + patience? + JUST_AFTER));
        reached.chain(aged).collect()
    }

    /// When a level is stale, a milestone is due, or a restatement is no news any more.
    fn own_turns(&self, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let running = self.calendar.period_at(self.kpi.frequency, now);
        let fresh = self.newest_until(running).filter(|_| self.kpi.is_judged_on_newest());
        let stale = fresh.map(|(period, actual)| self.fresh_until(period, actual) + JUST_AFTER);
        let milestone = self.milestone_due(running).and_then(|due| due.succ_opt());
        let milestone = milestone.map(|day| self.calendar.midnight(day));
        let revised = self.held.actuals.values().filter(|revisions| revisions.len() > 1);
        let news = revised.filter_map(|revisions| revisions.last());
        let no_news = news.map(|last| last.collected_at + NEWS_FOR + JUST_AFTER);
        stale.into_iter().chain(milestone).chain(no_news).collect()
    }
}
