//! The running period of a flow: how it goes so far. An early word, always labelled provisional.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    judgement::{forecast, kpi_standing::Pacing, lines::Lines},
    model::{kpi_definition::Nature, period::Period, status::Status},
    series::kpi_context::KpiContext,
};

/// A source that nobody polls and that fails is expected back within this.
const UNASKED_PATIENCE: TimeDelta = TimeDelta::days(2);

/// How much of a running period has passed, in completed days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Elapsed {
    /// Days completed.
    pub(crate) days: u32,
    /// Days in all.
    pub(crate) total: u32,
}

impl Elapsed {
    /// The share passed, 0 to 1.
    pub(crate) fn share(self) -> f64 {
        if self.total == 0 { 1.0 } else { f64::from(self.days) / f64::from(self.total) }
    }

    /// What should have come so far of a whole period's target.
    pub(crate) fn target_to_date(self, target: f64) -> f64 {
        target * self.share()
    }

    /// What the whole period comes to at this pace; none before the first day is over.
    pub(crate) fn projection(self, so_far: f64) -> Option<f64> {
        (self.days > 0).then(|| so_far / self.share())
    }

    /// What each remaining day must bring; none when no day remains.
    pub(crate) fn required_rate(self, target: f64, so_far: f64) -> Option<f64> {
        let remaining = self.total.saturating_sub(self.days);
        (remaining > 0).then(|| (target - so_far) / f64::from(remaining))
    }
}

impl KpiContext<'_> {
    /// The pace of the running period of a flow that already has an actual, up to its last reading;
    /// none where that is stale.
    pub fn pace(&self, now: DateTime<Utc>) -> Option<Pacing> {
        if self.kpi.nature != Nature::Flow || self.kpi.cumulative.is_some() {
            return None;
        }
        let period = self.calendar.period_at(self.kpi.frequency, now);
        let value = self.value(period)?;
        let read_at = self.read_until(period)?.min(now);
        if self.is_left_behind(period, now) {
            return None;
        }
        let wanted = self.period_lines(period).ok()?;
        let target = wanted.target?;
        let elapsed = self.elapsed(period, read_at);
        let projection = self.seasonal(period, value, read_at).or(elapsed.projection(value));
        let early = elapsed.share() < self.kpi.pace.min_elapsed;
        let verdict = projection
            .filter(|_| !early && matches!(wanted.lines, Lines::OneSided { .. }))
            .map(|projection| {
                self.judge_value(period, projection, Some(wanted.lines), wanted.target)
            });
        let to_date = elapsed.target_to_date(target);
        Some(Pacing {
            period,
            read_at,
            value,
            target_to_date: to_date,
            pace_pct: (to_date != 0.0).then(|| 100.0 * value / to_date),
            projection,
            required_rate: elapsed.required_rate(target, value),
            status: verdict.as_ref().map_or(Status::Pending, |verdict| verdict.status),
            score: verdict.and_then(|verdict| verdict.score),
        })
    }

    /// Up to when the figure of a period speaks: its reading, or the oldest of those it is made of.
    fn read_until(&self, period: Period) -> Option<DateTime<Utc>> {
        let inputs = self.made_of();
        let read = |case: &Self| Some(case.actual(period)?.observed_at);
        if inputs.is_empty() { read(self) } else { inputs.iter().filter_map(read).min() }
    }

    /// Whether the running period has a reading that its source has left behind: two polls ago, or,
    /// of one that is not polled, days before the source failed. What such a figure is heading for
    /// nobody knows.
    fn is_left_behind(&self, running: Period, now: DateTime<Utc>) -> bool {
        let inputs = self.made_of();
        let is_old = |case: &Self| {
            let read = case.actual(running).map(|actual| actual.observed_at);
            read.zip(case.patience()).is_some_and(|(read, patience)| now > read + patience)
        };
        if inputs.is_empty() { is_old(self) } else { inputs.iter().any(is_old) }
    }

    /// Whether the source of a KPI, or of one that it is made of, has failed for so long that it says
    /// nothing of where things are heading.
    fn is_cut_off(&self, now: DateTime<Utc>) -> bool {
        let inputs = self.made_of();
        let is_dead = |case: &Self| {
            let failure = case.held.failure.as_ref();
            failure
                .and_then(|_| case.last_seen())
                .zip(case.patience())
                .is_some_and(|(last, span)| now > last + span)
        };
        if inputs.is_empty() { is_dead(self) } else { inputs.iter().any(is_dead) }
    }

    /// When the last figure came, or was true in the world.
    pub(crate) fn last_seen(&self) -> Option<DateTime<Utc>> {
        let newest = self.held.actuals.values().filter_map(|revisions| revisions.last());
        newest.map(|actual| actual.observed_at.max(actual.collected_at)).max()
    }

    /// Whether an outlook on the KPI would be made of figures that are out of date.
    pub(crate) fn outlook_is_stale(&self, now: DateTime<Utc>) -> bool {
        let running = self.calendar.period_at(self.kpi.frequency, now);
        let paced = self.kpi.nature == Nature::Flow && self.kpi.cumulative.is_none();
        (paced && self.is_left_behind(running, now)) || self.is_cut_off(now)
    }

    /// How old the newest reading of a running period may be.
    pub(crate) fn patience(&self) -> Option<TimeDelta> {
        let unasked = || self.held.failure.as_ref().map(|_| UNASKED_PATIENCE);
        self.kpi.max_age.or(self.kpi.poll_interval.map(|poll| poll * 2)).or_else(unasked)
    }

    /// What the running period comes to if last year's share up to the same day holds: for a KPI
    /// with two years behind it, and what last year had brought by that day still on record.
    fn seasonal(&self, period: Period, so_far: f64, read_at: DateTime<Utc>) -> Option<f64> {
        let last_year = period.last_year();
        self.actual(last_year.last_year())?;
        let passed = self.calendar.local_day(read_at) - self.calendar.first_day(period);
        let day = self.calendar.first_day(last_year).checked_add_signed(passed)?;
        let by_then = self.calendar.midnight(day);
        let revisions = self.held.actuals.get(&last_year)?.iter();
        let part = revisions.rev().find(|actual| actual.observed_at < by_then)?;
        forecast::seasonal_pace(so_far, self.value_of(part)?, self.value(last_year)?)
    }

    /// How much of a period is over at an instant: completed days, working days where so configured.
    fn elapsed(&self, period: Period, at: DateTime<Utc>) -> Elapsed {
        let calendar = self.calendar;
        let today = calendar.local_day(at);
        let (first, last) = (calendar.first_day(period), calendar.last_day(period));
        let yesterday = today.pred_opt().unwrap_or(today);
        if self.kpi.pace.working_days {
            let days = calendar.working_days(first, yesterday);
            return Elapsed { days, total: calendar.working_days(first, last) };
        }
        let count = |days: i64| u32::try_from(days).unwrap_or(0);
        Elapsed {
            days: count((today - first).num_days()),
            total: count((last - first).num_days() + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_paced_by_its_days() {
        let elapsed = Elapsed { days: 3, total: 22 };
        assert!((elapsed.target_to_date(100_000.0) - 13_636.36).abs() < 0.01);
        assert!((elapsed.projection(13_636.36).unwrap() - 100_000.0).abs() < 0.1);
        assert!((elapsed.required_rate(100_000.0, 5_000.0).unwrap() - 5_000.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_projected_from_nothing() {
        assert_eq!(Elapsed { days: 0, total: 22 }.projection(0.0), None);
        assert_eq!(Elapsed { days: 22, total: 22 }.required_rate(1.0, 0.0), None);
    }
}
