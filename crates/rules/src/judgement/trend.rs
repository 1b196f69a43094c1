//! The arrow: the last two closed periods compared.

use serde::{Deserialize, Serialize};

use crate::model::{
    comparison::above,
    target::{Amount, Band, Direction},
};

/// The two-point comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Better than the period before by more than the dead band.
    Improving,
    /// Within the dead band.
    Steady,
    /// Worse by more than the dead band.
    Worsening,
}

/// Whether a value is better or worse than the one before, beyond a dead band; a percentage of the
/// dead band is of the size of the value before.
pub fn trend(previous: f64, current: f64, direction: Direction, dead_band: Amount) -> Trend {
    word(direction.sign() * (current - previous), dead_band, previous)
}

/// The same for a band: better is nearer to its middle.
pub fn trend_in_band(previous: f64, current: f64, band: Band, dead_band: Amount) -> Trend {
    let distance = |value: f64| (value - (band.low + band.high) / 2.0).abs();
    word(distance(previous) - distance(current), dead_band, previous)
}

fn word(moved: f64, dead_band: Amount, previous: f64) -> Trend {
    let band = match dead_band {
        Amount::Absolute(band) => band,
        Amount::Percent(percent) => percent / 100.0 * previous.abs(),
    };
    if above(moved, band) {
        Trend::Improving
    } else if above(-band, moved) {
        Trend::Worsening
    } else {
        Trend::Steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_moves_beyond_the_dead_band_count() {
        let two = Amount::Percent(2.0);
        assert_eq!(trend(71.0, 75.0, Direction::Higher, two), Trend::Improving);
        assert_eq!(trend(100.0, 102.0, Direction::Higher, two), Trend::Steady);
        assert_eq!(trend(6.0, 6.5, Direction::Lower, two), Trend::Worsening);
        for (before, now) in [(35.0, 35.7), (15.0, 15.3), (70.0, 71.4)] {
            assert_eq!(trend(before, now, Direction::Higher, two), Trend::Steady, "{before}");
            assert_eq!(trend(before, now, Direction::Lower, two), Trend::Steady, "{before}");
        }
    }

    #[test]
    fn in_a_band_the_middle_is_best() {
        let band = Band { low: 35.0, high: 45.0, red_low: 28.0, red_high: 55.0 };
        let two = Amount::Percent(2.0);
        assert_eq!(trend_in_band(47.0, 49.0, band, two), Trend::Worsening);
        assert_eq!(trend_in_band(30.0, 34.0, band, two), Trend::Improving);
        assert_eq!(trend_in_band(38.0, 42.0, band, two), Trend::Steady);
    }
}
