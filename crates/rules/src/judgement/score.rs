//! The score: one scale of 0 to 100 for every KPI, 70 at the green line and 40 at the red line.

use crate::model::{
    comparison::{above, at_least},
    status::{GREEN_SCORE, RED_SCORE, band},
};
use crate::{
    judgement::lines::{self, Lines},
    model::{
        kpi_definition::{Kpi, Scoring},
        status::Status,
        target::Direction,
    },
};

/// What a score falls short of the green line; no score counts as 0, as where `missing: worst`
/// stands in for data.
pub fn shortfall(score: Option<f64>) -> f64 {
    (GREEN_SCORE - score.unwrap_or(0.0)).max(0.0)
}

/// What keeps a miss by a hair's breadth below the band it missed.
const BELOW: f64 = 1e-6;

/// Optional fixed points beyond the lines, and whether the upper part counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchors {
    /// The value that scores 100.
    pub best: Option<f64>,
    /// The value that scores 0.
    pub worst: Option<f64>,
    /// Whether a value beyond the green line scores more than 70.
    pub credit_overachievement: bool,
}

impl Anchors {
    /// The fixed points of a KPI.
    pub fn of(kpi: &Kpi) -> Self {
        Self {
            best: kpi.best,
            worst: kpi.worst,
            credit_overachievement: kpi.credit_overachievement,
        }
    }
}

impl Default for Anchors {
    fn default() -> Self {
        Self { best: None, worst: None, credit_overachievement: true }
    }
}

/// Everything a value is scored by.
#[derive(Clone, Copy, Debug)]
pub struct Yardstick<'a> {
    /// The method.
    pub scoring: &'a Scoring,
    /// Which way is better.
    pub direction: Direction,
    /// What decides the status; without lines the score does.
    pub lines: Option<&'a Lines>,
    /// What was wanted.
    pub target: Option<f64>,
    /// Fixed points beyond the lines.
    pub anchors: Anchors,
}

impl Yardstick<'_> {
    /// Status and score of a value. The status comes from the lines; the score is kept inside the
    /// band of the status, so that the two never disagree.
    pub fn judge(&self, value: f64) -> Option<(Status, f64)> {
        let raw = self.raw(value)?.clamp(0.0, 100.0);
        let status = self.lines.map_or_else(|| band(raw), |lines| lines.status(value));
        let credited = self.anchors.credit_overachievement;
        let capped = if credited { raw } else { raw.min(GREEN_SCORE) };
        Some((status, clamp(status, capped)))
    }

    fn raw(&self, value: f64) -> Option<f64> {
        match self.scoring {
            Scoring::Threshold => Some(threshold(self.lines?, self.anchors, value)),
            Scoring::MinMax { min, max } => {
                let share = 100.0 * (value - min) / (max - min);
                Some(if self.direction == Direction::Higher { share } else { 100.0 - share })
            }
            Scoring::Progress { baseline, goal } => progress_pct(*baseline, *goal, value),
            Scoring::Achievement => achievement_pct(self.direction, self.target?, value),
            Scoring::EqualBands(edges) => equal_bands(edges, value),
            Scoring::Binary => Some(match self.lines {
                Some(lines) if lines.status(value) == Status::OnTrack => 100.0,
                None if value != 0.0 => 100.0,
                _ => 0.0,
            }),
        }
    }
}

fn threshold(lines: &Lines, anchors: Anchors, value: f64) -> f64 {
    match lines {
        Lines::OneSided { direction, green, red } => {
            one_sided(*direction, *green, *red, anchors, value)
        }
        Lines::Band(band) => {
            let low = one_sided(Direction::Higher, band.low, band.red_low, anchors, value);
            let high = one_sided(Direction::Lower, band.high, band.red_high, anchors, value);
            low.min(high)
        }
        Lines::Binary if value != 0.0 => 100.0,
        Lines::Binary => 0.0,
        Lines::Steps { direction, steps } => lines::row_score(*direction, steps, value),
    }
}

fn one_sided(direction: Direction, green: f64, red: f64, anchors: Anchors, value: f64) -> f64 {
    let sign = direction.sign();
    let reached = at_least(sign * value, sign * green);
    // Two states: on the line is all there is.
    if sign * green <= sign * red {
        return if reached { 100.0 } else { 0.0 };
    }
    // On the wrong side of its line an anchor bends nothing. Of a band each side has its own.
    let best = anchors.best.filter(|best| at_least(sign * best, sign * green));
    let worst = anchors.worst.filter(|worst| above(sign * red, sign * worst));
    match (best, worst) {
        (Some(best), _) if reached => {
            if above(sign * best, sign * green) {
                GREEN_SCORE + (100.0 - GREEN_SCORE) * (value - green) / (best - green)
            } else {
                100.0
            }
        }
        (_, Some(worst)) if !at_least(sign * value, sign * red) => {
            RED_SCORE * (value - worst) / (red - worst)
        }
        _ => straight(value, (red, RED_SCORE), (green, GREEN_SCORE)),
    }
}

/// The straight line through two points.
pub fn straight(value: f64, low: (f64, f64), high: (f64, f64)) -> f64 {
    low.1 + (high.1 - low.1) * (value - low.0) / (high.0 - low.0)
}

/// Achievement in %, for people; never used for a status. None at a target of 0.
pub fn achievement_pct(direction: Direction, target: f64, value: f64) -> Option<f64> {
    let share = 100.0 * (1.0 + direction.sign() * (value - target) / target.abs());
    (target != 0.0).then_some(share).filter(|share| share.is_finite())
}

/// The share of the way from baseline to goal, in %. None where there is no way to go.
pub fn progress_pct(baseline: f64, goal: f64, value: f64) -> Option<f64> {
    (goal != baseline).then(|| 100.0 * (value - baseline) / (goal - baseline))
}

fn equal_bands(edges: &[f64], value: f64) -> Option<f64> {
    let (first, last) = (*edges.first()?, *edges.last()?);
    let rising = last > first;
    let beyond = |edge: f64| if rising { value >= edge } else { value <= edge };
    if beyond(last) {
        return Some(100.0);
    }
    if !beyond(first) {
        return Some(0.0);
    }
    let share = 100.0 / (edges.len() - 1) as f64;
    let (at, pair) = edges.windows(2).enumerate().find(|(_, pair)| !beyond(pair[1]))?;
    Some(share * (at as f64 + (value - pair[0]) / (pair[1] - pair[0])))
}

/// Keeps a score inside the band of its status.
fn clamp(status: Status, score: f64) -> f64 {
    match status {
        Status::OnTrack => score.clamp(GREEN_SCORE, 100.0),
        Status::AtRisk => score.clamp(RED_SCORE, GREEN_SCORE - BELOW),
        Status::OffTrack => score.clamp(0.0, RED_SCORE - BELOW),
        Status::NoData | Status::Pending | Status::NotScored => score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::target::Band;

    fn scored(green: f64, red: f64, anchors: Anchors, value: f64) -> f64 {
        let direction = if green >= red { Direction::Higher } else { Direction::Lower };
        let lines = Lines::OneSided { direction, green, red };
        let scoring = &Scoring::Threshold;
        let by = Yardstick { scoring, direction, lines: Some(&lines), target: None, anchors };
        by.judge(value).unwrap().1
    }

    #[test]
    fn seventy_at_the_green_line_forty_at_the_red_line() {
        for (value, score) in [(100.0, 70.0), (90.0, 40.0), (110.0, 100.0), (70.0, 0.0)] {
            assert!((scored(100.0, 90.0, Anchors::default(), value) - score).abs() < 1e-9);
        }
    }

    #[test]
    fn anchors_bend_the_outer_parts() {
        let anchors = Anchors { best: Some(120.0), worst: Some(0.0), ..Anchors::default() };
        assert!((scored(100.0, 90.0, anchors, 110.0) - 85.0).abs() < 1e-9);
        assert!((scored(100.0, 90.0, anchors, 60.0) - 26.666_666).abs() < 1e-5);
        let bound = Anchors { best: Some(100.0), ..Anchors::default() };
        assert!((scored(100.0, 90.0, bound, 100.0) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn an_anchor_on_the_wrong_side_of_its_line_bends_nothing() {
        let within = Anchors { best: Some(95.0), worst: Some(95.0), ..Anchors::default() };
        for value in [10.0, 89.0, 95.0, 105.0] {
            let (plain, anchored) = (Anchors::default(), within);
            let (plain, anchored) =
                (scored(100.0, 90.0, plain, value), scored(100.0, 90.0, anchored, value));
            assert!((plain - anchored).abs() < 1e-9, "{value}: {anchored}, not {plain}");
        }
        let band = Band { low: 35.0, high: 45.0, red_low: 28.0, red_high: 55.0 };
        let lines = Lines::Band(band);
        let anchors = Anchors { worst: Some(0.0), ..Anchors::default() };
        let direction = Direction::Higher;
        let scoring = &Scoring::Threshold;
        let by = Yardstick { scoring, direction, lines: Some(&lines), target: None, anchors };
        for (value, score) in [(14.0, 20.0), (56.0, 37.0), (70.0, 0.0), (100.0, 0.0)] {
            let found = by.judge(value).unwrap().1;
            assert!((found - score).abs() < 1e-9, "{value} scores {found}");
        }
    }

    #[test]
    fn overachievement_can_be_ignored() {
        let anchors = Anchors { credit_overachievement: false, ..Anchors::default() };
        assert!((scored(100.0, 90.0, anchors, 130.0) - 70.0).abs() < 1e-9);
    }

    #[test]
    fn a_miss_by_a_hair_stays_a_miss() {
        assert!(scored(100.0, 90.0, Anchors::default(), 99.999_999) < 70.0);
        assert_eq!(band(scored(100.0, 90.0, Anchors::default(), 89.999_999)), Status::OffTrack);
    }
}
