//! Where it is heading: plain methods, always with the method, the count and a range.

use serde::Serialize;

use super::signal::{LIMIT_FACTOR, Limits};

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
    /// From how many closed periods.
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
pub enum Shape {
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

/// The value `horizon` periods after the last of the closed ones; none with fewer than four.
pub fn forecast(closed: &[f64], horizon: u32, shape: Shape) -> Option<Forecast> {
    if closed.len() < VALUES_MIN {
        return None;
    }
    let series: Vec<Option<f64>> = closed.iter().copied().map(Some).collect();
    match shape {
        Shape::Seasonal { per_year } if closed.len() >= SEASON_VALUES_MIN => {
            let ahead = closed.len() - 1 + horizon as usize;
            let value = *closed.get(ahead.checked_sub(per_year)?)?;
            ranged(value, Method::SamePeriodLastYear, closed)
        }
        Shape::Stable => match Limits::of_all(&series, false) {
            Some(limits) => Some(Forecast {
                value: limits.mean,
                method: Method::Mean,
                count: closed.len(),
                lower: limits.lower,
                upper: limits.upper,
            }),
            None => drift(closed, horizon),
        },
        Shape::Seasonal { .. } | Shape::Moving => drift(closed, horizon),
    }
}

/// What the running period's flow comes to, if last year's share up to the same day holds.
pub fn seasonal_pace(to_date: f64, last_year_to_date: f64, last_year_total: f64) -> Option<f64> {
    let total = to_date * last_year_total / last_year_to_date;
    total.is_finite().then_some(total)
}

fn drift(closed: &[f64], horizon: u32) -> Option<Forecast> {
    let recent = closed.get(closed.len().saturating_sub(DRIFT_VALUES_MAX)..)?;
    let (first, last) = (recent.first()?, recent.last()?);
    let step = (last - first) / (recent.len() - 1) as f64;
    ranged(last + f64::from(horizon) * step, Method::Drift, recent)
}

fn ranged(value: f64, method: Method, values: &[f64]) -> Option<Forecast> {
    let ranges: f64 = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    let reach = LIMIT_FACTOR * ranges / (values.len() - 1) as f64;
    let count = values.len();
    Some(Forecast { value, method, count, lower: value - reach, upper: value + reach })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_goes_on_as_it_went() {
        let history = [40.0, 42.0, 41.0, 45.0, 46.0, 48.0];
        let found = forecast(&history, 2, Shape::Moving).unwrap();
        assert!((found.value - 51.2).abs() < 1e-9);
        assert_eq!((found.method, found.count), (Method::Drift, 6));
        assert!(found.lower < found.value && found.value < found.upper);
    }

    #[test]
    fn three_values_are_no_history() {
        assert_eq!(forecast(&[1.0, 2.0, 3.0], 1, Shape::Moving), None);
    }

    #[test]
    fn a_season_repeats_last_year() {
        let months: Vec<f64> = (1..=24).map(|n| f64::from((n - 1) % 12 + 1)).collect();
        let found = forecast(&months, 1, Shape::Seasonal { per_year: 12 }).unwrap();
        assert!((found.value - 1.0).abs() < 1e-9);
        let third = forecast(&months, 3, Shape::Seasonal { per_year: 12 }).unwrap();
        assert!((third.value - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_pace_needs_last_year() {
        assert_eq!(seasonal_pace(420.0, 350.0, 1000.0), Some(1200.0));
        assert_eq!(seasonal_pace(420.0, 0.0, 1000.0), None);
    }
}
