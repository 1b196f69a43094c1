//! The strategy as its author draws it: a lane a perspective, its objectives as cards, and what drives
//! what as arrows. Cards of a lane are put in the order in which the fewest arrows cross.

mod geometry;
mod order;
mod route;

use std::collections::HashMap;

use kpid_rules::model::Status;
use maud::{Markup, html};

use crate::{fitted_text::fitted, scale::pixel, status_shape::shape};
use geometry::{CARD_GAP, CARD_HEIGHT, CARD_WIDTH, Place};
use route::{Routes, Row};

/// Room between lanes, for arrows and a word beside them.
const LANE_GAP: f64 = 46.0;

/// Room for a lane's name above its cards.
const LANE_HEAD: f64 = 24.0;

const EDGE: f64 = 14.0;
const FONT: f64 = 12.0;

/// A wider map has its cards on further rows.
const CARDS_IN_ROW: usize = 5;

/// An objective.
#[derive(Clone, Debug)]
pub struct Card {
    /// What arrows name it by.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// Its word and its score.
    pub words: String,
    /// Where its page is.
    pub link: String,
}

/// A perspective.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Its objectives, in their author's order.
    pub cards: Vec<Card>,
}

/// One objective drives another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Which drives.
    pub from: String,
    /// Which is driven.
    pub to: String,
}

/// The strategy of a scorecard.
#[derive(Clone, Copy, Debug)]
pub struct StrategyMap<'a> {
    /// The perspectives, from the top.
    pub lanes: &'a [Lane],
    /// What drives what. The same stands beside the picture as a list.
    pub arrows: &'a [Arrow],
    /// What is shown, for those who do not see it.
    pub title: &'a str,
}

impl StrategyMap<'_> {
    /// The picture; none without an objective.
    pub fn svg(&self) -> Option<String> {
        let orders = order::fewest_crossings(self.lanes, self.arrows);
        let columns = orders.iter().map(Vec::len).max().filter(|most| *most > 0)?;
        let columns = columns.min(CARDS_IN_ROW);
        let width = 2.0 * EDGE + columns as f64 * (CARD_WIDTH + CARD_GAP) - CARD_GAP;
        let mut places: HashMap<&str, Place> = HashMap::new();
        let mut rows = Vec::new();
        let (mut lanes, mut y) = (Vec::new(), EDGE);
        for (lane, order) in self.lanes.iter().zip(&orders) {
            let top = y;
            y += LANE_HEAD;
            for row in order.chunks(CARDS_IN_ROW) {
                let used = row.len() as f64 * (CARD_WIDTH + CARD_GAP) - CARD_GAP;
                let left = (width - used) / 2.0;
                rows.push(Row { top: pixel(y), left: pixel(left), cards: row.len() });
                for (at, card) in row.iter().enumerate() {
                    let x = left + at as f64 * (CARD_WIDTH + CARD_GAP);
                    let card = lane.cards.get(*card).map(|card| card.id.as_str());
                    places.extend(card.map(|id| (id, (pixel(x), pixel(y)))));
                }
                y += CARD_HEIGHT + CARD_GAP;
            }
            y -= if order.is_empty() { 0.0 } else { CARD_GAP };
            lanes.push((lane, top, pixel(y + 8.0 - top)));
            y += LANE_GAP;
        }
        let routes = Routes { rows: &rows };
        let height = pixel(y - LANE_GAP + EDGE);
        let picture = html! {
            svg class="chart map" role="group" width=(width) height=(height)
                viewBox=(format!("0 0 {width} {height}")) {
                title { (self.title) }
                defs {
                    marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"
                        markerHeight="8" orient="auto" { path class="arrow-head" d="M0 0L8 4L0 8z" {} }
                }
                @for (_, top, height) in &lanes {
                    rect class="lane" x="2" y=(top) width=(width - 4.0) height=(height) rx="4" {}
                }
                @for arrow in self.arrows { (drawn_arrow(arrow, &places, &routes)) }
                @for (lane, top, _) in &lanes {
                    @for name in fitted(&lane.name, width - 2.0 * EDGE, FONT, 1) {
                        text class="lane-name" x=(EDGE) y=(top + 16.0) { (name) }
                    }
                }
                @for card in self.lanes.iter().flat_map(|lane| &lane.cards) {
                    @if let Some(place) = places.get(card.id.as_str()) { (drawn_card(card, *place)) }
                }
            }
        };
        Some(picture.into_string())
    }
}

fn drawn_card(card: &Card, (x, y): Place) -> Markup {
    let name = fitted(&card.name, CARD_WIDTH - 16.0, FONT, 2);
    html! {
        a href=(card.link) data-card=(card.id) {
            title { (card.name) ": " (card.words) }
            rect class="card" x=(x) y=(y) width=(CARD_WIDTH) height=(CARD_HEIGHT) rx="4" {}
            @for (at, line) in name.iter().enumerate() {
                text x=(x + 8.0) y=(y + 17.0 + at as f64 * 15.0) { (line) }
            }
            (shape(card.status, x + 15.0, y + CARD_HEIGHT - 12.0))
            text class="soft" x=(x + 28.0) y=(y + CARD_HEIGHT - 8.0) { (card.words) }
        }
    }
}

fn drawn_arrow(arrow: &Arrow, places: &HashMap<&str, Place>, routes: &Routes<'_>) -> Markup {
    let ends = places.get(arrow.from.as_str()).zip(places.get(arrow.to.as_str()));
    let Some((from, to)) = ends else { return html! {} };
    let path = routes.path(*from, *to);
    html! {
        path class="arrow" d=(path) marker-end="url(#arrow)" data-from=(arrow.from) data-to=(arrow.to) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(id: &str) -> Card {
        Card {
            id: id.to_owned(),
            name: format!("Kundenzufriedenheitsverbesserungsmaßnahmen <{id}>"),
            status: Status::AtRisk,
            words: "at risk 63.4".to_owned(),
            link: format!("/c/acme/{id}"),
        }
    }

    #[test]
    fn cards_stand_in_their_lanes_and_arrows_lead_from_one_to_another() {
        let lane = |name: &str, ids: &[&str]| Lane {
            name: name.to_owned(),
            cards: ids.iter().map(|id| card(id)).collect(),
        };
        let lanes = [lane("Financial", &["grow"]), lane("Customer", &["delight", "promise"])];
        let arrow = |from: &str, to: &str| Arrow { from: from.to_owned(), to: to.to_owned() };
        let arrows = [arrow("promise", "grow"), arrow("promise", "delight"), arrow("x", "grow")];
        let svg = StrategyMap { lanes: &lanes, arrows: &arrows, title: "" }.svg().unwrap();
        assert_eq!(svg.matches(r#"class="card""#).count(), 3);
        assert_eq!(svg.matches(r#"class="arrow""#).count(), 2, "what is not there is not drawn");
        assert!(svg.contains("&lt;grow&gt;") && !svg.contains("<grow>"));
        let nothing = StrategyMap { lanes: &[], arrows: &[], title: "" };
        assert!(nothing.svg().is_none());
    }
}
