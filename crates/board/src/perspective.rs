//! `/c/{scorecard}/{perspective}`, and the same for one of its objectives: which KPIs, and how much
//! each?

mod contributions;
mod kpi_table;

use std::collections::HashSet;

use maud::{Markup, html};

use crate::{
    alert,
    layout::{Page, document},
    minutes::{self, TakenDown},
    notes,
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    alerting::Note,
    judgement::{Judge, ObjectiveStanding, PerspectiveStanding},
    model::{Id, Objective, Perspective, Scope, Scorecard},
};

const REFRESH_SECONDS: u32 = 60;

/// A perspective, or one of its objectives, that the standing has.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Its scorecard.
    pub scorecard: &'a Scorecard,
    /// The definition.
    pub perspective: &'a Perspective,
    /// How it stands.
    pub standing: &'a PerspectiveStanding,
    /// Only this objective of it.
    pub objective: Option<&'a Id>,
    /// What people wrote, the newest first.
    pub notes: &'a [Note],
    /// What reviews took down.
    pub taken: TakenDown<'a>,
}

impl<'a> Node<'a> {
    /// Which node it is.
    pub fn scope(&self) -> Scope {
        let (scorecard, perspective) = (self.scorecard.id.clone(), self.perspective.id.clone());
        match self.objective {
            None => Scope::Perspective(scorecard, perspective),
            Some(id) => Scope::Objective(scorecard, perspective, id.clone()),
        }
    }

    /// The objectives that are shown, each with its standing.
    fn objectives(&self) -> impl Iterator<Item = (&'a Objective, &'a ObjectiveStanding)> {
        let only = self.objective;
        let pairs = self.perspective.objectives.iter().zip(&self.standing.objectives);
        pairs.filter(move |(objective, _)| only.is_none_or(|id| objective.id == *id))
    }
}

/// The page.
pub fn page(view: &View<'_>, judge: &Judge<'_>, node: &Node<'_>) -> String {
    let language = view.language;
    let scope = node.scope();
    let only = node.objective.and_then(|_| node.objectives().next());
    let (name, owner) = match only {
        Some((objective, _)) => (&objective.name, objective.owner.as_ref()),
        None => (&node.perspective.name, node.perspective.owner.as_ref()),
    };
    let body = html! {
        h1 { (view.written(name)) }
        p class="lead" {
            (lead(view, node, only.map(|(_, standing)| standing)))
            @if let Some(owner) = owner {
                " " span class="soft" { (language.text("owner")) ": " (view.person(owner)) }
            }
        }
        @if let Some(episode) = view.episodes.get(&scope) { (alert::summary(view, &scope, episode)) }
        (kpi_table::section(view, judge, node))
        @if node.objective.is_none() { (contributions::section(view, judge, node)) }
        (initiatives(view, node))
        (minutes::section(view, node.taken, &scope))
        (notes::section(view, node.notes, &scope))
    };
    let mut trail = vec![
        (view.address.link("/"), language.text("nav-home").into_owned()),
        (view.link_to_scorecard(&node.scorecard.id), node.scorecard.name.clone()),
    ];
    if only.is_some() {
        let link = view.link_to_perspective(&node.scorecard.id, &node.perspective.id);
        trail.push((link, node.perspective.name.clone()));
    }
    let refresh_seconds = view.is_present().then_some(REFRESH_SECONDS);
    document(view, &Page { title: name, trail: &trail, refresh_seconds, body })
}

/// What changed the score of a perspective.
pub(crate) fn change(
    view: &View<'_>,
    judge: &Judge<'_>,
    (scorecard, perspective, standing): (&Scorecard, &Perspective, &PerspectiveStanding),
) -> Markup {
    let taken = TakenDown { kept: &[], may_settle: &HashSet::new() };
    let node = Node { scorecard, perspective, standing, objective: None, notes: &[], taken };
    contributions::section(view, judge, &node)
}

fn lead(view: &View<'_>, node: &Node<'_>, only: Option<&ObjectiveStanding>) -> Markup {
    let language = view.language;
    let held = node.standing;
    html! {
        @match only {
            Some(objective) => (view.verdict(&objective.verdict, true)),
            None => {
                (view.verdict(&held.verdict, true))
                @if let Some(period) = held.period { " · " (language.period(period)) }
                @if let Some(since) = held.since {
                    " · " (text!(language, "since", period = language.period(since)))
                }
                @if !held.official { " · " span class="soft" { (language.text("provisional")) } }
            }
        }
    }
}

/// What is being done.
fn initiatives(view: &View<'_>, node: &Node<'_>) -> Markup {
    let language = view.language;
    let all = node.objectives().flat_map(|(objective, _)| {
        let of_kpis = objective.kpis.iter().flat_map(|kpi| &kpi.initiatives);
        objective.initiatives.iter().chain(of_kpis)
    });
    let all: Vec<_> = all.collect();
    html! {
        @if !all.is_empty() {
            section aria-labelledby="initiatives" {
                h2 id="initiatives" { (language.text("initiatives")) }
                ul {
                    @for initiative in all {
                        li {
                            (view.written(&initiative.name))
                            @if let Some(owner) = &initiative.owner { " · " (view.person(owner)) }
                            @if let Some(due) = initiative.due {
                                " · " (text!(language, "due", day = language.day(due)))
                            }
                            @if let Some(state) = &initiative.state { " · " (view.written(state)) }
                        }
                    }
                }
            }
        }
    }
}
