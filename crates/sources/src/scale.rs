//! Figures in another unit than the KPI: cents, seconds.

use crate::outcome::Outcome;
use kpid_rules::series::Figure;

/// By what a value is multiplied, and divided: cents are divided by 100, which is exact where 0.01 is
/// not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    times: f64,
    over: f64,
}

/// Why a text is no scale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a valid scale; write a number such as 100, or a fraction such as 1/100")]
pub struct ScaleError(pub String);

/// A fraction that is written as a decimal number is as near to one as this.
const NEAR: f64 = 1e-9;

impl Scale {
    /// Reads `100`, `0.01` or `1/3600`.
    pub fn parse(text: &str) -> Result<Self, ScaleError> {
        let number = |part: &str| {
            part.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number != 0.0)
        };
        let read = match text.split_once('/') {
            Some((times, over)) => number(times).zip(number(over)),
            None => number(text).map(|times| {
                let over = (1.0 / times).round();
                let is_fraction = times.abs() < 1.0 && (over * times - 1.0).abs() < NEAR;
                if is_fraction { (1.0, over) } else { (times, 1.0) }
            }),
        };
        read.map(|(times, over)| Self { times, over }).ok_or_else(|| ScaleError(text.to_owned()))
    }

    fn of(self, value: f64) -> f64 {
        value * self.times / self.over
    }

    /// The same figures in the KPI's unit. The parts of a ratio are counts, and stay as they are.
    pub(crate) fn applied(self, mut outcome: Outcome) -> Outcome {
        if let Outcome::Samples(samples) = &mut outcome {
            for sample in samples {
                if let Some(Figure::Value(value)) = &mut sample.figure {
                    *value = self.of(*value);
                }
                sample.target = sample.target.map(|target| self.of(target));
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_a_number_or_a_fraction() {
        for (text, value, expected) in [
            ("0.01", 12_345.0, 123.45),
            ("1/100", 12_345.0, 123.45),
            ("1/3600", 5400.0, 1.5),
            ("100", 0.25, 25.0),
            ("-1", 5.0, -5.0),
            ("9/5", 100.0, 180.0),
        ] {
            assert_eq!(Scale::parse(text).unwrap().of(value), expected, "{text}");
        }
        for text in ["", "0", "1/0", "x", "1/", "inf", "1/2/3"] {
            assert!(Scale::parse(text).is_err(), "{text}");
        }
    }
}
