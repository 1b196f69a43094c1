//! Values on pixels.

/// A picture's numbers are written with so many digits, so that it stays small.
const PIXEL_DIGITS: f64 = 10.0;

/// A range of values along a range of pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// All of these values between two pixels, with a little room beyond them; none if there is none.
    pub(crate) fn around(
        values: impl IntoIterator<Item = f64>,
        from: f64,
        to: f64,
    ) -> Option<Self> {
        let values = values.into_iter().filter(|value| value.is_finite());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return None;
        }
        let room = match high - low {
            span if span > 0.0 && span.is_finite() => span * 0.08,
            _ => (high.abs() * 0.1).max(1.0),
        };
        Some(Self { low: low - room, high: high + room, from, to })
    }

    /// The same, beginning or ending with zero where no value lies beyond it.
    pub(crate) fn from_zero(
        values: impl IntoIterator<Item = f64>,
        from: f64,
        to: f64,
    ) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        if values.is_empty() {
            return None;
        }
        let scale = Self::around(values.iter().copied().chain([0.0]), from, to)?;
        let low = if values.iter().all(|value| *value >= 0.0) { 0.0 } else { scale.low };
        let high = if values.iter().all(|value| *value <= 0.0) { 0.0 } else { scale.high };
        // All zero: the bar has no length, whatever the span.
        let high = if low < high { high } else { low + 1.0 };
        Some(Self { low, high, ..scale })
    }

    /// Where a value is; what lies beyond the range is at its edge.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let share = if share.is_finite() { share } else { 0.0 };
        pixel(self.from + share * (self.to - self.from))
    }

    /// The lowest and the highest value that have a place.
    pub(crate) fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Round values within the range, about so many.
    pub(crate) fn ticks(&self, count: usize) -> Vec<f64> {
        let wanted = (self.high - self.low) / count.max(1) as f64;
        let power = 10_f64.powf(wanted.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * power).into_iter();
        let Some(step) = step.into_iter().find(|step| *step >= wanted) else { return Vec::new() };
        let first = (self.low / step).ceil();
        let tick = |at: usize| (first + at as f64) * step;
        (0..=2 * count).map(tick).take_while(|tick| *tick <= self.high).collect()
    }
}

/// A place, as short as it may be written.
pub(crate) fn pixel(place: f64) -> f64 {
    (place * PIXEL_DIGITS).round() / PIXEL_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_room_around_them() {
        let scale = Scale::around([10.0, 20.0], 0.0, 100.0).unwrap();
        assert_eq!((scale.at(15.0), scale.at(-1e300), scale.at(1e300)), (50.0, 0.0, 100.0));
        assert!(scale.at(10.0) > 5.0 && scale.at(20.0) < 95.0);
        assert!(Scale::around([], 0.0, 1.0).is_none());
        assert!(Scale::around([f64::NAN, f64::INFINITY], 0.0, 1.0).is_none());
        assert_eq!(Scale::around([7.0], 0.0, 100.0).unwrap().at(7.0), 50.0);
    }

    #[test]
    fn ticks_are_round_and_within() {
        let ticks = |low, high| Scale { low, high, from: 0.0, to: 1.0 }.ticks(4);
        assert_eq!(ticks(88.0, 99.0), [90.0, 95.0]);
        assert_eq!(ticks(0.0, 1.0), [0.0, 0.5, 1.0]);
        assert_eq!(ticks(-30.0, 30.0), [-20.0, 0.0, 20.0]);
        assert_eq!(ticks(0.0, 4_000_000.0), [0.0, 1e6, 2e6, 3e6, 4e6]);
    }

    #[test]
    fn a_bar_begins_at_zero() {
        let scale = Scale::from_zero([95.0, 98.0], 0.0, 100.0).unwrap();
        assert_eq!(scale.at(0.0), 0.0);
        let scale = Scale::from_zero([-5.0], 0.0, 100.0).unwrap();
        assert_eq!(scale.at(0.0), 100.0);
        assert_eq!(Scale::from_zero([0.0], 0.0, 100.0).unwrap().at(0.0), 0.0);
    }
}
