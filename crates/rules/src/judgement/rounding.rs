//! Rounding, once, at the edge: what is shown never tells another story than what is stored.

use crate::model::{status::band, target::Direction};

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

/// How many of these a score is kept in.
const KEPT_OF_ONE: f64 = 1e4;

/// A score as it is kept, in ten-thousandths, so that it reads as before: near an edge the next lower.
pub fn kept(score: f64) -> i64 {
    let nearest = (score * KEPT_OF_ONE).round() as i64;
    let reads_as_before = self::score(from_kept(nearest)) == self::score(score);
    if reads_as_before { nearest } else { nearest - 1 }
}

/// The score that is kept so.
pub fn from_kept(kept: i64) -> f64 {
    kept as f64 / KEPT_OF_ONE
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
    let number = plain(value, digits(value, decimals, lines));
    let number = if usual > 0 || number.contains('.') { trimmed(&number) } else { number };
    match unit {
        Some(unit) => format!("{number} {unit}"),
        None => number,
    }
}

/// The numbers of one verdict as people see them: the value is shown on no line that it is not on, and
/// what is asked for suffices once it is met as shown.
#[derive(Clone, Debug)]
pub struct Readout<'a> {
    decimals: Option<u8>,
    unit: Option<&'a str>,
    value: Option<f64>,
    lines: Vec<f64>,
}

impl<'a> Readout<'a> {
    /// A value, and what it is compared with.
    pub fn new(
        decimals: Option<u8>,
        unit: Option<&'a str>,
        value: Option<f64>,
        lines: impl IntoIterator<Item = Option<f64>>,
    ) -> Self {
        Self { decimals, unit, value, lines: lines.into_iter().flatten().collect() }
    }

    /// The value, or a number that it is compared with.
    pub fn number(&self, number: f64) -> String {
        self::value(number, self.decimals, self.others(number), None)
    }

    /// The same with its unit.
    pub fn amount(&self, number: f64) -> String {
        self::value(number, self.decimals, self.others(number), self.unit)
    }

    /// A difference of two of the numbers, without its sign.
    pub fn difference(&self, difference: f64) -> String {
        let size = difference.abs();
        self::value(size, Some(self.digits_of(size)), &[0.0], None)
    }

    /// What is missing, without its sign: no less than it is.
    pub fn enough(&self, missing: f64) -> String {
        let digits = self.digits_of(missing.abs());
        self::value(outward(missing.abs(), Some(digits)), Some(digits), &[0.0], None)
    }

    /// A line that must be reached: no easier than it is.
    pub fn reachable(&self, line: f64, better: Direction) -> f64 {
        let digits = self.digits_of(line);
        match (better, line < 0.0) {
            (Direction::Higher, false) | (Direction::Lower, true) => outward(line, Some(digits)),
            (Direction::Higher, true) | (Direction::Lower, false) => inward(line, Some(digits)),
        }
    }

    fn others(&self, number: f64) -> &[f64] {
        match &self.value {
            Some(value) if *value == number => &self.lines,
            others => others.as_slice(),
        }
    }

    /// The digits of a number, as many as the value needs to be told from its lines.
    fn digits_of(&self, number: f64) -> u8 {
        let usual = self.decimals.unwrap_or_else(|| usual_decimals(number));
        let value = self.value.map(|value| digits(value, self.decimals, &self.lines));
        usual.max(value.filter(|_| self.needs_more_digits()).unwrap_or_default())
    }

    /// Whether the usual digits of the value would show it on a line that it is not on.
    fn needs_more_digits(&self) -> bool {
        self.value.is_some_and(|value| {
            let usual = self.decimals.unwrap_or_else(|| usual_decimals(value));
            digits(value, self.decimals, &self.lines) > usual
        })
    }
}

/// A part of the whole as whole percent, never more than it is: 99.6 % is not all.
pub fn percent(part: f64) -> String {
    format!("{:.0} %", (part * 100.0 + STEP_SLACK).floor())
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

/// The digits with which a value is shown on no line that it is not on.
fn digits(value: f64, decimals: Option<u8>, lines: &[f64]) -> u8 {
    let usual = decimals.unwrap_or_else(|| usual_decimals(value));
    let misleading = |decimals: u8| {
        let shown = plain(value, decimals);
        lines.iter().any(|line| plain(*line, decimals) == shown && !same(*line, value))
    };
    let decimals = (usual..=DECIMALS_MAX).find(|&decimals| !misleading(decimals));
    decimals.unwrap_or(usual.max(DECIMALS_MAX))
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
    fn a_kept_score_reads_as_it_did() {
        let edges = (0..=2_000).map(|half| f64::from(half) / 20.0);
        let near = [-1e-3, -6e-5, -4e-5, -1e-6, -1e-9, -1e-12, 0.0, 1e-12, 1e-9, 1e-6, 4e-5, 6e-5];
        for score in edges.flat_map(|edge| near.map(|off| edge + off)) {
            let kept = super::from_kept(super::kept(score));
            assert_eq!(super::score(kept), super::score(score), "{score}");
            assert!((kept - score).abs() < 1.1e-4, "{score}");
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

    use super::Readout;
    use crate::model::target::Direction;

    fn readout(value: f64, decimals: Option<u8>, lines: &[f64]) -> Readout<'static> {
        Readout::new(decimals, Some("EUR"), Some(value), lines.iter().copied().map(Some))
    }

    #[test]
    fn what_is_needed_suffices_once_it_is_met_as_shown() {
        for (value, decimals, lines, shown, difference, enough, line) in [
            (11.4, Some(0), [10.0, 11.0], "11.4 EUR", "1.4", "1.4", 10.0),
            (11.44, Some(0), [10.0, 11.0], "11.4 EUR", "1.4", "1.5", 10.0),
            (
                1_187_499.6,
                None,
                [1_250_000.0, 1_187_500.0],
                "1187499.6 EUR",
                "62500.4",
                "62500.4",
                1_250_000.0,
            ),
            (11.6, Some(0), [10.0, 11.0], "12 EUR", "2", "2", 10.0),
            (12.4, Some(0), [10.3, 12.0], "12.4 EUR", "2.1", "2.1", 10.3),
            (99.7999, Some(1), [99.9, 99.8], "99.7999 EUR", "0.1001", "0.1001", 99.9),
        ] {
            let readout = readout(value, decimals, &lines);
            assert_eq!(readout.amount(value), shown);
            assert_eq!(readout.difference(value - lines[0]), difference, "{value}");
            assert_eq!(readout.enough(lines[0] - value), enough, "{value}");
            let better = if value > lines[0] { Direction::Lower } else { Direction::Higher };
            assert!((readout.reachable(lines[0], better) - line).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn a_line_that_must_be_reached_is_shown_no_easier_than_it_is() {
        for (line, decimals, higher, lower) in
            [(60.3, Some(0), 61.0, 60.0), (-2.5, Some(0), -2.0, -3.0), (46.656, None, 46.66, 46.65)]
        {
            let readout = readout(1.0, decimals, &[line]);
            assert!((readout.reachable(line, Direction::Higher) - higher).abs() < 1e-9, "{line}");
            assert!((readout.reachable(line, Direction::Lower) - lower).abs() < 1e-9, "{line}");
        }
    }

    #[test]
    fn a_part_is_never_shown_as_more_than_it_is() {
        for (part, shown) in [(0.8, "80 %"), (0.499, "49 %"), (0.996, "99 %"), (1.0, "100 %")] {
            assert_eq!(super::percent(part), shown);
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
