//! The ways of arrows: from the edge of one card to the edge of another, round the cards between them.

use std::fmt::Write as _;

use crate::strategy_map::geometry::{CARD_GAP, CARD_HEIGHT, CARD_WIDTH, Place};

/// Cards beside one another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) top: f64,
    pub(super) left: f64,
    pub(super) cards: usize,
}

/// The rows of a map, from the top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Routes<'a> {
    pub(super) rows: &'a [Row],
}

impl Routes<'_> {
    /// The way from a card to another, as a path.
    pub(super) fn path(&self, (from_x, from_y): Place, (to_x, to_y): Place) -> String {
        if from_y == to_y {
            return beside((from_x, from_y), to_x);
        }
        let goes_up = from_y > to_y;
        let (start, end) = match goes_up {
            true => (from_y, to_y + CARD_HEIGHT),
            false => (from_y + CARD_HEIGHT, to_y),
        };
        let middle = CARD_WIDTH / 2.0;
        let (from_x, to_x) = (from_x + middle, to_x + middle);
        let mut between: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| row.top > from_y.min(to_y) && row.top < from_y.max(to_y))
            .collect();
        if goes_up {
            between.reverse();
        }
        let mut path = format!("M{from_x} {start}");
        let (mut x, mut y) = (from_x, start);
        for row in between {
            // Where a straight line would pass.
            let wanted = from_x + (to_x - from_x) * (row.top - start) / (end - start);
            let (near, far) = match goes_up {
                true => (row.top + CARD_HEIGHT, row.top),
                false => (row.top, row.top + CARD_HEIGHT),
            };
            let gap = row.gap_near(wanted);
            curve(&mut path, (x, y), (gap, near));
            let _ = write!(path, "V{far}");
            (x, y) = (gap, far);
        }
        curve(&mut path, (x, y), (to_x, end));
        path
    }
}

impl Row {
    /// The room between two cards, or beside them, that is nearest.
    fn gap_near(&self, wanted: f64) -> f64 {
        let gaps = (0..=self.cards)
            .map(|at| self.left - CARD_GAP / 2.0 + at as f64 * (CARD_WIDTH + CARD_GAP));
        gaps.min_by(|left, right| (left - wanted).abs().total_cmp(&(right - wanted).abs()))
            .unwrap_or(wanted)
    }
}

/// From one height to another, upright at both ends.
fn curve(path: &mut String, (from_x, from_y): Place, (to_x, to_y): Place) {
    let bend = f64::midpoint(from_y, to_y);
    let _ = write!(path, "C{from_x} {bend} {to_x} {bend} {to_x} {to_y}");
}

/// To a card in the same row: across the gap to the next one, below those between.
fn beside((from_x, from_y): Place, to_x: f64) -> String {
    let (start, end) = match from_x < to_x {
        true => (from_x + CARD_WIDTH, to_x),
        false => (from_x, to_x + CARD_WIDTH),
    };
    if (start - end).abs() <= CARD_GAP {
        let level = from_y + CARD_HEIGHT / 2.0;
        return format!("M{start} {level}L{end} {level}");
    }
    let middle = CARD_WIDTH / 2.0;
    let (start, end) = (from_x + middle, to_x + middle);
    let (edge, lower) = (from_y + CARD_HEIGHT, from_y + CARD_HEIGHT + 14.0);
    format!("M{start} {edge}C{start} {lower} {end} {lower} {end} {edge}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_that_skips_a_lane_goes_between_its_cards() {
        let row = |top: f64| Row { top, left: 14.0, cards: 3 };
        let rows = [row(40.0), row(172.0), row(304.0)];
        let routes = Routes { rows: &rows };
        let place = |column: usize, top: f64| (14.0 + column as f64 * (CARD_WIDTH + CARD_GAP), top);
        let path = routes.path(place(1, 304.0), place(1, 40.0));
        let x = path.split('V').next().unwrap().rsplit(' ').nth(1).unwrap();
        let x: f64 = x.parse().unwrap();
        let cards = (0..3).map(|column| place(column, 172.0).0);
        for left in cards {
            assert!(x < left || x > left + CARD_WIDTH, "{path} passes the card at {left}");
        }
        assert!(path.contains("V172"), "{path}");
        let next = routes.path(place(0, 304.0), place(0, 172.0));
        assert!(!next.contains('V'), "nothing is between: {next}");
    }
}
