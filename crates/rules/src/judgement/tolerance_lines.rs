//! From a tolerance to lines: where green ends and red begins in one period.

use crate::{
    judgement::{lines::Lines, period_target::Wanted},
    model::{
        period::Period,
        status::Gap,
        target::{Aim, Amount, Target, Tolerance},
    },
    series::kpi_context::KpiContext,
};

/// The target of one period with the lines that its tolerance draws around it.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodLines {
    /// The value wanted; a band or an explicit table has none.
    pub target: Option<f64>,
    /// What the value is compared with.
    pub lines: Lines,
}

impl KpiContext<'_> {
    /// What is wanted in a period, or why nothing is.
    pub fn period_lines(&self, period: Period) -> Result<PeriodLines, Gap> {
        let aim = self.aim(period).ok_or(Gap::NoTarget)?;
        let direction = self.kpi.direction;
        if let Tolerance::Steps(steps) = &aim.tolerance {
            let target = self.shown_target(aim, period)?;
            return Ok(PeriodLines {
                target,
                lines: Lines::Steps { direction, steps: steps.clone() },
            });
        }
        match &aim.target {
            Some(Target::Band(band)) => Ok(PeriodLines { target: None, lines: Lines::Band(*band) }),
            Some(Target::Milestone { .. }) => {
                Ok(PeriodLines { target: None, lines: Lines::Binary })
            }
            _ => self.one_sided(aim, period),
        }
    }

    fn one_sided(&self, aim: &Aim, period: Period) -> Result<PeriodLines, Gap> {
        let direction = self.kpi.direction;
        let (green, red, floor) = match &aim.tolerance {
            Tolerance::Lines { green, red } => {
                let target = self.shown_target(aim, period)?.unwrap_or(*green);
                let lines = Lines::OneSided { direction, green: *green, red: *red };
                return Ok(PeriodLines { target: Some(target), lines });
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
        Ok(PeriodLines {
            target: Some(wanted.value),
            lines: Lines::OneSided { direction, green, red },
        })
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
