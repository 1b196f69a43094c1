//! Signal or noise: an XmR chart of single-period values, and whether the process as it is can
//! meet its target at all.

use serde::{Deserialize, Serialize};

use crate::model::{comparison::above, kpi_definition::SignalRules, target::Direction};

/// Natural limits lie this many mean moving ranges from the mean.
pub(crate) const LIMIT_FACTOR: f64 = 2.66;

/// A moving range above this many mean moving ranges is itself exceptional.
const RANGE_FACTOR: f64 = 3.268;

/// Values after which a baseline is frozen until a person starts a new one.
pub(crate) const BASELINE_VALUES: usize = 12;

/// With fewer values there are no limits.
const BASELINE_VALUES_MIN: usize = 6;

/// The natural range of a process.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// The mean of the baseline.
    pub mean: f64,
    /// The mean moving range of the baseline.
    pub mean_range: f64,
    /// Lower natural limit.
    pub lower: f64,
    /// Upper natural limit.
    pub upper: f64,
    /// Of how many values.
    pub count: usize,
    /// From 6 to 11 values the limits are on trial.
    pub trial: bool,
}

/// What the XmR rules found at the newest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Outside the natural limits.
    Outside,
    /// A long run on one side of the mean.
    Run,
    /// A long rise or fall.
    Drift,
    /// Two of three beyond two thirds of a limit.
    NearLimit,
}

/// Which side of the mean a signal is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanSide {
    /// Below the mean.
    Below,
    /// Above the mean.
    Above,
}

/// Whether a process as it is meets its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// Will normally meet it.
    Pass,
    /// Will not meet it unless the process changes.
    Fail,
    /// Will meet it some periods by chance alone.
    HitAndMiss,
}

impl Limits {
    /// The limits of a baseline: `None` stands for a missing period, which no range is taken
    /// across. At most the first 12 values count.
    pub fn of(series: &[Option<f64>], screen_outliers: bool) -> Option<Self> {
        let mut taken = 0;
        let baseline = series.iter().take_while(|value| {
            taken += usize::from(value.is_some());
            taken <= BASELINE_VALUES
        });
        Self::of_all(&baseline.copied().collect::<Vec<_>>(), screen_outliers)
    }

    /// The limits of a whole series, however long.
    pub fn of_all(series: &[Option<f64>], screen_outliers: bool) -> Option<Self> {
        let values: Vec<f64> = series.iter().copied().flatten().collect();
        if values.len() < BASELINE_VALUES_MIN {
            return None;
        }
        let ranges = moving_ranges(series);
        let mut mean_range = average(&ranges)?;
        if screen_outliers {
            let usual: Vec<f64> =
                ranges.iter().copied().filter(|range| *range <= range_limit(mean_range)).collect();
            mean_range = average(&usual).unwrap_or(mean_range);
        }
        let mean = average(&values)?;
        Some(Self {
            mean,
            mean_range,
            lower: mean - LIMIT_FACTOR * mean_range,
            upper: mean + LIMIT_FACTOR * mean_range,
            count: values.len(),
            trial: values.len() < BASELINE_VALUES,
        })
    }

    /// Whether a value lies outside the natural limits.
    pub fn is_outside(&self, value: f64) -> bool {
        above(self.lower, value) || above(value, self.upper)
    }

    /// What the newest of a series says, and on which side.
    pub fn signal(&self, rules: SignalRules, series: &[f64]) -> Option<(Signal, MeanSide)> {
        let newest = *series.last()?;
        let side = if newest > self.mean { MeanSide::Above } else { MeanSide::Below };
        let found = match rules {
            _ if self.is_outside(newest) => Some(Signal::Outside),
            SignalRules::Two => self.run(series, 8).then_some(Signal::Run),
            SignalRules::Nhs if self.run(series, 7) => Some(Signal::Run),
            SignalRules::Nhs if drift(series, 7) => Some(Signal::Drift),
            SignalRules::Nhs => self.near_limit(series).then_some(Signal::NearLimit),
        };
        found.map(|signal| (signal, side))
    }

    /// Whether the process as it is meets a target.
    pub fn assurance(&self, direction: Direction, target: f64) -> Assurance {
        let (safe, hopeless) = match direction {
            Direction::Higher => (above(self.lower, target), above(target, self.upper)),
            Direction::Lower => (above(target, self.upper), above(self.lower, target)),
        };
        match (safe, hopeless) {
            (true, _) => Assurance::Pass,
            (_, true) => Assurance::Fail,
            _ => Assurance::HitAndMiss,
        }
    }

    /// So many values in a row on one side; a value on the mean breaks the run.
    fn run(&self, series: &[f64], length: usize) -> bool {
        last(series, length).is_some_and(|run| {
            run.iter().all(|value| above(*value, self.mean))
                || run.iter().all(|value| above(self.mean, *value))
        })
    }

    /// Two of the last three beyond two thirds of the way to one limit, the newest among them.
    fn near_limit(&self, series: &[f64]) -> bool {
        let reach = 2.0 / 3.0 * LIMIT_FACTOR * self.mean_range;
        let near = |sign: f64| {
            let beyond = |value: &f64| above(sign * value, sign * self.mean + reach);
            last(series, 3).is_some_and(|three| {
                three.iter().filter(|value| beyond(value)).count() >= 2
                    && three.last().is_some_and(beyond)
            })
        };
        near(1.0) || near(-1.0)
    }
}

/// The mean range between neighbours, of which none is taken across a gap.
pub(crate) fn mean_range(series: &[Option<f64>]) -> Option<f64> {
    average(&moving_ranges(series))
}

fn moving_ranges(series: &[Option<f64>]) -> Vec<f64> {
    let between = |pair: &[Option<f64>]| Some((pair[1]? - pair[0]?).abs());
    series.windows(2).filter_map(between).collect()
}

/// The largest range between two neighbours that is still usual, by their mean range.
pub fn range_limit(mean_range: f64) -> f64 {
    RANGE_FACTOR * mean_range
}

/// So many values in a row, each above, or each below, the one before.
fn drift(series: &[f64], length: usize) -> bool {
    last(series, length).is_some_and(|run| {
        run.windows(2).all(|pair| above(pair[1], pair[0]))
            || run.windows(2).all(|pair| above(pair[0], pair[1]))
    })
}

fn last(series: &[f64], count: usize) -> Option<&[f64]> {
    series.len().checked_sub(count).and_then(|from| series.get(from..))
}

fn average(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASELINE: [f64; 12] =
        [52.0, 47.0, 50.0, 55.0, 49.0, 51.0, 46.0, 53.0, 50.0, 48.0, 54.0, 45.0];

    fn limits() -> Limits {
        Limits::of(&BASELINE.map(Some), false).unwrap()
    }

    fn after(new: &[f64]) -> Option<Signal> {
        let series = [BASELINE.as_slice(), new].concat();
        limits().signal(SignalRules::Two, &series).map(|(signal, _)| signal)
    }

    #[test]
    fn one_low_value_is_noise_one_outside_is_a_signal() {
        assert_eq!(after(&[42.0]), None);
        assert_eq!(after(&[35.0]), Some(Signal::Outside));
    }

    #[test]
    fn eight_on_one_side_are_a_signal_and_one_on_the_mean_breaks_the_run() {
        assert_eq!(after(&[51.0; 8]), Some(Signal::Run));
        assert_eq!(after(&[51.0, 51.0, 51.0, 50.0, 51.0, 51.0, 51.0, 51.0]), None);
    }

    #[test]
    fn what_never_changes_is_no_signal_and_meets_its_target_or_not_by_chance() {
        for (value, count) in [(99.9, 12), (0.1, 6), (7.3, 8), (95.6, 12), (2.7, 6)] {
            let series = vec![value; count];
            let held: Vec<_> = series.iter().copied().map(Some).collect();
            let limits = Limits::of(&held, false).unwrap();
            for rules in [SignalRules::Two, SignalRules::Nhs] {
                assert_eq!(limits.signal(rules, &series), None, "{count} times {value}");
            }
            for direction in [Direction::Higher, Direction::Lower] {
                assert_eq!(limits.assurance(direction, value), Assurance::HitAndMiss, "{value}");
            }
        }
    }

    #[test]
    fn too_few_values_have_no_limits_and_gaps_have_no_range() {
        assert_eq!(Limits::of(&[Some(1.0); 5], false), None);
        let gapped = [Some(1.0), Some(2.0), Some(1.0), None, Some(9.0), Some(8.0), Some(9.0)];
        assert!((Limits::of(&gapped, false).unwrap().mean_range - 1.0).abs() < 1e-9);
    }
}
