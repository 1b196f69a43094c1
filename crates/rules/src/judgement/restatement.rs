//! What was reported of a period, and what it was changed to since.

use std::{cmp::Reverse, collections::BinaryHeap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{
    judgement::period_verdict::PeriodVerdict,
    model::{
        kpi_definition::Input,
        period::Period,
        status::{Finality, Status},
        target::{Aim, Reference, Target},
    },
    series::{history::Actual, kpi_context::KpiContext},
};

/// A change that came longer ago was news then: whoever looks now for the first time is not told.
pub(crate) const NEWS_FOR: TimeDelta = TimeDelta::days(1);

/// A score that moved by less is the same.
const SAME_SCORE: f64 = 1e-9;

/// A sum or a target is made of no more periods than these: a year of days, and its like a year ago.
const BACK_MAX: usize = 366;

/// What was first reported for a period that has been restated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AsReported {
    /// The first value.
    pub value: f64,
    /// The verdict on it.
    pub status: Status,
    /// Its score.
    pub score: f64,
    /// Whether the change is worth a notice: another status, or more than the materiality.
    pub material: bool,
}

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

impl<'a> KpiContext<'a> {
    /// The periods whose reported figure was changed lately, by enough to matter. What is computed was
    /// changed by its inputs, which are told.
    pub fn restated(&self, materiality_pct: f64, now: DateTime<Utc>) -> Vec<Restated> {
        if !matches!(self.kpi.input, Input::Collected) {
            return Vec::new();
        }
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
    pub(crate) fn as_reported(&self, period: Period, materiality_pct: f64) -> Option<AsReported> {
        self.restatement(period, materiality_pct).map(|restated| restated.first)
    }

    /// The verdict on a period as it was first reported, if it is another one since: by a change of its
    /// own figure, or of one that its sum or its target is made of.
    fn restatement(&self, period: Period, materiality_pct: f64) -> Option<Restated> {
        let mut verdicts = self.verdicts_since_reported(period)?;
        let first = verdicts.next()?;
        let (value, score) = first.value.zip(first.score)?;
        let is_another = |verdict: &PeriodVerdict| {
            let moved = verdict.score.is_none_or(|now| (now - score).abs() > SAME_SCORE);
            moved || first.status != verdict.status || first.value != verdict.value
        };
        // Mostly the first change makes another one: of thousands no more are judged.
        if !verdicts.any(|verdict| is_another(&verdict)) {
            return None;
        }
        let now = self.judge_period(period);
        let last = now.value?;
        let first = AsReported {
            value,
            status: first.status,
            score,
            material: is_material((value, first.status), (last, now.status), materiality_pct),
        };
        Some(Restated { period, first, value: last, status: now.status })
    }

    /// The first verdict on a period that anybody has seen, and what became of it with each figure
    /// that came after that, judged one by one as they are asked for; nothing where none came.
    fn verdicts_since_reported(
        &self,
        period: Period,
    ) -> Option<impl Iterator<Item = PeriodVerdict> + use<'a>> {
        // What waits for a person was never reported.
        let first = self.reported(period).iter().find(|actual| self.is_believable(actual))?;
        let (_, end) = self.calendar.bounds(period);
        let from = first.collected_at.max(end);
        let mut since = self.changes_since(period, from).peekable();
        since.peek()?;
        let (case, known) = (*self, std::iter::once(from).chain(since));
        let verdicts =
            known.map(move |at| Self { known_at: Some(at), ..case }.judge_period(period));
        // Where a part of a sum came later, the first verdict did.
        Some(verdicts.skip_while(|verdict| verdict.score.is_none()))
    }

    /// When figures came that the verdict on a period is made of, after an instant, in order. Mostly
    /// the first is asked for alone, and the others are not put in order.
    fn changes_since(
        &self,
        period: Period,
        from: DateTime<Utc>,
    ) -> impl Iterator<Item = DateTime<Utc>> + use<'a> {
        let looks_back = |aim: &Aim| match &aim.target {
            Some(Target::Rolling { .. }) => true,
            Some(Target::Relative { to, .. }) => !matches!(to, Reference::Baseline(_)),
            _ => false,
        };
        let is_of_more = self.kpi.cumulative.is_some() || self.kpi.aims.iter().any(looks_back);
        let earliest = match is_of_more {
            true => std::iter::successors(Some(period), |at| Some(at.previous())).nth(BACK_MAX),
            false => None,
        };
        let range = earliest.unwrap_or(period)..=period;
        let others = self.kpi.aims.iter().filter_map(|aim| match &aim.target {
            Some(Target::Relative { to: Reference::Kpi(other), .. }) => self.elsewhere(other),
            _ => None,
        });
        let cases = std::iter::once(*self).chain(others);
        let revisions = cases.flat_map(|case| case.held.actuals.range(range.clone()));
        let came = revisions.flat_map(|(_, revisions)| revisions).map(|actual| actual.collected_at);
        let mut since: BinaryHeap<_> = came.filter(|at| *at > from).map(Reverse).collect();
        std::iter::from_fn(move || {
            let Reverse(at) = since.pop()?;
            while since.peek() == Some(&Reverse(at)) {
                since.pop();
            }
            Some(at)
        })
    }

    /// How settled what is held for a period is.
    pub(crate) fn finality(
        &self,
        period: Period,
        is_restated: bool,
        now: DateTime<Utc>,
    ) -> Finality {
        match () {
            () if now < self.overdue_from(period) => Finality::Provisional,
            () if is_restated || self.reported(period).len() > 1 => Finality::Revised,
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
            let until_due = due > end && next.is_some_and(|next| next.collected_at > due);
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
