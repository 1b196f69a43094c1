//! The order of cards in their lanes: each near the cards that it has arrows with (the barycentre
//! method), as long as fewer arrows cross.

use std::collections::HashMap;

use super::{Arrow, Lane};

/// Sweeps down and up; later ones hardly ever find a better order.
const SWEEPS: usize = 8;

/// Two cards, each by its lane and its place in its author's order.
type Edge = ((usize, usize), (usize, usize));

/// The cards of each lane by number, in the order in which they are drawn.
pub(super) fn fewest_crossings(lanes: &[Lane], arrows: &[Arrow]) -> Vec<Vec<usize>> {
    let mut places = HashMap::new();
    for (lane, held) in lanes.iter().enumerate() {
        for (card, held) in held.cards.iter().enumerate() {
            places.insert(held.id.as_str(), (lane, card));
        }
    }
    let edges: Vec<Edge> = arrows
        .iter()
        .filter_map(|arrow| {
            places.get(arrow.from.as_str()).copied().zip(places.get(arrow.to.as_str()).copied())
        })
        .filter(|((one, _), (other, _))| one != other)
        .collect();
    let mut order: Vec<Vec<usize>> =
        lanes.iter().map(|lane| (0..lane.cards.len()).collect()).collect();
    let mut best = (crossings(&order, &edges), order.clone());
    for sweep in 0..SWEEPS {
        let lanes = 0..order.len();
        let lanes: Vec<usize> =
            if sweep % 2 == 0 { lanes.collect() } else { lanes.rev().collect() };
        for lane in lanes {
            sort_by_neighbours(&mut order, lane, &edges);
        }
        let crossed = crossings(&order, &edges);
        if crossed < best.0 {
            best = (crossed, order.clone());
        }
    }
    best.1
}

/// Where a card stands in its lane, from 0 to 1: lanes differ in length.
fn position(order: &[Vec<usize>], (lane, card): (usize, usize)) -> Option<f64> {
    let lane = order.get(lane)?;
    let at = lane.iter().position(|held| *held == card)?;
    Some((at as f64 + 0.5) / lane.len() as f64)
}

fn sort_by_neighbours(order: &mut [Vec<usize>], lane: usize, edges: &[Edge]) {
    let Some(cards) = order.get(lane) else { return };
    let centre = |card: usize| {
        let of = |(one, other): &Edge| match (lane, card) {
            place if place == *one => Some(*other),
            place if place == *other => Some(*one),
            _ => None,
        };
        let near: Vec<f64> =
            edges.iter().filter_map(of).filter_map(|place| position(order, place)).collect();
        match near.len() {
            // Whoever has no arrow stays where it is.
            0 => position(order, (lane, card)).unwrap_or_default(),
            count => near.iter().sum::<f64>() / count as f64,
        }
    };
    let mut sorted: Vec<(f64, usize)> = cards.iter().map(|card| (centre(*card), *card)).collect();
    sorted.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    if let Some(cards) = order.get_mut(lane) {
        *cards = sorted.into_iter().map(|(_, card)| card).collect();
    }
}

/// How many pairs of arrows cross, of those between the same two lanes.
fn crossings(order: &[Vec<usize>], edges: &[Edge]) -> usize {
    let upright = edges.iter().filter_map(|(one, other)| {
        let (upper, lower) = if one.0 < other.0 { (one, other) } else { (other, one) };
        Some((upper.0, lower.0, position(order, *upper)?, position(order, *lower)?))
    });
    let upright: Vec<_> = upright.collect();
    let pairs = upright
        .iter()
        .enumerate()
        .flat_map(|(at, one)| upright.iter().skip(at + 1).map(move |other| (one, other)));
    pairs
        .filter(|(one, other)| {
            (one.0, one.1) == (other.0, other.1) && (one.2 - other.2) * (one.3 - other.3) < 0.0
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Card;
    use kpid_rules::model::Status;

    fn lane(ids: &[&str]) -> Lane {
        let card = |id: &&str| Card {
            id: (*id).to_owned(),
            name: (*id).to_owned(),
            status: Status::OnTrack,
            words: String::new(),
            link: String::new(),
        };
        Lane { name: String::new(), cards: ids.iter().map(card).collect() }
    }

    fn arrows(pairs: &[(&str, &str)]) -> Vec<Arrow> {
        let arrow =
            |(from, to): &(&str, &str)| Arrow { from: (*from).to_owned(), to: (*to).to_owned() };
        pairs.iter().map(arrow).collect()
    }

    #[test]
    fn arrows_that_cross_in_the_authors_order_do_not_cross() {
        let lanes = [lane(&["a", "b", "c"]), lane(&["d", "e", "f"])];
        let arrows = arrows(&[("d", "c"), ("e", "b"), ("f", "a")]);
        let order = fewest_crossings(&lanes, &arrows);
        let names = |lane: usize| -> Vec<&str> {
            order[lane].iter().map(|at| lanes[lane].cards[*at].id.as_str()).collect()
        };
        let (above, below) = (names(0), names(1));
        assert!(
            (above == ["a", "b", "c"] && below == ["f", "e", "d"])
                || (above == ["c", "b", "a"] && below == ["d", "e", "f"]),
            "{above:?} {below:?}"
        );
    }

    #[test]
    fn without_arrows_the_authors_order_stays() {
        let lanes = [lane(&["a", "b", "c"]), lane(&[])];
        assert_eq!(fewest_crossings(&lanes, &[]), [vec![0, 1, 2], vec![]]);
    }
}
