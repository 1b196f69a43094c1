//! The target of one period: from what is wanted in general to the value wanted in it.

use chrono::NaiveDate;

use crate::{
    model::{
        kpi_definition::Nature,
        period::Period,
        status::Gap,
        target::{Aim, Amount, Direction, Reference, Target, TrajectoryShape},
    },
    series::kpi_context::KpiContext,
};

/// A target's value, and the size that a percentage of tolerance is of.
pub(crate) struct Wanted {
    pub(crate) value: f64,
    pub(crate) size: f64,
}

impl KpiContext<'_> {
    /// The aim that holds in a period: the last whose `from` is not later.
    pub fn aim(&self, period: Period) -> Option<&Aim> {
        let holds = |aim: &&Aim| aim.from.is_none_or(|from| from <= period);
        self.kpi.aims.iter().rev().find(holds)
    }

    /// The target of the period, or the sum of the targets since the span began. Of a ratio 95 %
    /// is wanted of a year as of a month.
    pub(crate) fn target_over_span(&self, aim: &Aim, period: Period) -> Result<Wanted, Gap> {
        if self.kpi.cumulative.is_none() || self.kpi.nature == Nature::Ratio {
            return self.single(aim, period);
        }
        let mut sum = 0.0;
        for part in self.span(period) {
            let aim = self.aim(part).ok_or(Gap::NoTarget)?;
            sum += self.single(aim, part)?.value;
        }
        Ok(Wanted { value: sum, size: sum.abs() })
    }

    /// The target of the period alone, also where the KPI is judged on a sum.
    pub fn single_target(&self, period: Period) -> Option<f64> {
        Some(self.single(self.aim(period)?, period).ok()?.value)
    }

    /// The target that came with the period's actual, else the configured one.
    fn single(&self, aim: &Aim, period: Period) -> Result<Wanted, Gap> {
        match self.actual(period).and_then(|actual| actual.target) {
            Some(value) => Ok(Wanted { value, size: value.abs() }),
            None => self.target(aim, period),
        }
    }

    fn target(&self, aim: &Aim, period: Period) -> Result<Wanted, Gap> {
        let plain = |value: f64| Wanted { value, size: value.abs() };
        match aim.target.as_ref().ok_or(Gap::NoTarget)? {
            Target::Fixed(value) => Ok(plain(*value)),
            Target::Phased(values) => values.get(&period).copied().map(plain).ok_or(Gap::NoTarget),
            Target::Annual { total, weights } => {
                self.annual(*total, weights, period).map(plain).ok_or(Gap::NoTarget)
            }
            Target::Trajectory { points, shape } => {
                let value = trajectory(points, *shape, self.calendar.last_day(period));
                let (first, last) = (points.first(), points.last());
                let change = first.zip(last).map(|(first, last)| (last.1 - first.1).abs());
                value.zip(change).map(|(value, size)| Wanted { value, size }).ok_or(Gap::NoTarget)
            }
            Target::Relative { to, improve } => {
                let reference = self.reference(to, period).ok_or(Gap::NoTarget)?;
                Ok(plain(improved(reference, *improve, self.kpi.direction)))
            }
            Target::Rolling { periods, min } => {
                self.rolling(*periods, *min, period).map(plain).ok_or(Gap::NoTarget)
            }
            Target::Band(_) | Target::Milestone { .. } => Err(Gap::NoTarget),
        }
    }

    fn annual(&self, total: f64, weights: &[f64], period: Period) -> Option<f64> {
        let (_, month_no) = self.calendar.fiscal_month(self.calendar.first_day(period));
        let at = match period {
            Period::Month(..) => month_no - 1,
            Period::Quarter(_, quarter) => quarter - 1,
            Period::Half(_, half) => half - 1,
            Period::Year(_) => 0,
            Period::Day(_) | Period::Week(..) => return None,
        };
        let weight = weights.get(at as usize)?;
        Some(total * weight / weights.iter().sum::<f64>())
    }

    fn reference(&self, to: &Reference, period: Period) -> Option<f64> {
        match to {
            Reference::PreviousPeriod => self.value(period.previous()),
            Reference::SamePeriodLastYear => self.value(period.last_year()),
            Reference::Baseline(value) => Some(*value),
            Reference::Kpi(kpi) => self.elsewhere(kpi)?.value(period),
        }
    }

    /// The mean of the values held for the periods before this one, with at least `min` of them.
    fn rolling(&self, periods: u32, min: u32, period: Period) -> Option<f64> {
        let before = std::iter::successors(Some(period.previous()), |at| Some(at.previous()));
        let values: Vec<f64> =
            before.take(periods as usize).filter_map(|at| self.value(at)).collect();
        let enough = !values.is_empty() && values.len() >= min as usize;
        enough.then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// A reference made better by an amount; a percentage is of the reference's size.
pub fn improved(reference: f64, improve: Amount, direction: Direction) -> f64 {
    let amount = match improve {
        Amount::Absolute(amount) => amount,
        Amount::Percent(percent) => percent / 100.0 * reference.abs(),
    };
    reference + direction.sign() * amount
}

/// The value a journey should have reached by a day: flat before its first and after its last point.
pub fn trajectory(
    points: &[(NaiveDate, f64)],
    shape: TrajectoryShape,
    day: NaiveDate,
) -> Option<f64> {
    let first = points.first()?;
    let reached = points.iter().take_while(|(date, _)| *date <= day).count();
    let Some(at) = reached.checked_sub(1) else { return Some(first.1) };
    let (date, value) = *points.get(at)?;
    match (shape, points.get(reached)) {
        (TrajectoryShape::Step, _) | (_, None) => Some(value),
        (TrajectoryShape::Linear, Some((next_date, next_value))) => {
            let share = (day - date).num_days() as f64 / (*next_date - date).num_days() as f64;
            Some(value + (next_value - value) * share)
        }
    }
}
