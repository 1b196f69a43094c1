//! What the readings of a period come to so far, so that a further one is added without a look at the
//! others.

use std::{fmt, mem::discriminant};

use chrono::{DateTime, Utc};

use crate::{
    model::kpi_definition::Aggregate,
    series::{
        history::{Figure, Reading, ReadingKind},
        reading,
    },
};

/// How the readings of a period make its actual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combination {
    /// What one reading is.
    pub kind: ReadingKind,
    /// How several make one.
    pub aggregate: Aggregate,
    /// Multiplies numerator / denominator.
    pub scale: f64,
}

/// What readings come to, by one combination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunningTotal {
    /// How many there are.
    pub count: u64,
    /// When the newest was observed.
    pub newest_at: DateTime<Utc>,
    /// The figure of the newest.
    pub newest: Figure,
    /// What the combination adds up: values, numerators, rises; or the smallest, largest or first.
    pub sum: f64,
    /// The denominators, added up or of the first.
    pub denominators: f64,
}

/// Names it where a total is kept, so that one of another combination is known.
impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {}", self.kind, self.aggregate, self.scale)
    }
}

impl Combination {
    /// The actual of readings, in any order.
    pub fn actual(&self, readings: &[Reading]) -> Option<Figure> {
        reading::actual(self.kind, self.aggregate, self.scale, readings)
    }

    /// What readings come to; none where all of them are needed for each further one.
    pub fn total(&self, readings: &[Reading]) -> Option<RunningTotal> {
        let mut ordered: Vec<&Reading> = readings.iter().collect();
        ordered.sort_by_key(|reading| reading.observed_at);
        let (first, others) = ordered.split_first()?;
        others.iter().try_fold(self.begin(first)?, |total, reading| self.add(&total, reading))
    }

    /// With a reading that was observed after all others; none where all of them are needed for that.
    pub fn add(&self, total: &RunningTotal, reading: &Reading) -> Option<RunningTotal> {
        let is_like_the_others = discriminant(&total.newest) == discriminant(&reading.figure);
        if !is_like_the_others || reading.observed_at <= total.newest_at {
            return None;
        }
        let (sum, denominators) = self.parts(Some(total), reading.figure)?;
        let Reading { observed_at: newest_at, figure: newest, .. } = *reading;
        Some(RunningTotal { count: total.count + 1, newest_at, newest, sum, denominators })
    }

    fn begin(&self, first: &Reading) -> Option<RunningTotal> {
        let (sum, denominators) = self.parts(None, first.figure)?;
        let Reading { observed_at: newest_at, figure: newest, .. } = *first;
        Some(RunningTotal { count: 1, newest_at, newest, sum, denominators })
    }

    /// What is added up, with a further figure.
    fn parts(&self, before: Option<&RunningTotal>, figure: Figure) -> Option<(f64, f64)> {
        let (sum, denominators) =
            before.map_or((0.0, 0.0), |total| (total.sum, total.denominators));
        match self.kind {
            ReadingKind::ToDate | ReadingKind::Series => return Some((0.0, 0.0)),
            ReadingKind::Counter => return Some((sum + rise(before, figure)?, 0.0)),
            ReadingKind::Value | ReadingKind::Delta => {}
        }
        let value = figure.value(self.scale);
        let parts = match figure {
            Figure::Value(value) => (value, 0.0),
            Figure::Ratio { numerator, denominator } => (numerator, denominator),
        };
        Some(match self.aggregate {
            Aggregate::Last | Aggregate::Count => (0.0, 0.0),
            Aggregate::First => before.map_or(parts, |_| (sum, denominators)),
            Aggregate::Sum | Aggregate::Ratio => (sum + parts.0, denominators + parts.1),
            Aggregate::Avg => (sum + value?, 0.0),
            Aggregate::Min => (before.map_or(value?, |_| sum).min(value?), 0.0),
            Aggregate::Max => (before.map_or(value?, |_| sum).max(value?), 0.0),
            Aggregate::WeightedAvg => match figure {
                Figure::Value(_) => return None,
                Figure::Ratio { .. } => (sum + parts.0 * parts.1, denominators + parts.1),
            },
            Aggregate::Median | Aggregate::Percentile(_) => return None,
        })
    }

    /// The actual of what readings come to.
    pub fn actual_of(&self, total: &RunningTotal) -> Option<Figure> {
        let RunningTotal { count, newest, sum, denominators, .. } = *total;
        match self.kind {
            ReadingKind::ToDate | ReadingKind::Series => return Some(newest),
            ReadingKind::Counter => return (count > 1).then_some(Figure::Value(sum)),
            ReadingKind::Value | ReadingKind::Delta => {}
        }
        let plain = |value: f64| value.is_finite().then_some(Figure::Value(value));
        let (numerator, denominator) = (sum, denominators);
        match (self.aggregate, newest) {
            (Aggregate::Last, _) | (Aggregate::Ratio, Figure::Value(_)) => Some(newest),
            (Aggregate::First, Figure::Value(_)) => Some(Figure::Value(sum)),
            (Aggregate::First | Aggregate::Sum | Aggregate::Ratio, Figure::Ratio { .. }) => {
                Some(Figure::Ratio { numerator, denominator })
            }
            (Aggregate::Count, _) => Some(Figure::Value(count as f64)),
            (Aggregate::Sum, Figure::Value(_)) | (Aggregate::Min | Aggregate::Max, _) => plain(sum),
            (Aggregate::Avg, _) => plain(sum / count as f64),
            (Aggregate::WeightedAvg, _) => plain(sum / denominators),
            (Aggregate::Median | Aggregate::Percentile(_), _) => None,
        }
    }
}

/// By how much a meter rose since the newest reading; after a reset it counts from 0 again.
fn rise(before: Option<&RunningTotal>, figure: Figure) -> Option<f64> {
    let meter = figure.value(1.0)?;
    let Some(before) = before else { return Some(0.0) };
    let last = before.newest.value(1.0)?;
    Some(if meter >= last { meter - last } else { meter })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const KINDS: [ReadingKind; 5] = [
        ReadingKind::Value,
        ReadingKind::Delta,
        ReadingKind::ToDate,
        ReadingKind::Counter,
        ReadingKind::Series,
    ];

    const AGGREGATES: [Aggregate; 11] = [
        Aggregate::Last,
        Aggregate::First,
        Aggregate::Sum,
        Aggregate::Avg,
        Aggregate::Min,
        Aggregate::Max,
        Aggregate::Count,
        Aggregate::Median,
        Aggregate::Percentile(95.0),
        Aggregate::Ratio,
        Aggregate::WeightedAvg,
    ];

    /// Figures of many shapes: plain, a ratio, one of nothing, both kinds after each other.
    fn figures() -> Vec<Vec<Figure>> {
        let value = |value: f64| Figure::Value(value);
        let ratio = |numerator, denominator| Figure::Ratio { numerator, denominator };
        vec![
            vec![value(3.0)],
            vec![value(3.1), value(-7.3), value(0.1), value(0.2), value(5.0), value(0.0)],
            vec![value(100.0), value(130.0), value(10.0), value(25.0)],
            vec![ratio(9.0, 10.0), ratio(1.0, 3.0), ratio(0.1, 0.7)],
            vec![ratio(9.0, 10.0), ratio(0.0, 0.0), ratio(1.0, 4.0)],
            vec![value(f64::MAX), value(f64::MAX)],
            vec![ratio(1.0, 2.0), value(4.0), ratio(1.0, 2.0)],
        ]
    }

    #[test]
    fn one_by_one_they_come_to_what_all_of_them_come_to() {
        let mut compared = 0;
        for figures in figures() {
            for (kind, aggregate) in KINDS.iter().flat_map(|kind| AGGREGATES.map(|by| (*kind, by)))
            {
                let combination = Combination { kind, aggregate, scale: 100.0 };
                let mut readings: Vec<Reading> = Vec::new();
                let mut total: Option<RunningTotal> = None;
                for (at, figure) in figures.iter().enumerate() {
                    let observed_at = DateTime::UNIX_EPOCH + TimeDelta::hours(at as i64);
                    let reading =
                        Reading { observed_at, collected_at: observed_at, figure: *figure };
                    total = match (at, &total) {
                        (0, _) => combination.total(&[reading]),
                        (_, Some(total)) => combination.add(total, &reading),
                        (_, None) => None,
                    };
                    readings.push(reading);
                    assert_eq!(total, combination.total(&readings), "{combination:?} {readings:?}");
                    let Some(total) = &total else { continue };
                    let (one_by_one, of_all) =
                        (combination.actual_of(total), combination.actual(&readings));
                    assert_eq!(one_by_one, of_all, "{combination:?} {readings:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 800, "{compared}");
    }

    #[test]
    fn what_was_observed_earlier_or_is_of_another_kind_needs_all_of_them() {
        let reading = |hour, figure| {
            let observed_at = DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
            Reading { observed_at, collected_at: observed_at, figure }
        };
        let (kind, aggregate) = (ReadingKind::Delta, Aggregate::Sum);
        let sum = Combination { kind, aggregate, scale: 1.0 };
        let total = sum.total(&[reading(2, Figure::Value(1.0))]).unwrap();
        assert_eq!(sum.add(&total, &reading(1, Figure::Value(1.0))), None);
        assert_eq!(sum.add(&total, &reading(2, Figure::Value(1.0))), None, "the same instant");
        let ratio = Figure::Ratio { numerator: 1.0, denominator: 2.0 };
        assert_eq!(sum.add(&total, &reading(3, ratio)), None);
        let median = Combination { aggregate: Aggregate::Median, ..sum };
        assert_eq!(median.total(&[reading(2, Figure::Value(1.0))]), None);
    }
}
