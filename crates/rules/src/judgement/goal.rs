//! From what is wanted in general to what is wanted in one period: targets resolved to lines.

use chrono::NaiveDate;

use crate::series::kpi_context::KpiContext;
use crate::{
    judgement::lines::Lines,
    model::{
        kpi_definition::{Nature, Span},
        period::{Frequency, Period},
        status::Gap,
        target::{Aim, Amount, Direction, Reference, Target, Tolerance, TrajectoryShape},
    },
    series::history::{Actual, Figure},
};

/// What is wanted in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// The value wanted; a band or an explicit table has none.
    pub target: Option<f64>,
    /// What the value is compared with.
    pub lines: Lines,
}

/// A target's value, and the size that a percentage of tolerance is of.
struct Wanted {
    value: f64,
    size: f64,
}

impl<'a> KpiContext<'a> {
    /// The revision of a period that counts.
    pub fn actual(&self, period: Period) -> Option<&'a Actual> {
        let revisions = self.held.actuals.get(&period)?;
        let is_known = |actual: &&Actual| self.known_at.is_none_or(|at| actual.collected_at <= at);
        revisions.iter().rev().find(is_known)
    }

    /// The single-period value of a period, if one is held that may be used.
    pub fn value(&self, period: Period) -> Option<f64> {
        let actual = self.believed(period).ok()?;
        if self.is_thin(actual.figure) { None } else { self.value_of(actual) }
    }

    /// What is held for a period, unless it is not believable and waits for a person.
    pub fn believed(&self, period: Period) -> Result<&'a Actual, Gap> {
        let actual = self.actual(period).ok_or(Gap::Overdue)?;
        if self.is_believable(actual) { Ok(actual) } else { Err(Gap::Quarantined) }
    }

    /// Whether a figure lies within what its author holds possible for one period.
    pub(crate) fn is_believable(&self, actual: &Actual) -> bool {
        let within = |((low, high), value)| (low..=high).contains(&value);
        self.kpi.sanity.zip(self.value_of(actual)).is_none_or(within)
    }

    /// Whether a ratio is of too few to say anything.
    pub(crate) fn is_thin(&self, figure: Figure) -> bool {
        matches!(figure, Figure::Ratio { denominator, .. } if denominator < self.kpi.min_n)
    }

    /// An actual as one number.
    pub fn value_of(&self, actual: &Actual) -> Option<f64> {
        actual.figure.value(self.kpi.scale)
    }

    /// What is wanted in a period, or why nothing is.
    pub fn goal(&self, period: Period) -> Result<Goal, Gap> {
        let aim = self.aim(period).ok_or(Gap::NoTarget)?;
        let direction = self.kpi.direction;
        if let Tolerance::Steps(steps) = &aim.tolerance {
            let target = self.shown_target(aim, period)?;
            return Ok(Goal { target, lines: Lines::Steps { direction, steps: steps.clone() } });
        }
        match &aim.target {
            Some(Target::Band(band)) => Ok(Goal { target: None, lines: Lines::Band(*band) }),
            Some(Target::Milestone { .. }) => Ok(Goal { target: None, lines: Lines::Binary }),
            _ => self.one_sided(aim, period),
        }
    }

    /// The aim that holds in a period: the last whose `from` is not later.
    pub fn aim(&self, period: Period) -> Option<&Aim> {
        let holds = |aim: &&Aim| aim.from.is_none_or(|from| from <= period);
        self.kpi.aims.iter().rev().find(holds)
    }

    /// The periods a value of this period is the sum of: itself alone, unless cumulative. Those
    /// before it that its author excluded are no part of the sum.
    pub fn span(&self, period: Period) -> impl Iterator<Item = Period> + use<'a> {
        let case = *self;
        let start = match self.kpi.cumulative {
            None => period,
            Some(Span::FiscalYear) => self.calendar.first_within(Frequency::Year, period),
            Some(Span::Quarter) => self.calendar.first_within(Frequency::Quarter, period),
        };
        std::iter::successors(Some(start), |at| Some(at.next()))
            .take_while(move |at| *at <= period)
            .filter(move |at| *at == period || case.is_applicable(*at))
    }

    fn one_sided(&self, aim: &Aim, period: Period) -> Result<Goal, Gap> {
        let direction = self.kpi.direction;
        let (green, red, floor) = match &aim.tolerance {
            Tolerance::Lines { green, red } => {
                let target = self.shown_target(aim, period)?.unwrap_or(*green);
                let lines = Lines::OneSided { direction, green: *green, red: *red };
                return Ok(Goal { target: Some(target), lines });
            }
            Tolerance::Margins { green, red, floor } => (*green, *red, *floor),
            Tolerance::Steps(_) => return Err(Gap::NoTarget),
        };
        let wanted = self.target_over_span(aim, period)?;
        let sign = direction.sign();
        // The floor stands in for the tolerance alone: with it, green begins at a target of 0 itself.
        let green = wanted.value - sign * wanted.distance(green, floor.map(|_| 0.0))?;
        let red = wanted.value - sign * wanted.distance(red, floor)?;
        // A red line inside green would be no line: the two meet.
        let red = if sign * red > sign * green { green } else { red };
        Ok(Goal { target: Some(wanted.value), lines: Lines::OneSided { direction, green, red } })
    }

    /// The target beside absolute lines or a table. They need none; but where one is written that
    /// does not reach this period, nothing is wanted of it.
    fn shown_target(&self, aim: &Aim, period: Period) -> Result<Option<f64>, Gap> {
        let wanted = self.target_over_span(aim, period).map(|wanted| wanted.value);
        match aim.target {
            None | Some(Target::Band(_) | Target::Milestone { .. }) => Ok(wanted.ok()),
            Some(_) => wanted.map(Some),
        }
    }

    /// The target of the period, or the sum of the targets since the span began. Of a ratio 95 %
    /// is wanted of a year as of a month.
    fn target_over_span(&self, aim: &Aim, period: Period) -> Result<Wanted, Gap> {
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

impl Wanted {
    /// A distance from the target; a percentage of nothing is no distance.
    fn distance(&self, amount: Amount, floor: Option<f64>) -> Result<f64, Gap> {
        match amount {
            Amount::Absolute(distance) => Ok(distance),
            Amount::Percent(0.0) => Ok(0.0),
            Amount::Percent(_) if self.size == 0.0 => floor.ok_or(Gap::ZeroTarget),
            Amount::Percent(percent) => Ok(percent / 100.0 * self.size),
        }
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
