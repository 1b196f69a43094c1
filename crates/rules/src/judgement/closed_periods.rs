//! What the closed periods behind a verdict say: trend, signal, streak, assurance and forecast.

use std::ops::Bound;

use chrono::{DateTime, Utc};

use crate::{
    judgement::{
        forecast::{self, Forecast, SeriesShape},
        lines::Lines,
        period_verdict::PeriodVerdict,
        signal::{self, Assurance, Limits, Signal},
        trend::{Trend, trend, trend_in_band},
    },
    model::{
        period::{Frequency, Period},
        status::Status,
        target::{Reference, Target},
    },
    series::kpi_context::KpiContext,
};

/// A streak, and the history behind trends and signals, looks no further back than this; the
/// natural limits do.
const PERIODS_BACK_MAX: usize = 120;

/// What the closed periods behind a verdict say.
#[derive(Default)]
pub(crate) struct ClosedPeriods {
    pub(crate) trend: Option<Trend>,
    pub(crate) vs_last_year: Option<Trend>,
    pub(crate) signal: Option<Signal>,
    pub(crate) streak: Option<u32>,
    pub(crate) assurance: Option<Assurance>,
    pub(crate) forecast: Option<Forecast>,
    pub(crate) expected: Option<(Status, f64)>,
}

impl ClosedPeriods {
    /// Of the closed periods only: what a level says of a running one may change tomorrow.
    pub(crate) fn of(case: &KpiContext<'_>, verdict: &PeriodVerdict, now: DateTime<Utc>) -> Self {
        let (Some(_), kpi) = (verdict.value, case.kpi) else { return Self::default() };
        let streak = Some(case.streak(verdict, now));
        let closed = Some(verdict.period).filter(|period| case.calendar.is_closed(*period, now));
        let Some(upto) = closed.or_else(|| case.applicable_before(verdict.period)) else {
            return Self { streak, ..Self::default() };
        };
        let series = case.series(upto);
        let values: Vec<f64> = series.iter().copied().flatten().collect();
        let limits = case.limits(upto);
        let newest = case.value(upto);
        let signal = limits.filter(|_| newest.is_some());
        let signal = signal.and_then(|limits| limits.signal(kpi.signals.rules, &values));
        // The limits are of single periods, and so must the target be.
        let target = match kpi.cumulative {
            Some(_) => case.single_target(upto),
            None => verdict.target,
        };
        let shape = case.shape(signal.is_some(), values.len());
        let forecast = forecast::forecast(&series, limits, 1, shape);
        Self {
            trend: case.applicable_before(upto).and_then(|before| case.moved(before, upto)),
            vs_last_year: case.moved(upto.last_year(), upto),
            signal: signal.map(|(signal, _)| signal),
            streak,
            assurance: limits
                .zip(target)
                .map(|(limits, target)| limits.assurance(kpi.direction, target)),
            expected: forecast.and_then(|next| case.expected(upto, next.value)),
            forecast,
        }
    }
}

impl KpiContext<'_> {
    /// Which way the single-period value went between two periods.
    fn moved(&self, from: Period, to: Period) -> Option<Trend> {
        let (before, now) = self.value(from).zip(self.value(to))?;
        let wanted = self.period_lines(to).ok();
        Some(match wanted.map(|wanted| wanted.lines) {
            Some(Lines::Band(band)) => trend_in_band(before, now, band, self.kpi.dead_band),
            _ => trend(before, now, self.kpi.direction, self.kpi.dead_band),
        })
    }

    /// How many closed periods in a row, up to the one judged, have had the present status.
    fn streak(&self, verdict: &PeriodVerdict, now: DateTime<Utc>) -> u32 {
        let back = std::iter::successors(Some(verdict.period.previous()), |at| Some(at.previous()));
        let same = back
            .take(PERIODS_BACK_MAX)
            .filter(|at| self.is_applicable(*at))
            .take_while(|at| self.actual(*at).is_some())
            .take_while(|at| self.judge_period(*at).status == verdict.status);
        let own = u32::from(self.calendar.is_closed(verdict.period, now));
        u32::try_from(same.count()).unwrap_or(u32::MAX).saturating_add(own)
    }

    fn shape(&self, has_signal: bool, closed: usize) -> SeriesShape {
        let journey =
            self.kpi.aims.iter().any(|aim| matches!(aim.target, Some(Target::Trajectory { .. })));
        let seasonal = self.kpi.aims.iter().any(|aim| {
            let last_year = Reference::SamePeriodLastYear;
            matches!(&aim.target, Some(Target::Relative { to, .. }) if *to == last_year)
        });
        match self.kpi.frequency {
            Frequency::Month if seasonal && closed >= 24 => SeriesShape::Seasonal { per_year: 12 },
            _ if has_signal || journey => SeriesShape::Moving,
            _ => SeriesShape::Stable,
        }
    }
}

impl KpiContext<'_> {
    /// The natural limits of the single-period values up to `upto`: of the first ones held, and
    /// frozen after that, however long ago they were.
    pub fn limits(&self, upto: Period) -> Option<Limits> {
        let mut baseline = Vec::new();
        let mut taken = 0;
        let mut before: Option<Period> = None;
        for at in self.held_from_baseline().take_while(|at| *at <= upto) {
            if taken == signal::BASELINE_VALUES {
                break;
            }
            if before.is_some_and(|before| before.next() != at) {
                baseline.push(None);
            }
            let value = self.value(at);
            taken += usize::from(value.is_some());
            baseline.push(value);
            before = Some(at);
        }
        Limits::of(&baseline, self.kpi.signals.screen_outliers)
    }

    /// The periods that something is held for, from the one on that the author names.
    fn held_from_baseline(&self) -> impl Iterator<Item = Period> {
        let from = self.kpi.signals.baseline_from.map_or(Bound::Unbounded, Bound::Included);
        self.held.actuals.range((from, Bound::Unbounded)).map(|(period, _)| *period)
    }

    /// Closed periods up to `period` that have a single-period value, oldest first, with `None`
    /// for each one missing in between.
    pub fn series(&self, upto: Period) -> Vec<Option<f64>> {
        let Some(first) = self.held_from_baseline().next() else { return Vec::new() };
        let back = std::iter::successors(Some(upto), |at| Some(at.previous()));
        let mut series: Vec<_> = back
            .take_while(|at| *at >= first)
            .take(PERIODS_BACK_MAX)
            .map(|at| self.value(at))
            .collect();
        series.reverse();
        series
    }

    /// The verdict on a value expected for the period after one.
    fn expected(&self, period: Period, value: f64) -> Option<(Status, f64)> {
        // A sum since the span began is more than the next single period.
        if self.kpi.cumulative.is_some() {
            return None;
        }
        let next = period.next();
        let wanted = self.period_lines(next).ok()?;
        let verdict = self.judge_value(next, value, Some(wanted.lines), wanted.target);
        Some((verdict.status, verdict.score?))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{
        model::{
            calendar::Calendar,
            id::Id,
            kpi_definition::{Kpi, Nature},
            portfolio::Portfolio,
        },
        series::{
            derived::Series,
            history::{Actual, Figure, History, KpiHistory},
        },
    };

    fn day(number: i64) -> Period {
        let first = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        Period::Day(first + TimeDelta::days(number))
    }

    /// A flow of so many days, each as `value` says.
    fn judged(days: i64, value: impl Fn(i64) -> Option<f64>) -> (Limits, ClosedPeriods) {
        let kpi =
            Kpi { frequency: Frequency::Day, ..Kpi::plain(Id::parse("k").unwrap(), Nature::Flow) };
        let calendar = Calendar::plain(chrono_tz::UTC);
        let mut held = KpiHistory::default();
        for number in 0..days {
            let Some(value) = value(number) else { continue };
            let (_, end) = calendar.bounds(day(number));
            let figure = Figure::Value(value);
            let actual = Actual { figure, target: None, observed_at: end, collected_at: end };
            held.record(day(number), actual);
        }
        let (portfolio, history) = (Portfolio::new(Vec::new()).unwrap(), History::default());
        let (kpi, calendar, held) = (&kpi, &calendar, &held);
        let (scorecard, portfolio) = (&kpi.id, &portfolio);
        let series = Series::of(&history, &history);
        let case = KpiContext { scorecard, kpi, calendar, held, portfolio, series, known_at: None };
        let newest = day(days - 1);
        let (_, now) = calendar.bounds(newest);
        (case.limits(newest).unwrap(), ClosedPeriods::of(&case, &case.judge_period(newest), now))
    }

    #[test]
    fn the_first_values_are_the_baseline_however_long_ago_they_were() {
        let usual = |number: i64| if number % 2 == 0 { 9.0 } else { 11.0 };
        let (limits, figures) =
            judged(400, |number| Some(if number < 12 { usual(number) } else { 50.0 }));
        assert_eq!((limits.mean, limits.mean_range, limits.trial), (10.0, 2.0, false));
        assert_eq!(figures.signal, Some(Signal::Outside));
    }

    #[test]
    fn a_baseline_has_gaps_of_which_no_range_is_taken() {
        let steps = |number: i64| match number {
            0..=3 => Some(10.0 + (number % 2) as f64),
            200..=203 => Some(90.0 + (number % 2) as f64),
            _ => None,
        };
        let (limits, _) = judged(204, steps);
        assert_eq!((limits.mean, limits.mean_range, limits.trial), (50.5, 1.0, true));
    }

    #[test]
    fn what_never_changes_is_expected_to_go_on() {
        let (_, figures) = judged(12, |_| Some(99.9));
        assert_eq!(figures.signal, None);
        assert_eq!(figures.forecast.map(|found| found.method), Some(forecast::Method::Mean));
    }
}
