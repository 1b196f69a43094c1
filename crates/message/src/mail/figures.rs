//! Numbers as people read them: worded round what the rules' own rounding shows.

use std::{borrow::Cow, cmp::Ordering};

use crate::{
    facts::kpi::{Better, KpiFacts},
    wording::line,
};
use kpid_language::Language;
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

/// A score as its reader writes it.
pub(crate) fn score(language: &Language, score: f64) -> String {
    language.plain_number(&rounding::score(score))
}

/// A score, or that there is none.
pub(crate) fn score_or_none(language: &Language, score: Option<f64>) -> String {
    score.map_or_else(
        || language.text("mail-no-score").into_owned(),
        |score| self::score(language, score),
    )
}

/// Points of a score, signed.
pub(crate) fn points(language: &Language, points: f64) -> String {
    language.plain_number(&rounding::points(points))
}

/// The KPI's value or one of its lines, never shown as equal to what it is not equal to.
pub(crate) fn number(language: &Language, kpi: &KpiFacts, number: f64) -> String {
    language.plain_number(&readout(kpi).number(number))
}

fn readout(kpi: &KpiFacts) -> Readout<'_> {
    let lines = [kpi.target, kpi.green_line, kpi.red_line];
    Readout::new(kpi.decimals, None, kpi.value, lines)
}

/// The same with its unit.
pub(crate) fn amount(language: &Language, kpi: &KpiFacts, value: f64) -> String {
    with_unit(number(language, kpi, value), kpi.unit.as_deref())
}

/// A number of another period than the one that the KPI reports, with its unit.
pub(crate) fn plain(language: &Language, kpi: &KpiFacts, value: f64) -> String {
    let number = rounding::value(value, kpi.decimals, &[], None);
    with_unit(language.plain_number(&number), kpi.unit.as_deref())
}

/// A difference of two of the KPI's numbers, without its sign; two percentages differ by points.
pub(crate) fn difference(language: &Language, kpi: &KpiFacts, difference: f64) -> String {
    let number = language.plain_number(&readout(kpi).difference(difference));
    with_unit(number, difference_unit(language, kpi).as_deref())
}

/// The same of what is missing: that much is enough.
pub(crate) fn enough(language: &Language, kpi: &KpiFacts, missing: f64) -> String {
    let number = language.plain_number(&readout(kpi).enough(missing));
    with_unit(number, difference_unit(language, kpi).as_deref())
}

/// A line that must be reached, from the side on which the value is missing something.
pub(crate) fn reachable(language: &Language, kpi: &KpiFacts, line: f64, missing: f64) -> String {
    let better = if missing < 0.0 { Direction::Lower } else { Direction::Higher };
    amount(language, kpi, readout(kpi).reachable(line, better))
}

fn difference_unit<'k>(language: &Language, kpi: &'k KpiFacts) -> Option<Cow<'k, str>> {
    kpi.unit.as_deref().map(|unit| match unit {
        "%" => Cow::Owned(language.text("mail-points").into_owned()),
        unit => Cow::Borrowed(unit),
    })
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
    use kpid_language::english;

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
        let shown = |kpi: &KpiFacts| {
            (amount(english(), kpi, kpi.value.unwrap()), number(english(), kpi, 60.0))
        };
        assert_eq!(shown(&kpi(59.91, 60.0)), ("59.9 %".to_owned(), "60".to_owned()));
        assert_eq!(shown(&kpi(60.0, 60.0)), ("60 %".to_owned(), "60".to_owned()));
    }

    #[test]
    fn two_percentages_differ_by_points() {
        let kpi = samples::kpis::on_time_delivery();
        assert_eq!(difference(english(), &kpi, 90.1 - 95.0), "4.9 points");
        assert_eq!(difference(english(), &kpi, -0.004), "0.004 points");
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
