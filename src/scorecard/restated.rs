//! What was reported of a period, and what it was changed to since.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Actual, AsReported, Case, Finality, Period, Status};

/// A change that came longer ago was news then: whoever looks now for the first time is not told.
const NEWS_FOR: TimeDelta = TimeDelta::days(1);

/// A closed period whose figure was changed lately, by enough to matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Restated {
    /// The period.
    pub period: Period,
    /// What was reported first.
    pub first: AsReported,
    /// What it is now.
    pub value: f64,
    /// The verdict on that.
    pub status: Status,
}

impl<'a> Case<'a> {
    /// The periods whose reported figure was changed lately, by enough to matter.
    pub fn restated(&self, materiality_pct: f64, now: DateTime<Utc>) -> Vec<Restated> {
        let came_lately = |revisions: &[Actual]| {
            revisions.len() > 1
                && revisions.last().is_some_and(|last| now - last.collected_at <= NEWS_FOR)
        };
        let lately = self.held.actuals.iter().filter(|(_, revisions)| came_lately(revisions));
        lately
            .filter_map(|(period, _)| self.restatement(*period, materiality_pct))
            .filter(|restated| restated.first.material)
            .collect()
    }

    /// What the period was first reported as, if it has been restated since.
    pub(super) fn as_reported(&self, period: Period, materiality_pct: f64) -> Option<AsReported> {
        self.restatement(period, materiality_pct).map(|restated| restated.first)
    }

    fn restatement(&self, period: Period, materiality_pct: f64) -> Option<Restated> {
        if self.kpi.cumulative.is_some() {
            return None;
        }
        // What waits for a person was never reported.
        let believed = |actual: &&Actual| self.is_believable(actual);
        let reported: Vec<&Actual> = self.reported(period).iter().filter(believed).collect();
        let [first, .., last] = reported.as_slice() else { return None };
        let (first, last) = (self.value_of(first)?, self.value_of(last)?);
        let goal = self.goal(period).ok()?;
        let judge = |value| self.judge_value(period, value, Some(goal.lines.clone()), goal.target);
        let (before, now) = (judge(first), judge(last));
        let first = AsReported {
            value: first,
            status: before.status,
            score: before.score?,
            material: is_material((first, before.status), (last, now.status), materiality_pct),
        };
        Some(Restated { period, first, value: last, status: now.status })
    }

    /// How settled what is held for a period is.
    pub(super) fn finality(&self, period: Period, now: DateTime<Utc>) -> Finality {
        match () {
            () if now < self.overdue_from(period) => Finality::Provisional,
            () if self.reported(period).len() > 1 => Finality::Revised,
            () => Finality::Final,
        }
    }

    /// The revisions of a period that were reported: what came while it ran was not, but for the
    /// last of it if that stood for the whole period, or until after the due day.
    fn reported(&self, period: Period) -> &'a [Actual] {
        let revisions = self.held.actuals.get(&period).map_or(&[][..], Vec::as_slice);
        let (_, end) = self.calendar.bounds(period);
        let due = self.overdue_from(period);
        let after = revisions.partition_point(|actual| actual.collected_at < end);
        let next = revisions.get(after);
        let stood = |last: &Actual| {
            let until_due = due > end && next.is_some_and(|next| next.collected_at >= due);
            until_due || last.observed_at >= self.calendar.observed_in(period, end)
        };
        let running = after.checked_sub(1);
        let from = running.filter(|at| revisions.get(*at).is_some_and(stood)).unwrap_or(after);
        revisions.get(from..).unwrap_or_default()
    }
}

/// Whether a revision is worth a notice: another status, or a value moved by more than a share.
pub fn is_material(before: (f64, Status), after: (f64, Status), materiality_pct: f64) -> bool {
    let moved = (after.0 - before.0).abs();
    before.1 != after.1 || moved > materiality_pct / 100.0 * before.0.abs()
}
