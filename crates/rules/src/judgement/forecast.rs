//! Where it is heading: plain methods, always with the method, the count and a range.

use serde::Serialize;

use crate::judgement::signal::{self, LIMIT_FACTOR, Limits};

/// With fewer closed periods there is nothing to go by.
const VALUES_MIN: usize = 4;

/// A drift looks no further back.
const DRIFT_VALUES_MAX: usize = 12;

/// Two years of months show a season.
const SEASON_VALUES_MIN: usize = 24;

/// A value expected, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The value expected.
    pub value: f64,
    /// How it was made.
    pub method: Method,
    /// From how many values.
    pub count: usize,
    /// Lower end of the usual range.
    pub lower: f64,
    /// Upper end of the usual range.
    pub upper: f64,
}

/// How a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The mean of a stable process.
    Mean,
    /// The last value plus the average step.
    Drift,
    /// The same period of last year.
    SamePeriodLastYear,
}

/// What the series is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesShape {
    /// Bound to the season of the year; `per_year` values a year.
    Seasonal {
        /// How many values make a year.
        per_year: usize,
    },
    /// Without signals and without a journey to a goal.
    Stable,
    /// Anything else.
    Moving,
}

/// The value `horizon` periods after the last of the closed ones, of which `None` stands for each
/// one without a value; none with fewer than four values, or where no two neighbours give a range.
pub fn forecast(
    closed: &[Option<f64>],
    limits: Option<Limits>,
    horizon: u32,
    shape: SeriesShape,
) -> Option<Forecast> {
    let count = closed.iter().flatten().count();
    if count < VALUES_MIN {
        return None;
    }
    match (shape, limits) {
        (SeriesShape::Seasonal { per_year }, _) if count >= SEASON_VALUES_MIN => {
            let ahead = closed.len() - 1 + horizon as usize;
            let value = (*closed.get(ahead.checked_sub(per_year)?)?)?;
            ranged(value, Method::SamePeriodLastYear, closed)
        }
        (SeriesShape::Stable, Some(limits)) => Some(Forecast {
            value: limits.mean,
            method: Method::Mean,
            count: limits.count,
            lower: limits.lower,
            upper: limits.upper,
        }),
        _ => drift(closed, horizon),
    }
}

/// What the running period's flow comes to, if last year's share up to the same day holds.
pub fn seasonal_pace(to_date: f64, last_year_to_date: f64, last_year_total: f64) -> Option<f64> {
    let total = to_date * last_year_total / last_year_to_date;
    total.is_finite().then_some(total)
}

/// The last value plus the average step of a period, a missing one counted.
fn drift(closed: &[Option<f64>], horizon: u32) -> Option<Forecast> {
    let held: Vec<(usize, f64)> =
        closed.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?))).collect();
    let recent = held.get(held.len().saturating_sub(DRIFT_VALUES_MAX)..)?;
    let ((first_at, first), (last_at, last)) = (*recent.first()?, *recent.last()?);
    let step = (last - first) / (last_at - first_at) as f64;
    let ahead = closed.len() - 1 - last_at + horizon as usize;
    ranged(last + ahead as f64 * step, Method::Drift, closed.get(first_at..)?)
}

fn ranged(value: f64, method: Method, series: &[Option<f64>]) -> Option<Forecast> {
    let reach = LIMIT_FACTOR * signal::mean_range(series)?;
    let count = series.iter().flatten().count();
    Some(Forecast { value, method, count, lower: value - reach, upper: value + reach })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], horizon: u32, shape: SeriesShape) -> Option<Forecast> {
        let series: Vec<_> = values.iter().copied().map(Some).collect();
        forecast(&series, Limits::of(&series, false), horizon, shape)
    }

    #[test]
    fn drift_goes_on_as_it_went() {
        let history = [40.0, 42.0, 41.0, 45.0, 46.0, 48.0];
        let found = of(&history, 2, SeriesShape::Moving).unwrap();
        assert!((found.value - 51.2).abs() < 1e-9);
        assert_eq!((found.method, found.count), (Method::Drift, 6));
        assert!(found.lower < found.value && found.value < found.upper);
    }

    #[test]
    fn three_values_are_no_history() {
        assert_eq!(of(&[1.0, 2.0, 3.0], 1, SeriesShape::Moving), None);
    }

    #[test]
    fn a_season_repeats_last_year() {
        let months: Vec<f64> = (1..=24).map(|n| f64::from((n - 1) % 12 + 1)).collect();
        let found = of(&months, 1, SeriesShape::Seasonal { per_year: 12 }).unwrap();
        assert!((found.value - 1.0).abs() < 1e-9);
        let third = of(&months, 3, SeriesShape::Seasonal { per_year: 12 }).unwrap();
        assert!((third.value - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_missing_month_moves_no_season() {
        let shape = SeriesShape::Seasonal { per_year: 12 };
        let mut months: Vec<Option<f64>> = (0..26).map(|at| Some(f64::from(at % 12))).collect();
        months[20] = None;
        // The third month, as a year before.
        assert!((forecast(&months, None, 1, shape).unwrap().value - 2.0).abs() < 1e-9);
        months[14] = None;
        assert_eq!(forecast(&months, None, 1, shape), None, "last year's is not known");
    }

    #[test]
    fn no_step_and_no_range_is_taken_across_a_gap() {
        let before = [50.0, 52.0, 50.0, 52.0, 50.0, 52.0].map(Some);
        let after = [80.0, 82.0, 80.0, 82.0].map(Some);
        let series = [before.as_slice(), &[None], &after].concat();
        let found = forecast(&series, None, 1, SeriesShape::Moving).unwrap();
        assert!((found.upper - found.value - 2.0 * LIMIT_FACTOR).abs() < 1e-9);
        assert!((found.value - (82.0 + 32.0 / 10.0)).abs() < 1e-9);
        let late = forecast(&[series.as_slice(), &[None]].concat(), None, 1, SeriesShape::Moving);
        assert!((late.unwrap().value - (82.0 + 2.0 * 32.0 / 10.0)).abs() < 1e-9);
        let sparse = [Some(1.0), None, Some(2.0), None, Some(3.0), None, Some(4.0)];
        assert_eq!(forecast(&sparse, None, 1, SeriesShape::Moving), None);
    }

    #[test]
    fn a_stable_process_goes_on_within_its_frozen_limits() {
        let baseline = [9.0, 11.0].repeat(6);
        let found =
            of(&[baseline.as_slice(), &[10.5, 11.0]].concat(), 1, SeriesShape::Stable).unwrap();
        assert_eq!((found.value, found.method, found.count), (10.0, Method::Mean, 12));
        assert!((found.upper - (10.0 + 2.0 * LIMIT_FACTOR)).abs() < 1e-9);
    }

    #[test]
    fn a_pace_needs_last_year() {
        assert_eq!(seasonal_pace(420.0, 350.0, 1000.0), Some(1200.0));
        assert_eq!(seasonal_pace(420.0, 0.0, 1000.0), None);
    }
}
