//! The arrow: the last two closed periods compared.

use super::{Amount, Direction, Trend};

/// Whether a value is better or worse than the one before, beyond a dead band; a percentage of the
/// dead band is of the size of the value before.
pub fn trend(previous: f64, current: f64, direction: Direction, dead_band: Amount) -> Trend {
    let band = match dead_band {
        Amount::Absolute(band) => band,
        Amount::Percent(percent) => percent / 100.0 * previous.abs(),
    };
    let moved = direction.sign() * (current - previous);
    if moved > band {
        Trend::Improving
    } else if moved < -band {
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
    }
}
