//! Numbers as people read them: worded round what the rules' own rounding shows.

use std::cmp::Ordering;

use crate::{
    facts::kpi::{Better, KpiFacts},
    wording::line,
};
use kpid_rules::{
    judgement::rounding::{self, Readout},
    model::Direction,
};

/// Characters of the configuration's hash that people compare.
const HASH_CHARS: usize = 19;

/// The beginning of a configuration's hash.
pub(crate) fn short_hash(config_hash: &str) -> String {
    config_hash.chars().take(HASH_CHARS).collect()
}

/// A score, or that there is none.
pub(crate) fn score_or_none(score: Option<f64>) -> String {
    score.map_or_else(|| "no score".to_owned(), rounding::score)
}

/// The KPI's value or one of its lines, never shown as equal to what it is not equal to.
pub(crate) fn number(kpi: &KpiFacts, number: f64) -> String {
    readout(kpi).number(number)
}

fn readout(kpi: &KpiFacts) -> Readout<'_> {
    let lines = [kpi.target, kpi.green_line, kpi.red_line];
    Readout::new(kpi.decimals, None, kpi.value, lines)
}

/// The same with its unit.
pub(crate) fn amount(kpi: &KpiFacts, value: f64) -> String {
    with_unit(number(kpi, value), kpi.unit.as_deref())
}

/// A number of another period than the one that the KPI reports, with its unit.
pub(crate) fn plain(kpi: &KpiFacts, value: f64) -> String {
    with_unit(rounding::value(value, kpi.decimals, &[], None), kpi.unit.as_deref())
}

/// A difference of two of the KPI's numbers, without its sign; two percentages differ by points.
pub(crate) fn difference(kpi: &KpiFacts, difference: f64) -> String {
    with_unit(readout(kpi).difference(difference), difference_unit(kpi))
}

/// The same of what is missing: that much is enough.
pub(crate) fn enough(kpi: &KpiFacts, missing: f64) -> String {
    with_unit(readout(kpi).enough(missing), difference_unit(kpi))
}

/// A line that must be reached, from the side on which the value is missing something.
pub(crate) fn reachable(kpi: &KpiFacts, line: f64, missing: f64) -> String {
    let better = if missing < 0.0 { Direction::Lower } else { Direction::Higher };
    amount(kpi, readout(kpi).reachable(line, better))
}

fn difference_unit(kpi: &KpiFacts) -> Option<&str> {
    kpi.unit.as_deref().map(|unit| if unit == "%" { "points" } else { unit })
}

/// On which side of its red line a KPI is off track.
pub(crate) fn red_side(kpi: &KpiFacts) -> Option<Direction> {
    let (green, red) = (kpi.green_line?, kpi.red_line?);
    match (red.total_cmp(&green), kpi.direction) {
        (Ordering::Greater, _) | (Ordering::Equal, Better::Lower) => Some(Direction::Higher),
        (Ordering::Less, _) | (Ordering::Equal, Better::Higher) => Some(Direction::Lower),
        (Ordering::Equal, Better::Band | Better::Binary) => None,
    }
}

fn with_unit(number: String, unit: Option<&str>) -> String {
    match unit {
        Some(unit) => format!("{number} {}", line(unit)),
        None => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_value_just_short_of_its_line_is_shown_so_on_both_sides() {
        let kpi = |value, line| KpiFacts {
            value: Some(value),
            target: Some(line),
            green_line: Some(line),
            red_line: Some(line - 10.0),
            decimals: Some(0),
            ..samples::kpis::on_time_delivery()
        };
        let shown = |kpi: &KpiFacts| (amount(kpi, kpi.value.unwrap()), number(kpi, 60.0));
        assert_eq!(shown(&kpi(59.91, 60.0)), ("59.9 %".to_owned(), "60".to_owned()));
        assert_eq!(shown(&kpi(60.0, 60.0)), ("60 %".to_owned(), "60".to_owned()));
    }

    #[test]
    fn two_percentages_differ_by_points() {
        let kpi = samples::kpis::on_time_delivery();
        assert_eq!(difference(&kpi, 90.1 - 95.0), "4.9 points");
        assert_eq!(difference(&kpi, -0.004), "0.004 points");
    }

    #[test]
    fn red_begins_where_the_lines_say() {
        let kpi = |green: f64, red: f64, direction| KpiFacts {
            green_line: Some(green),
            red_line: Some(red),
            direction,
            ..samples::kpis::on_time_delivery()
        };
        for (green, red, direction, side) in [
            (95.0, 92.0, Better::Higher, Some(Direction::Lower)),
            (6.0, 7.5, Better::Lower, Some(Direction::Higher)),
            (45.0, 55.0, Better::Band, Some(Direction::Higher)),
            (35.0, 28.0, Better::Band, Some(Direction::Lower)),
            (0.0, 0.0, Better::Lower, Some(Direction::Higher)),
            (1.0, 1.0, Better::Binary, None),
        ] {
            assert_eq!(red_side(&kpi(green, red, direction)), side, "{green} {red}");
        }
    }
}
