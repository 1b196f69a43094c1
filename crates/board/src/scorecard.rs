//! `/c/{scorecard}`: where is it off? The strategy map, the perspectives with their objectives, and
//! how each of them stood in the last periods.

mod heat_map;
mod map;

use maud::{Markup, html};

use crate::{
    layout::{Page, document},
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    judgement::{Judge, ObjectiveStanding, PerspectiveStanding, ScorecardStanding},
    model::{Id, Perspective, Scorecard},
};

/// Objectives of one perspective that the page lists; the page of the perspective has all.
const OBJECTIVES_MAX: usize = 40;

const REFRESH_SECONDS: u32 = 60;

/// The page of a scorecard that the standing has.
pub fn page(
    view: &View<'_>,
    judge: &Judge<'_>,
    scorecard: &Scorecard,
    standing: &ScorecardStanding,
) -> String {
    let language = view.language;
    let body = html! {
        h1 { (view.written(&scorecard.name)) }
        p class="lead" {
            @if standing.show_overall { (view.verdict(&standing.verdict, true)) }
            @if let Some(owner) = &scorecard.owner {
                " " span class="soft" { (language.text("owner")) ": " (view.person(owner)) }
            }
        }
        (map::section(view, scorecard, standing))
        section aria-labelledby="perspectives" {
            h2 id="perspectives" { (language.text("perspectives")) }
            @for (perspective, held) in scorecard.perspectives.iter().zip(&standing.perspectives) {
                (row(view, scorecard, perspective, held))
            }
            @if scorecard.perspectives.is_empty() { p class="soft" { (language.text("no-perspectives")) } }
        }
        (heat_map::section(view, judge, scorecard))
        p class="links" {
            @let period = scorecard.calendar.last_closed(
                scorecard.report.as_ref().map_or(kpid_rules::model::Frequency::Month, |report| report.frequency),
                view.as_of().to_utc());
            a href=(view.address.link(&format!("/review/{}/{period}", scorecard.id))) {
                (text!(language, "to-review", period = language.period(period)))
            }
        }
    };
    let refresh_seconds = view.is_present().then_some(REFRESH_SECONDS);
    let trail = [(view.address.link("/"), language.text("nav-home").into_owned())];
    document(view, &Page { title: &scorecard.name, trail: &trail, refresh_seconds, body })
}

fn row(
    view: &View<'_>,
    scorecard: &Scorecard,
    perspective: &Perspective,
    held: &PerspectiveStanding,
) -> Markup {
    let language = view.language;
    let earlier = view.earlier.and_then(|earlier| {
        let card = earlier.scorecards.iter().find(|other| other.id == scorecard.id)?;
        card.perspectives.iter().find(|other| other.id == held.id)
    });
    html! {
        article class="perspective" aria-labelledby={ "p-" (held.id) } {
            h3 id={ "p-" (held.id) } {
                a href=(view.link_to_perspective(&scorecard.id, &held.id)) { (view.written(&held.name)) }
            }
            p {
                (view.verdict(&held.verdict, true))
                @if let Some(earlier) = earlier { " " (view.change(&held.verdict, &earlier.verdict)) }
                @if let Some(period) = held.period { " · " span class="soft" { (language.period(period)) } }
                @if let Some(since) = held.since {
                    " · " span class="soft" { (text!(language, "since", period = language.period(since))) }
                }
                @if let Some(owner) = &perspective.owner {
                    " · " span class="soft" { (language.text("owner")) ": " (view.person(owner)) }
                }
            }
            ul class="objectives" {
                @for objective in held.objectives.iter().take(OBJECTIVES_MAX) {
                    (objective_row(view, &scorecard.id, &held.id, objective))
                }
            }
            @if held.objectives.len() > OBJECTIVES_MAX {
                p { a href=(view.link_to_perspective(&scorecard.id, &held.id)) {
                    (text!(language, "more-objectives", count = held.objectives.len() - OBJECTIVES_MAX))
                } }
            }
        }
    }
}

fn objective_row(
    view: &View<'_>,
    scorecard: &Id,
    perspective: &Id,
    objective: &ObjectiveStanding,
) -> Markup {
    let link = view.link_to_objective(scorecard, perspective, &objective.id);
    html! {
        li {
            (view.verdict(&objective.verdict, true)) " "
            a href=(link) { (view.written(&objective.name)) }
            @if objective.critical { " " small class="soft" { (view.language.text("critical")) } }
        }
    }
}
