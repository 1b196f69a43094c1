//! The verdict on a KPI in one period: its value, over the span that it adds up, against its lines.

use crate::{
    judgement::{
        lines::Lines,
        score::{Anchors, Yardstick},
    },
    model::{
        kpi_definition::{Nature, Scoring},
        period::Period,
        status::{Gap, Status},
    },
    series::{
        history::{Actual, Figure},
        kpi_context::KpiContext,
    },
};

/// The verdict on one KPI in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodVerdict {
    /// The period judged.
    pub period: Period,
    /// What was measured, cumulated if the KPI is.
    pub value: Option<f64>,
    /// What was wanted.
    pub target: Option<f64>,
    /// What the value was compared with.
    pub lines: Option<Lines>,
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
    /// Why there is no verdict.
    pub gap: Option<Gap>,
}

#[cfg(test)]
thread_local! {
    /// The verdicts that this thread has made.
    pub(crate) static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl KpiContext<'_> {
    /// The verdict on one period, whatever its state.
    pub fn judge_period(&self, period: Period) -> PeriodVerdict {
        #[cfg(test)]
        MADE.set(MADE.get() + 1);
        let value = match self.value_over_span(period) {
            Ok(value) => value,
            Err(gap) => return self.unjudged(Some(period), Some(gap)),
        };
        if self.kpi.aims.is_empty() && self.scores_without_lines() {
            return self.judge_value(period, value, None, None);
        }
        if self.kpi.aims.is_empty() {
            let verdict = self.unjudged(Some(period), None);
            return PeriodVerdict { value: Some(value), status: Status::NotScored, ..verdict };
        }
        match self.period_lines(period) {
            Ok(wanted) => self.judge_value(period, value, Some(wanted.lines), wanted.target),
            Err(gap) => {
                let status = if gap == Gap::ZeroTarget { Status::Pending } else { Status::NoData };
                let verdict = self.unjudged(Some(period), Some(gap));
                PeriodVerdict { value: Some(value), status, ..verdict }
            }
        }
    }

    /// The verdict on a value of a period against given lines.
    pub fn judge_value(
        &self,
        period: Period,
        value: f64,
        lines: Option<Lines>,
        target: Option<f64>,
    ) -> PeriodVerdict {
        let yardstick = Yardstick {
            scoring: &self.kpi.scoring,
            direction: self.kpi.direction,
            lines: lines.as_ref(),
            target,
            anchors: Anchors::of(self.kpi),
        };
        let judged = yardstick.judge(value);
        let (status, score, gap) = match judged {
            Some((status, score)) => (status, Some(score), None),
            None => (Status::NoData, None, Some(Gap::NoTarget)),
        };
        PeriodVerdict { period, value: Some(value), target, lines, status, score, gap }
    }

    /// The value of a period: its own, or the sum since the span began, with nothing missing.
    pub fn value_over_span(&self, period: Period) -> Result<f64, Gap> {
        let actual = self.believed(period)?;
        let figure = match self.kpi.cumulative {
            None => actual.figure,
            Some(_) => {
                let parts = self.span(period).map(|part| self.believed(part).ok());
                sum(self.kpi.nature, parts)?
            }
        };
        if self.is_thin(figure) {
            return Err(Gap::Sample);
        }
        figure.value(self.kpi.scale).ok_or(Gap::Undefined)
    }

    /// The periods of a sum that have no figure.
    pub fn missing_parts(&self, period: Period) -> Vec<Period> {
        if self.kpi.cumulative.is_none() {
            return Vec::new();
        }
        self.span(period).filter(|part| self.believed(*part).is_err()).collect()
    }

    fn scores_without_lines(&self) -> bool {
        let needs = matches!(self.kpi.scoring, Scoring::Threshold | Scoring::Achievement);
        !needs
    }

    pub(crate) fn unjudged(&self, period: Option<Period>, gap: Option<Gap>) -> PeriodVerdict {
        let nothing_due = gap.is_some_and(Gap::means_nothing_is_due);
        let status = if nothing_due { Status::Pending } else { Status::NoData };
        let wanted = period.and_then(|period| self.period_lines(period).ok());
        PeriodVerdict {
            period: period.unwrap_or(Period::Year(0)),
            value: None,
            target: wanted.as_ref().and_then(|wanted| wanted.target),
            lines: wanted.map(|wanted| wanted.lines),
            status,
            score: None,
            gap,
        }
    }
}

/// The sum of all figures of one kind; none if one is missing or the kinds differ. Percentages do
/// not add up: of a ratio all but a single part must have come as numerator and denominator.
fn sum<'a>(
    nature: Nature,
    mut parts: impl Iterator<Item = Option<&'a Actual>>,
) -> Result<Figure, Gap> {
    let first = parts.next().flatten().ok_or(Gap::MissingInput)?.figure;
    parts.try_fold(first, |sum, part| match (sum, part.ok_or(Gap::MissingInput)?.figure) {
        (Figure::Value(a), Figure::Value(b)) if nature != Nature::Ratio => Ok(Figure::Value(a + b)),
        (
            Figure::Ratio { numerator: a, denominator: n },
            Figure::Ratio { numerator: b, denominator: m },
        ) => Ok(Figure::Ratio { numerator: a + b, denominator: n + m }),
        _ if nature == Nature::Ratio => Err(Gap::NotCombinable),
        _ => Err(Gap::MissingInput),
    })
}
