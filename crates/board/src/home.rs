//! `/`: how do we stand, and what wants a person? A block for each scorecard, what is open and
//! unanswered, what is overdue, and the units in their order.

mod line_of_sight;

use std::collections::HashMap;

use maud::{Markup, html};

use crate::{
    layout::{Page, document},
    nodes::{Listed, choices, listed},
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    alerting::Episode,
    judgement::{PerspectiveStanding, ScorecardStanding},
    model::{Id, Input, Scope, Status},
};

/// Scorecards on one page.
const SCORECARDS_MAX: usize = 40;

/// Open alerts that the first page lists; all are at `/alerts`.
const ALERTS_MAX: usize = 8;

/// The browser looks again after so many seconds.
const REFRESH_SECONDS: u32 = 60;

/// A scorecard, and how deep below others it stands.
struct Unit<'a> {
    scorecard: &'a ScorecardStanding,
    depth: usize,
}

impl Listed for Unit<'_> {
    fn status(&self) -> Status {
        self.scorecard.verdict.status
    }

    fn score(&self) -> Option<f64> {
        self.scorecard.verdict.score
    }

    fn words(&self) -> String {
        let perspectives = self.scorecard.perspectives.iter().flat_map(|held| {
            let objectives = held.objectives.iter().flat_map(|objective| {
                objective.kpis.iter().map(|kpi| kpi.name.as_str()).chain([objective.name.as_str()])
            });
            objectives.chain([held.name.as_str()])
        });
        let names = [self.scorecard.name.as_str()].into_iter().chain(perspectives);
        names.collect::<Vec<_>>().join("\n")
    }
}

/// The page.
pub fn page(view: &View<'_>) -> String {
    let language = view.language;
    let units = units(view);
    let tree = line_of_sight::section(view, &units);
    let units = listed(view, units, SCORECARDS_MAX);
    let body = html! {
        h1 { (language.text("home-title")) }
        (wanting(view))
        (tree)
        section aria-labelledby="scorecards" {
            h2 id="scorecards" { (text!(language, "home-scorecards", count = units.found)) }
            (choices(view))
            div class="units" {
                @for unit in &units.rows { (block(view, unit)) }
            }
            (units.pages(view))
        }
    };
    let title = language.text("home-title");
    document(
        view,
        &Page { title: &title, trail: &[], refresh_seconds: Some(REFRESH_SECONDS), body },
    )
}

/// The scorecards, each below the one that its objectives contribute to.
fn units<'a>(view: &View<'a>) -> Vec<Unit<'a>> {
    let parents = parents(view);
    let mut children: HashMap<Option<&Id>, Vec<&'a ScorecardStanding>> = HashMap::new();
    for scorecard in &view.standing.scorecards {
        children.entry(parents.get(&scorecard.id)).or_default().push(scorecard);
    }
    let mut units = Vec::new();
    let tops = children.get(&None).into_iter().flatten().rev();
    let mut open: Vec<(&ScorecardStanding, usize)> = tops.map(|top| (*top, 0)).collect();
    while let Some((scorecard, depth)) = open.pop() {
        units.push(Unit { scorecard, depth });
        let below = children.get(&Some(&scorecard.id)).into_iter().flatten().rev();
        open.extend(below.map(|below| (*below, depth + 1)));
    }
    units
}

/// The scorecard above each one that contributes to another that is shown, by an objective or by a shared
/// KPI: the first that it does.
fn parents(view: &View<'_>) -> HashMap<Id, Id> {
    let mut parents: HashMap<Id, Id> = HashMap::new();
    let shown: HashMap<&Id, ()> =
        view.standing.scorecards.iter().map(|scorecard| (&scorecard.id, ())).collect();
    let above = view.portfolio.scorecards().iter().filter(|held| shown.contains_key(&held.id));
    for scorecard in above {
        let links = scorecard.objectives().flat_map(|objective| &objective.contributions);
        let shared = scorecard.kpis().flat_map(|kpi| match &kpi.input {
            Input::Shared(units) => units.as_slice(),
            Input::Collected | Input::Derived(_) => &[],
        });
        let below =
            links.map(|link| &link.objective.scorecard).chain(shared.map(|of| &of.scorecard));
        for below in below.filter(|below| **below != scorecard.id) {
            // Two units may contribute to each other: whoever has a parent is nobody's above it.
            let is_above = std::iter::successors(Some(&scorecard.id), |id| parents.get(*id));
            let is_circle = is_above.into_iter().any(|above| above == below);
            if shown.contains_key(below) && !is_circle && !parents.contains_key(below) {
                parents.insert(below.clone(), scorecard.id.clone());
            }
        }
    }
    parents
}

fn block(view: &View<'_>, unit: &Unit<'_>) -> Markup {
    let Unit { scorecard, depth } = unit;
    let counts = scorecard.counts;
    let word = |status| view.language.status(status);
    let counted = [
        (counts.off_track, Status::OffTrack),
        (counts.at_risk, Status::AtRisk),
        (counts.on_track, Status::OnTrack),
        (counts.no_data, Status::NoData),
    ];
    html! {
        article class={ "unit depth-" ((*depth).min(3)) } aria-labelledby={ "unit-" (scorecard.id) } {
            h3 id={ "unit-" (scorecard.id) } {
                a href=(view.link_to_scorecard(&scorecard.id)) { (view.written(&scorecard.name)) }
            }
            @if scorecard.show_overall { p { (view.verdict(&scorecard.verdict, true)) } }
            ul class="tiles" {
                @for perspective in &scorecard.perspectives {
                    (tile(view, &scorecard.id, perspective))
                }
            }
            p class="soft counts" {
                @for (count, status) in counted {
                    @if count > 0 { span { (count) " " (word(status)) } " " }
                }
            }
        }
    }
}

fn tile(view: &View<'_>, scorecard: &Id, perspective: &PerspectiveStanding) -> Markup {
    let verdict = &perspective.verdict;
    let earlier = view.earlier.and_then(|earlier| {
        let scorecard = earlier.scorecards.iter().find(|held| held.id == *scorecard)?;
        scorecard.perspectives.iter().find(|held| held.id == perspective.id)
    });
    html! {
        li class={ "tile " (verdict.status.word()) } {
            a href=(view.link_to_perspective(scorecard, &perspective.id)) { (view.written(&perspective.name)) }
            div { (view.verdict(verdict, true)) }
            @if let Some(earlier) = earlier { div { (view.change(verdict, &earlier.verdict)) } }
            @if let Some(since) = perspective.since {
                @if matches!(verdict.status, Status::OffTrack | Status::AtRisk) {
                    small class="soft" { (text!(view.language, "since", period = view.language.period(since))) }
                }
            }
        }
    }
}

/// What is open and nobody answers for, and how many figures are overdue.
fn wanting(view: &View<'_>) -> Markup {
    let language = view.language;
    let mut open: Vec<(&Scope, &Episode)> = view
        .episodes
        .iter()
        .filter(|(scope, episode)| {
            episode.is_open()
                && episode.acknowledgement.is_none()
                && view.standing.node(scope).is_some()
        })
        .collect();
    open.sort_by_key(|(scope, episode)| (episode.opened_at, scope.to_string()));
    let overdue = view.standing.scorecards.iter().flat_map(|scorecard| scorecard.kpis());
    let overdue = overdue.filter(|kpi| kpi.status == Status::NoData).count();
    html! {
        @if !open.is_empty() || overdue > 0 {
            section class="wanting" aria-labelledby="wanting" {
                h2 id="wanting" { (language.text("home-wanting")) }
                @if !open.is_empty() {
                    ul {
                        @for (scope, episode) in open.iter().take(ALERTS_MAX) {
                            (open_alert(view, scope, episode))
                        }
                    }
                    @if open.len() > ALERTS_MAX {
                        p { a href=(view.address.link("/alerts")) {
                            (text!(language, "home-more-alerts", count = open.len() - ALERTS_MAX))
                        } }
                    }
                }
                @if overdue > 0 {
                    p { a href=(view.address.link("/data")) { (text!(language, "home-no-data", count = overdue)) } }
                }
            }
        }
    }
}

fn open_alert(view: &View<'_>, scope: &Scope, episode: &Episode) -> Markup {
    let Some(node) = view.standing.node(scope) else { return html! {} };
    html! {
        li {
            (view.status(node.status())) " "
            a href=(view.link_to(scope)) { (view.written(node.name())) }
            @if let Some(scorecard) = view.portfolio.scorecard(scope.scorecard()) {
                " · " (view.written(&scorecard.name))
            }
            @if let Some(opened) = episode.opened_at {
                " " small class="soft" { (text!(view.language, "open-since", instant = view.local(opened))) }
            }
        }
    }
}
