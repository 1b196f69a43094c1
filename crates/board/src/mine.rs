//! `/mine`: what is mine? The nodes that a person owns, the worst first, alerts that wait for an answer,
//! actions of reviews, and initiatives that are due.

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::{
    alert,
    layout::{Page, document},
    minutes::{self, TakenDown},
    nodes::ROWS_MAX,
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    judgement::StandingNode,
    model::{Id, Initiative, Scope, Scorecard},
};

const REFRESH_SECONDS: u32 = 60;

/// The page of a person.
pub fn page(view: &View<'_>, person: &Id, taken: TakenDown<'_>) -> String {
    let language = view.language;
    let mut owned: Vec<(Scope, StandingNode<'_>)> = owned(view, person)
        .into_iter()
        .filter_map(|scope| Some((scope.clone(), view.standing.node(&scope)?)))
        .collect();
    owned.sort_by(|(_, left), (_, right)| {
        let score = |node: &StandingNode<'_>| node.score().unwrap_or(f64::INFINITY);
        left.status()
            .severity()
            .cmp(&right.status().severity())
            .then(score(left).total_cmp(&score(right)))
    });
    let title = text!(language, "mine-title", name = view.name_of(person));
    let body = html! {
        h1 { (view.written(&title)) }
        (waiting(view, person))
        (minutes::mine(view, taken, person))
        section aria-labelledby="owned" {
            h2 id="owned" { (language.text("mine-owned")) }
            @if owned.is_empty() { p class="soft" { (language.text("mine-nothing")) } }
            ul {
                @for (scope, node) in owned.iter().take(ROWS_MAX) {
                    li {
                        (view.status(node.status()))
                        @if let Some(score) = node.score() { " " span class="score" { (view.score(score)) } }
                        " " a href=(view.link_to(scope)) { (view.written(node.name())) }
                        " " small class="soft" { (view.written(&scope.to_string())) }
                    }
                }
            }
        }
        (initiatives(view, person))
    };
    document(
        view,
        &Page { title: &title, trail: &[], refresh_seconds: Some(REFRESH_SECONDS), body },
    )
}

/// Everything that a person is named as the owner or the steward of.
fn owned(view: &View<'_>, person: &Id) -> Vec<Scope> {
    let is = |owner: Option<&Id>| owner == Some(person);
    let mut found = Vec::new();
    for scorecard in view.portfolio.scorecards() {
        let id = &scorecard.id;
        found.extend(is(scorecard.owner.as_ref()).then(|| Scope::Scorecard(id.clone())));
        for perspective in &scorecard.perspectives {
            let path = (id.clone(), perspective.id.clone());
            if is(perspective.owner.as_ref()) {
                found.push(Scope::Perspective(path.0.clone(), path.1.clone()));
            }
            let objectives = perspective.objectives.iter().filter(|held| is(held.owner.as_ref()));
            found.extend(objectives.map(|objective| {
                Scope::Objective(path.0.clone(), path.1.clone(), objective.id.clone())
            }));
        }
        let kpis = scorecard.kpis();
        let kpis = kpis.filter(|kpi| is(kpi.owner.as_ref()) || is(kpi.steward.as_ref()));
        found.extend(kpis.map(|kpi| Scope::Kpi(scorecard.named(kpi))));
    }
    found
}

/// Open alerts that this person is told of, those that nobody answers for first.
fn waiting(view: &View<'_>, person: &Id) -> Markup {
    let mut open: Vec<_> = view
        .portfolio
        .scorecards()
        .iter()
        .flat_map(Scorecard::alerts)
        .filter(|(_, policy)| policy.to.contains(person) || policy.escalate_to.contains(person))
        .filter_map(|(scope, _)| Some((view.episodes.get(&scope)?, scope)))
        .filter(|(episode, scope)| episode.is_open() && view.standing.node(scope).is_some())
        .collect();
    open.sort_by_key(|(episode, _)| (episode.acknowledgement.is_some(), episode.opened_at));
    html! {
        @for (episode, scope) in open { (alert::summary(view, &scope, episode)) }
    }
}

/// Initiatives that a person delivers, the earliest first.
fn initiatives(view: &View<'_>, person: &Id) -> Markup {
    let language = view.language;
    let today: NaiveDate = view.as_of().date_naive();
    let shown = |scorecard: &&Scorecard| {
        view.standing.node(&Scope::Scorecard(scorecard.id.clone())).is_some()
    };
    let scorecards = view.portfolio.scorecards().iter().filter(shown);
    let objectives = scorecards.flat_map(Scorecard::objectives);
    let all = objectives.flat_map(|objective| {
        let of_kpis = objective.kpis.iter().flat_map(|kpi| &kpi.initiatives);
        objective.initiatives.iter().chain(of_kpis)
    });
    let mut mine: Vec<&Initiative> =
        all.filter(|initiative| initiative.owner.as_ref() == Some(person)).collect();
    mine.sort_by_key(|initiative| initiative.due.unwrap_or(NaiveDate::MAX));
    html! {
        @if !mine.is_empty() {
            section aria-labelledby="initiatives" {
                h2 id="initiatives" { (language.text("initiatives")) }
                ul {
                    @for initiative in mine.iter().take(ROWS_MAX) {
                        li {
                            (view.written(&initiative.name))
                            @if let Some(due) = initiative.due {
                                " · " (text!(language, "due", day = language.day(due)))
                                @if due < today { " " strong { (language.text("overdue")) } }
                            }
                            @if let Some(state) = &initiative.state { " · " (view.written(state)) }
                        }
                    }
                }
            }
        }
    }
}
