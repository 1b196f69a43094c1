//! Numbers as people read them: rounded once, at the edge, and never across a line.

use std::cmp::Ordering;

use crate::{
    notify::facts::{Better, KpiFacts},
    scorecard::{Direction, Status},
};

/// Digits shown where the author named none and fewer would change the number.
const DIGITS_DEFAULT_MAX: usize = 2;

/// Digits after which two numbers that differ are shown as equal after all.
const DIGITS_MAX: usize = 9;

/// Numbers closer than this share of their size are the same number, as for a verdict.
const SLACK: f64 = 1e-9;

/// A score to one digit; 69.97, at risk, is shown as 69.9.
pub(super) fn score(score: f64) -> String {
    let shown = round(score, 1);
    let crossed = [40.0, 70.0].into_iter().any(|band| score < band && shown >= band);
    format!("{:.1}", if crossed { shown - 0.1 } else { shown })
}

/// A score, or that there is none.
pub(super) fn score_or_none(of: Option<f64>) -> String {
    of.map_or_else(|| "no score".to_owned(), score)
}

/// Points of a score, with their sign.
pub(super) fn points(points: f64) -> String {
    signed(points, 1)
}

/// A number with its sign; what rounds to 0 has none.
pub(super) fn signed(value: f64, digits: usize) -> String {
    let shown = round(value, digits);
    if shown == 0.0 { fixed(0.0, digits) } else { format!("{shown:+.digits$}") }
}

/// A number to so many digits, half up; never `-0`.
pub(super) fn fixed(value: f64, digits: usize) -> String {
    let shown = round(value, digits);
    let shown = if shown == 0.0 { 0.0 } else { shown };
    format!("{shown:.digits$}")
}

/// How many digits the numbers of one KPI are shown with: the author's, or as many as they have;
/// and more where the value would otherwise seem to meet a line that it does not meet.
pub(super) fn digits(kpi: &KpiFacts) -> usize {
    let shown = [kpi.value, kpi.target, kpi.green_line, kpi.red_line];
    let numbers = || shown.iter().copied().flatten();
    let wanted = match kpi.decimals {
        Some(decimals) => usize::from(decimals).min(DIGITS_MAX),
        None => (0..DIGITS_DEFAULT_MAX)
            .find(|&digits| numbers().all(|number| same(round(number, digits), number)))
            .unwrap_or(DIGITS_DEFAULT_MAX),
    };
    let Some(value) = kpi.value else { return wanted };
    let honest = |&digits: &usize| {
        [kpi.green_line, kpi.red_line].into_iter().flatten().all(|line| {
            let shown = compare(round(value, digits), round(line, digits));
            shown == compare(value, line)
        })
    };
    (wanted..DIGITS_MAX).find(honest).unwrap_or(DIGITS_MAX)
}

/// An amount with its unit.
pub(super) fn amount(number: &str, unit: Option<&str>) -> String {
    match unit {
        Some(unit) => format!("{number} {unit}"),
        None => number.to_owned(),
    }
}

/// The unit of a difference: the difference of two percentages is in points.
pub(super) fn difference_unit(unit: Option<&str>) -> Option<&str> {
    unit.map(|unit| if unit == "%" { "points" } else { unit })
}

/// On which side of its red line a KPI is off track.
pub(super) fn red_side(kpi: &KpiFacts) -> Option<Direction> {
    let (green, red) = (kpi.green_line?, kpi.red_line?);
    match (red.total_cmp(&green), kpi.direction) {
        (Ordering::Greater, _) | (Ordering::Equal, Better::Lower) => Some(Direction::Higher),
        (Ordering::Less, _) | (Ordering::Equal, Better::Higher) => Some(Direction::Lower),
        (Ordering::Equal, Better::Band | Better::Binary) => None,
    }
}

/// The colour's name in a template, beside which its word is always printed.
pub(super) fn tone(status: Status) -> &'static str {
    match status {
        Status::OnTrack => "green",
        Status::AtRisk => "amber",
        Status::OffTrack => "red",
        Status::NoData | Status::Pending | Status::NotScored => "grey",
    }
}

fn round(value: f64, digits: usize) -> f64 {
    let factor = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
    let scaled = value * factor;
    (scaled + 0.5 + SLACK * scaled.abs().max(1.0)).floor() / factor
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SLACK * a.abs().max(b.abs()).max(1.0)
}

fn compare(a: f64, b: f64) -> Ordering {
    if same(a, b) { Ordering::Equal } else { a.total_cmp(&b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::mail::cases;

    #[test]
    fn a_score_never_seems_to_reach_a_band_it_did_not_reach() {
        for (exact, shown) in [
            (69.97, "69.9"),
            (39.999_999, "39.9"),
            (70.0, "70.0"),
            (55.933_5, "55.9"),
            (55.95, "56.0"),
            (0.0, "0.0"),
            (100.0, "100.0"),
        ] {
            assert_eq!(score(exact), shown);
        }
    }

    #[test]
    fn points_have_a_sign_unless_they_are_none() {
        for (exact, shown) in [(-16.5, "-16.5"), (2.178, "+2.2"), (-0.04, "0.0"), (0.0, "0.0")] {
            assert_eq!(points(exact), shown);
        }
        assert_eq!(fixed(-0.001, 1), "0.0");
    }

    #[test]
    fn a_value_just_short_of_its_line_is_shown_so() {
        let kpi = |value, line, decimals| KpiFacts {
            value: Some(value),
            target: Some(line),
            green_line: Some(line),
            red_line: Some(line - 10.0),
            decimals,
            ..cases::on_time_delivery()
        };
        let shown = |kpi: &KpiFacts| fixed(kpi.value.unwrap(), digits(kpi));
        assert_eq!(shown(&kpi(59.91, 60.0, Some(0))), "59.9");
        assert_eq!(shown(&kpi(59.999, 60.0, Some(1))), "59.999");
        assert_eq!(shown(&kpi(60.0, 60.0, Some(0))), "60");
        assert_eq!(shown(&kpi(90.1, 95.0, None)), "90.1");
        assert_eq!(shown(&kpi(1.0 / 3.0, 1.0, None)), "0.33");
    }
}
