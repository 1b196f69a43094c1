//! Rounding, once, at the edge: what is shown never tells another story than what is stored.

use crate::model::status::band;

/// More digits than this are noise to a reader.
const DECIMALS_MAX: u8 = 6;

/// Slack of a step: 147 is 147, whatever the bits say.
const STEP_SLACK: f64 = 1e-9;

/// A score to one decimal, half up, never shown in a band it is not in: 69.97 is `69.9`.
pub fn score(score: f64) -> String {
    let rounded = (score * 10.0 + 0.5).floor() / 10.0;
    let shown = if band(rounded) == band(score) { rounded } else { (score * 10.0).floor() / 10.0 };
    format!("{shown:.1}")
}

/// Points of a score to one digit, with their sign; what rounds to 0 has none.
pub fn points(points: f64) -> String {
    let shown = format!("{points:+.1}");
    if matches!(shown.as_str(), "+0.0" | "-0.0") { "0.0".to_owned() } else { shown }
}

/// A value with its unit, to the KPI's decimals; to more where fewer would show it on a line it
/// does not meet. Without decimals, as many as tell it apart, up to four significant digits.
pub fn value(value: f64, decimals: Option<u8>, lines: &[f64], unit: Option<&str>) -> String {
    let usual = decimals.unwrap_or_else(|| usual_decimals(value));
    let misleading = |decimals: u8| {
        let shown = plain(value, decimals);
        lines.iter().any(|line| plain(*line, decimals) == shown && !same(*line, value))
    };
    let decimals = (usual..=DECIMALS_MAX).find(|&decimals| !misleading(decimals));
    let number = plain(value, decimals.unwrap_or(DECIMALS_MAX));
    let number = if usual > 0 || number.contains('.') { trimmed(&number) } else { number };
    match unit {
        Some(unit) => format!("{number} {unit}"),
        None => number,
    }
}

/// The number with the digits that are shown of it, no smaller than it is: what must be reached.
pub fn outward(value: f64, decimals: Option<u8>) -> f64 {
    stepped(value, decimals, |steps| (steps - steps * STEP_SLACK).ceil())
}

/// The number with the digits that are shown of it, no larger than it is: what must be kept to.
pub fn inward(value: f64, decimals: Option<u8>) -> f64 {
    stepped(value, decimals, |steps| (steps + steps * STEP_SLACK).floor())
}

/// A number, its size made whole in steps of its last digit shown.
fn stepped(value: f64, decimals: Option<u8>, whole: fn(f64) -> f64) -> f64 {
    let decimals = decimals.unwrap_or_else(|| usual_decimals(value));
    let scale = 10_f64.powi(i32::from(decimals));
    whole(value.abs() * scale) / scale * value.signum()
}

/// Fewer digits for larger numbers: 1234, 123.4, 12.34.
fn usual_decimals(value: f64) -> u8 {
    match value.abs() {
        large if large >= 1000.0 => 0,
        large if large >= 100.0 => 1,
        _ => 2,
    }
}

fn plain(value: f64, decimals: u8) -> String {
    let text = format!("{value:.*}", usize::from(decimals));
    let is_zero = text.trim_start_matches('-').bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

fn trimmed(number: &str) -> String {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number.to_owned()
    }
}

fn same(a: f64, b: f64) -> bool {
    crate::model::comparison::at_least(a, b) && crate::model::comparison::at_least(b, a)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_score_is_never_shown_in_a_band_it_missed() {
        let cases =
            [(69.97, "69.9"), (39.96, "39.9"), (70.0, "70.0"), (55.94, "55.9"), (55.95, "56.0")];
        for (score, shown) in cases {
            assert_eq!(super::score(score), shown);
        }
    }

    #[test]
    fn nothing_has_no_negative_side() {
        let cases = [(-16.04, "-16.0"), (3.26, "+3.3"), (-0.04, "0.0"), (0.0, "0.0")];
        for (change, shown) in cases {
            assert_eq!(super::points(change), shown);
        }
    }

    #[test]
    fn what_must_be_reached_is_never_shown_smaller() {
        for (exact, decimals, outward, inward) in [
            (30_000.11, None, 30_001.0, 30_000.0),
            (38.701, None, 38.71, 38.7),
            (38.701, Some(0), 39.0, 38.0),
            (-12.341, None, -12.35, -12.34),
            (147.000_000_000_01, None, 147.0, 147.0),
            (0.0, None, 0.0, 0.0),
        ] {
            let found = (super::outward(exact, decimals), super::inward(exact, decimals));
            assert_eq!(found, (outward, inward), "{exact}");
        }
    }

    #[test]
    fn a_value_is_never_shown_on_a_line_it_missed() {
        let cases = [
            (59.91, Some(0), [60.0].as_slice(), "59.9"),
            (60.0, Some(0), &[60.0], "60"),
            (90.1, None, &[92.0, 95.0], "90.1"),
            (99.94, Some(1), &[99.9], "99.94"),
            (2310.4, None, &[], "2310"),
            (-0.001, Some(1), &[], "0"),
        ];
        for (value, decimals, lines, shown) in cases {
            assert_eq!(super::value(value, decimals, lines, None), shown);
        }
    }
}
