//! The strategy map, and the same arrows as a list.

use maud::{Markup, PreEscaped, html};

use crate::view::View;
use kpid_chart::{Arrow, Card, Lane, StrategyMap};
use kpid_language::text;
use kpid_rules::{
    judgement::{ObjectiveStanding, ScorecardStanding},
    model::{Id, Scorecard},
};

/// Objectives that a map has room for; a strategy that has more is read as a list.
const CARDS_MAX: usize = 60;

/// The map; nothing for a scorecard without an objective.
pub(super) fn section(
    view: &View<'_>,
    scorecard: &Scorecard,
    standing: &ScorecardStanding,
) -> Markup {
    let language = view.language;
    let objectives: usize = standing.perspectives.iter().map(|held| held.objectives.len()).sum();
    if objectives > CARDS_MAX {
        return html! {};
    }
    let lanes: Vec<Lane> = standing
        .perspectives
        .iter()
        .map(|held| Lane {
            name: held.name.clone(),
            cards: held
                .objectives
                .iter()
                .map(|objective| card(view, &standing.id, &held.id, objective))
                .collect(),
        })
        .collect();
    let arrows: Vec<Arrow> = scorecard
        .objectives()
        .flat_map(|objective| {
            objective
                .drives
                .iter()
                .map(|to| Arrow { from: objective.id.to_string(), to: to.to_string() })
        })
        .collect();
    let title = text!(language, "map-title", name = scorecard.name.as_str());
    let map = StrategyMap { lanes: &lanes, arrows: &arrows, title: &title };
    let name = |id: &str| {
        let found = scorecard.objectives().find(|objective| objective.id.as_str() == id);
        found.map_or_else(|| id.to_owned(), |objective| objective.name.clone())
    };
    html! {
        @if let Some(svg) = map.svg() {
            section aria-labelledby="map" {
                h2 id="map" { (language.text("map")) }
                div class="wide map" tabindex="0" role="region" aria-labelledby="map" { (PreEscaped(svg)) }
                @if !arrows.is_empty() {
                    details {
                        summary { (language.text("map-as-list")) }
                        ul {
                            @for arrow in &arrows {
                                li {
                                    (view.written(&name(&arrow.from))) " → " (view.written(&name(&arrow.to)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn card(view: &View<'_>, scorecard: &Id, perspective: &Id, objective: &ObjectiveStanding) -> Card {
    let verdict = &objective.verdict;
    let score = verdict.score.map(|score| format!(" {}", view.score(score))).unwrap_or_default();
    Card {
        id: objective.id.to_string(),
        name: objective.name.clone(),
        status: verdict.status,
        words: format!("{}{score}", view.language.status(verdict.status)),
        link: view.link_to_objective(scorecard, perspective, &objective.id),
    }
}
