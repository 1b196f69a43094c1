//! The one rule of status: which side of the green and the red line a value is on.

use crate::model::{comparison::at_least, status::worse};
use crate::model::{
    status::Status,
    target::{Band, Direction, ScoreStep},
};

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Lines {
    /// Better on one side.
    OneSided {
        /// Which side is better.
        direction: Direction,
        /// On track from here on.
        green: f64,
        /// At risk up to here.
        red: f64,
    },
    /// Best in the middle.
    Band(Band),
    /// Anything but 0 is done.
    Binary,
    /// Rows of value, status and score, read top-down.
    Steps {
        /// Which way the rows' `from` reads.
        direction: Direction,
        /// The rows.
        steps: Vec<ScoreStep>,
    },
}

impl Lines {
    /// The status of a value. Being on a line counts as the better side.
    pub fn status(&self, value: f64) -> Status {
        match self {
            Self::OneSided { direction, green, red } => one_sided(*direction, *green, *red, value),
            Self::Band(band) => worse(
                one_sided(Direction::Higher, band.low, band.red_low, value),
                one_sided(Direction::Lower, band.high, band.red_high, value),
            ),
            Self::Binary if value != 0.0 => Status::OnTrack,
            Self::Binary => Status::OffTrack,
            Self::Steps { direction, steps } => {
                row(*direction, steps, value).map_or(Status::OffTrack, |row| row.status)
            }
        }
    }

    /// The green and the red line as people see them; of a band, the edges on the value's side.
    pub fn shown(&self, value: Option<f64>) -> (Option<f64>, Option<f64>) {
        match self {
            Self::OneSided { green, red, .. } => (Some(*green), Some(*red)),
            Self::Band(band) => match value {
                None => (None, None),
                Some(value) if value < f64::midpoint(band.low, band.high) => {
                    (Some(band.low), Some(band.red_low))
                }
                Some(_) => (Some(band.high), Some(band.red_high)),
            },
            Self::Binary | Self::Steps { .. } => (None, None),
        }
    }
}

/// The score of the row that a value satisfies; of a value worse than every row, that of the worst.
pub(crate) fn row_score(direction: Direction, steps: &[ScoreStep], value: f64) -> f64 {
    let worst = || steps.iter().map(|step| step.score).min_by(f64::total_cmp);
    row(direction, steps, value).map(|row| row.score).or_else(worst).unwrap_or(0.0)
}

/// The first row of a table that a value satisfies.
pub(crate) fn row(direction: Direction, steps: &[ScoreStep], value: f64) -> Option<&ScoreStep> {
    let holds = |from: f64| at_least(direction.sign() * value, direction.sign() * from);
    steps.iter().find(|step| step.from.is_none_or(holds))
}

fn one_sided(direction: Direction, green: f64, red: f64, value: f64) -> Status {
    let sign = direction.sign();
    if at_least(sign * value, sign * green) {
        Status::OnTrack
    } else if sign * green > sign * red && at_least(sign * value, sign * red) {
        Status::AtRisk
    } else {
        Status::OffTrack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &Lines, cases: &[(f64, Status)]) {
        for &(value, status) in cases {
            assert_eq!(lines.status(value), status, "{value} against {lines:?}");
        }
    }

    #[test]
    fn more_is_better() {
        let lines = Lines::OneSided { direction: Direction::Higher, green: 100.0, red: 90.0 };
        check(
            &lines,
            &[
                (100.0, Status::OnTrack),
                (99.99, Status::AtRisk),
                (90.0, Status::AtRisk),
                (89.99, Status::OffTrack),
            ],
        );
    }

    #[test]
    fn less_is_better_and_zero_is_a_line_like_any_other() {
        let lines = Lines::OneSided { direction: Direction::Lower, green: 0.0, red: 0.0 };
        check(&lines, &[(0.0, Status::OnTrack), (1.0, Status::OffTrack)]);
        let lines = Lines::OneSided { direction: Direction::Lower, green: 0.3, red: 0.35 };
        check(&lines, &[(0.1 + 0.2, Status::OnTrack), (0.35, Status::AtRisk)]);
    }

    #[test]
    fn the_middle_is_best() {
        let band = Band { low: 35.0, high: 45.0, red_low: 28.0, red_high: 55.0 };
        check(
            &Lines::Band(band),
            &[
                (35.0, Status::OnTrack),
                (45.0, Status::OnTrack),
                (28.0, Status::AtRisk),
                (55.1, Status::OffTrack),
            ],
        );
    }

    #[test]
    fn steps_are_read_top_down() {
        let step = |from, status, score| ScoreStep { from, status, score };
        let steps = vec![
            step(Some(95.0), Status::OnTrack, 90.0),
            step(Some(80.0), Status::AtRisk, 50.0),
            step(None, Status::OffTrack, 10.0),
        ];
        let lines = Lines::Steps { direction: Direction::Higher, steps };
        check(&lines, &[(95.0, Status::OnTrack), (94.0, Status::AtRisk), (3.0, Status::OffTrack)]);
    }
}
