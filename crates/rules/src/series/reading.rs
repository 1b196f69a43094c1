//! From the readings of one period to its actual.

use crate::{
    model::kpi_definition::{Aggregate, Nature},
    series::history::{Figure, Reading, ReadingKind},
};

/// What a KPI of that nature makes of several readings when its author does not say. Parts add up,
/// of a ratio on both sides; of samples of the whole the newest counts.
pub fn usual_aggregate(nature: Nature, kind: ReadingKind) -> Aggregate {
    match (kind, nature) {
        (ReadingKind::Delta, Nature::Ratio) => Aggregate::Ratio,
        (ReadingKind::Delta, _) => Aggregate::Sum,
        _ => Aggregate::Last,
    }
}

/// What the figures of several units make when the author of their common KPI does not say.
pub fn usual_over_units(nature: Nature) -> Aggregate {
    match nature {
        Nature::Flow | Nature::Level => Aggregate::Sum,
        Nature::Ratio => Aggregate::Ratio,
        // Done when all of them have done it.
        Nature::Event => Aggregate::Min,
    }
}

/// Whether the actual of a period is made of several readings: a value of which the newest counts
/// needs none but that.
pub fn is_combined(kind: ReadingKind, aggregate: Aggregate) -> bool {
    !matches!((kind, aggregate), (ReadingKind::Series, _) | (ReadingKind::Value, Aggregate::Last))
}

/// The figure of a period's readings; none of no readings, except that a count of nothing is 0.
/// The order of the readings does not matter.
pub fn actual(
    kind: ReadingKind,
    aggregate: Aggregate,
    scale: f64,
    readings: &[Reading],
) -> Option<Figure> {
    let mut ordered: Vec<&Reading> = readings.iter().collect();
    ordered.sort_by_key(|reading| (reading.observed_at, reading.collected_at));
    match kind {
        ReadingKind::Counter => counter(&ordered),
        ReadingKind::ToDate | ReadingKind::Series => ordered.last().map(|reading| reading.figure),
        ReadingKind::Value | ReadingKind::Delta => of_figures(
            aggregate,
            scale,
            &ordered.iter().map(|reading| reading.figure).collect::<Vec<_>>(),
        ),
    }
}

/// The sum of what a meter rose by; after a reset it counts from 0 again.
fn counter(ordered: &[&Reading]) -> Option<Figure> {
    let values: Vec<f64> =
        ordered.iter().map(|reading| reading.figure.value(1.0)).collect::<Option<_>>()?;
    let rises =
        values.windows(2).map(|pair| if pair[1] >= pair[0] { pair[1] - pair[0] } else { pair[1] });
    (values.len() > 1).then(|| Figure::Value(rises.sum()))
}

/// Figures in the order they were observed, made one.
pub fn of_figures(aggregate: Aggregate, scale: f64, figures: &[Figure]) -> Option<Figure> {
    let values = || figures.iter().map(|figure| figure.value(scale)).collect::<Option<Vec<f64>>>();
    let plain = |value: f64| value.is_finite().then_some(Figure::Value(value));
    match aggregate {
        Aggregate::Last => figures.last().copied(),
        Aggregate::First => figures.first().copied(),
        Aggregate::Count => Some(Figure::Value(figures.len() as f64)),
        _ if figures.is_empty() => None,
        // Plain values of a ratio do not add up: the newest counts.
        Aggregate::Ratio => ratio(figures).or_else(|| figures.last().copied()),
        Aggregate::Sum => ratio(figures).or_else(|| plain(values()?.iter().sum())),
        Aggregate::Avg => plain(values()?.iter().sum::<f64>() / figures.len() as f64),
        Aggregate::Min => plain(values()?.into_iter().fold(f64::INFINITY, f64::min)),
        Aggregate::Max => plain(values()?.into_iter().fold(f64::NEG_INFINITY, f64::max)),
        Aggregate::Median => plain(percentile(values()?, 50.0)?),
        Aggregate::Percentile(p) => plain(percentile(values()?, p)?),
        Aggregate::WeightedAvg => weighted(figures),
    }
}

/// Numerators and denominators added up, never the mean of ratios; none if one has no parts.
pub(crate) fn ratio(figures: &[Figure]) -> Option<Figure> {
    figures.iter().try_fold(
        Figure::Ratio { numerator: 0.0, denominator: 0.0 },
        |sum, figure| match (sum, *figure) {
            (
                Figure::Ratio { numerator: a, denominator: n },
                Figure::Ratio { numerator: b, denominator: m },
            ) => Some(Figure::Ratio { numerator: a + b, denominator: n + m }),
            _ => None,
        },
    )
}

/// The mean of the numerators, each weighted by its denominator.
fn weighted(figures: &[Figure]) -> Option<Figure> {
    let pairs = figures.iter().map(|figure| match figure {
        Figure::Ratio { numerator, denominator } => Some((*numerator, *denominator)),
        Figure::Value(_) => None,
    });
    let pairs: Vec<(f64, f64)> = pairs.collect::<Option<_>>()?;
    let weight: f64 = pairs.iter().map(|(_, weight)| weight).sum();
    let mean = pairs.iter().map(|(value, weight)| value * weight).sum::<f64>() / weight;
    mean.is_finite().then_some(Figure::Value(mean))
}

/// The p-th percentile, linear between the two neighbours of its rank.
fn percentile(mut values: Vec<f64>, p: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (values.len().checked_sub(1)?) as f64 * p / 100.0;
    let (low, share) = (rank.floor(), rank.fract());
    let at = low as usize;
    let next = values.get(at + 1).or(values.get(at))?;
    Some(values.get(at)? + share * (next - values.get(at)?))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn readings(values: &[f64]) -> Vec<Reading> {
        let start = DateTime::UNIX_EPOCH;
        let each = values.iter().enumerate().map(|(at, value)| Reading {
            observed_at: start + TimeDelta::hours(at as i64),
            collected_at: start,
            figure: Figure::Value(*value),
        });
        each.collect()
    }

    #[test]
    fn a_meter_that_was_reset_counts_on() {
        let found =
            actual(ReadingKind::Counter, Aggregate::Last, 1.0, &readings(&[100., 130., 10., 25.]));
        assert_eq!(found, Some(Figure::Value(55.0)));
        assert_eq!(actual(ReadingKind::Counter, Aggregate::Last, 1.0, &readings(&[5.0])), None);
    }

    #[test]
    fn parts_of_a_ratio_add_up_on_both_sides() {
        let mut parts = readings(&[0.0, 0.0]);
        parts[0].figure = Figure::Ratio { numerator: 9.0, denominator: 10.0 };
        parts[1].figure = Figure::Ratio { numerator: 1.0, denominator: 10.0 };
        let usual = usual_aggregate(Nature::Ratio, ReadingKind::Delta);
        let found = actual(ReadingKind::Delta, usual, 100.0, &parts);
        assert_eq!(found, Some(Figure::Ratio { numerator: 10.0, denominator: 20.0 }));
    }

    #[test]
    fn what_is_cumulative_already_is_never_added_up() {
        let found =
            actual(ReadingKind::ToDate, Aggregate::Sum, 1.0, &readings(&[10.0, 25.0, 40.0]));
        assert_eq!(found, Some(Figure::Value(40.0)));
    }

    #[test]
    fn no_readings_make_no_actual() {
        for aggregate in [Aggregate::Sum, Aggregate::Avg, Aggregate::Last, Aggregate::Median] {
            assert_eq!(of_figures(aggregate, 1.0, &[]), None, "{aggregate:?}");
        }
        assert_eq!(of_figures(Aggregate::Count, 1.0, &[]), Some(Figure::Value(0.0)));
    }

    #[test]
    fn the_order_of_collection_does_not_matter() {
        let mut shuffled = readings(&[1.0, 2.0, 3.0]);
        shuffled.swap(0, 2);
        let found = actual(ReadingKind::Value, Aggregate::Last, 1.0, &shuffled);
        assert_eq!(found, Some(Figure::Value(3.0)));
    }
}
