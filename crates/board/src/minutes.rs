//! What reviews took down: as lists on every page about a node, and the forms of a review.

use std::collections::HashSet;

use maud::{Markup, html};

use crate::{notes::TEXT_CHARS_MAX, view::View};
use kpid_language::text;
use kpid_message::periodic::minutes::how_far;
use kpid_rules::{
    alerting::{
        ActionState, KeptReviewItem, ReviewAction, ReviewItem, ReviewItemKind, open_actions_of,
    },
    model::{Id, Period, Scope},
};

/// What a page of a node shows of it, the newest.
const ITEMS_MAX: usize = 20;

/// Names that are proposed for whoever does something.
const PROPOSED_MAX: usize = 200;

/// What reviews took down, as a reader may see it.
#[derive(Clone, Copy, Debug)]
pub struct TakenDown<'a> {
    /// What they took down, the newest first.
    pub kept: &'a [KeptReviewItem],
    /// The actions of which the reader may say how far they are.
    pub may_settle: &'a HashSet<i64>,
}

/// What somebody wrote into a form of a review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// `decision`, `action` or `success`.
    pub kind: String,
    /// The path of the node.
    pub scope: String,
    /// The words.
    pub text: String,
    /// Who does it.
    pub who: String,
    /// By which day.
    pub due: String,
}

/// What can be chosen in the forms of a review, and what was written so far.
#[derive(Clone, Copy, Debug)]
pub struct Forms<'a> {
    /// The nodes that something can be taken down about.
    pub nodes: &'a [Scope],
    /// What was written.
    pub filled: &'a Filled,
    /// What is wrong with it.
    pub wrong: Option<&'a str>,
}

/// What was taken down about a node and what is below it: open actions by their day, then the rest.
pub(crate) fn section(view: &View<'_>, taken: TakenDown<'_>, scope: &Scope) -> Markup {
    let here = || taken.kept.iter().filter(|kept| view.portfolio.is_below(&kept.item.scope, scope));
    let open = open_actions_of(here(), |_| true);
    let is_settled =
        |kept: &&KeptReviewItem| kept.item.as_action().is_none_or(|action| !action.is_open());
    let rest = here().filter(is_settled);
    let shown: Vec<&KeptReviewItem> =
        open.into_iter().map(|(kept, _)| kept).chain(rest).take(ITEMS_MAX).collect();
    html! {
        @if !shown.is_empty() || (view.is_present() && view.may_act) {
            section aria-labelledby="minutes" {
                h2 id="minutes" { (view.language.text("minutes")) }
                (list(view, taken, &shown, true))
                @if view.is_present() && view.may_act {
                    p {
                        a href={ "/review/" (scope.scorecard()) "?about=" (scope) "#take-down" } {
                            (view.language.text("review-take-down"))
                        }
                    }
                }
            }
        }
    }
}

/// The open actions of a person, by their day, which puts the overdue first.
pub(crate) fn mine(view: &View<'_>, taken: TakenDown<'_>, person: &Id) -> Markup {
    let open = open_actions_of(taken.kept, |who| who == person.as_str());
    let open: Vec<&KeptReviewItem> = open.into_iter().map(|(kept, _)| kept).collect();
    html! {
        @if !open.is_empty() {
            section aria-labelledby="actions" {
                h2 id="actions" { (view.language.text("review-actions")) }
                (list(view, taken, &open, true))
            }
        }
    }
}

/// Items, each with its review where that is another than what the page shows.
pub(crate) fn list(
    view: &View<'_>,
    taken: TakenDown<'_>,
    items: &[&KeptReviewItem],
    names_review: bool,
) -> Markup {
    html! {
        ul class="notes" {
            @for kept in items {
                li id={ "item-" (kept.id) } { (one(view, taken, kept, names_review)) }
            }
        }
    }
}

fn one(
    view: &View<'_>,
    taken: TakenDown<'_>,
    KeptReviewItem { id, item }: &KeptReviewItem,
    names_review: bool,
) -> Markup {
    let language = view.language;
    let ReviewItem { scope, period, text, by, at, .. } = item;
    let by = Id::parse(by).map_or_else(|_| by.clone(), |id| view.name_of(&id).to_owned());
    let kind = match item.kind {
        ReviewItemKind::Decision => "review-decision",
        ReviewItemKind::Action(_) => "review-action",
        ReviewItemKind::Success => "review-success",
    };
    html! {
        p {
            @if names_review { span class="soft" { (language.text(kind)) ": " } }
            (view.written(text))
        }
        @if let Some(action) = item.as_action() { (state(view, taken, *id, action)) }
        small class="soft" {
            (about(view, scope)) " · "
            @if names_review {
                a href={ "/review/" (scope.scorecard()) "/" (period) "#item-" (id) } {
                    (text!(language, "review-of", period = language.period(*period)))
                }
                " · "
            }
            (text!(language, "review-by", name = by, instant = view.local(*at)))
        }
    }
}

/// Who does it by when, how far it is, and the way to say so.
fn state(view: &View<'_>, taken: TakenDown<'_>, id: i64, action: &ReviewAction) -> Markup {
    let language = view.language;
    let as_of = view.as_of();
    let (today, zone) = (as_of.date_naive(), as_of.timezone());
    let said = how_far(language, action, view.people, (today, zone));
    let others: &[ActionState] = match action.state {
        ActionState::Open => &[ActionState::Done, ActionState::Dropped],
        ActionState::Done | ActionState::Dropped => &[ActionState::Open],
    };
    html! {
        div class="doing" {
            span class={ "action " (action.state.word()) @if action.is_overdue(today) { " overdue" } } {
                (view.written(&said))
            }
            @if view.is_present() && taken.may_settle.contains(&id) {
                form method="post" action={ "/actions/" (id) } class="settle" {
                    input type="hidden" name="back" value=(view.address.path());
                    @for state in others {
                        button name="state" value=(state.word()) {
                            (language.text(match state {
                                ActionState::Open => "action-reopen",
                                ActionState::Done => "action-done",
                                ActionState::Dropped => "action-drop",
                            }))
                        }
                    }
                }
            }
        }
    }
}

/// The node, by its name where it is still there.
fn about(view: &View<'_>, scope: &Scope) -> Markup {
    html! {
        @match view.standing.node(scope) {
            Some(node) => a href=(view.link_to(scope)) { (view.written(node.name())) },
            None => (view.written(&scope.to_string())),
        }
    }
}

/// The forms of the review of a period.
pub(crate) fn forms(view: &View<'_>, forms: &Forms<'_>, scorecard: &Id, period: Period) -> Markup {
    let language = view.language;
    let action = format!("/review/{scorecard}/{period}");
    let Forms { filled, wrong, .. } = *forms;
    html! {
        section aria-labelledby="take-down" class="taking" {
            h2 id="take-down" { (language.text("review-take-down")) }
            @if let Some(wrong) = wrong { p class="banner bad" role="alert" { (wrong) } }
            datalist id="people" {
                @for person in view.people.values().take(PROPOSED_MAX) { option value=(person.name) {} }
            }
            @for (kind, title) in [
                ("decision", "review-decision"), ("action", "review-action"), ("success", "review-success"),
            ] {
                details open[filled.kind == kind] {
                    summary { (language.text(title)) }
                    @let held = (filled.kind == kind).then_some(filled);
                    (form(view, forms, (&action, kind), held))
                }
            }
        }
    }
}

fn form(
    view: &View<'_>,
    forms: &Forms<'_>,
    (action, kind): (&str, &str),
    filled: Option<&Filled>,
) -> Markup {
    let language = view.language;
    let text = filled.map(|filled| filled.text.as_str()).unwrap_or_default();
    html! {
        form method="post" action=(action) class="act" {
            input type="hidden" name="kind" value=(kind);
            label { (language.text("review-about"))
                select name="scope" { @for scope in forms.nodes { (node(view, forms, scope)) } }
            }
            label { (language.text(match kind {
                "action" => "review-action-text",
                "success" => "review-success-text",
                _ => "review-decision-text",
            }))
                textarea name="text" rows="2" maxlength=(TEXT_CHARS_MAX) required { (text) } }
            @if kind == "action" {
                label { (language.text("action-who"))
                    input name="who" list="people" required maxlength=(TEXT_CHARS_MAX) autocomplete="off"
                        value=(filled.map(|filled| filled.who.as_str()).unwrap_or_default()); }
                label { (language.text("action-due"))
                    input type="date" name="due" required
                        value=(filled.map(|filled| filled.due.as_str()).unwrap_or_default()); }
            }
            button class="main" { (language.text("review-keep")) }
        }
    }
}

fn node(view: &View<'_>, forms: &Forms<'_>, scope: &Scope) -> Markup {
    let path = scope.to_string();
    let name = view.standing.node(scope).map_or(path.clone(), |node| node.name().to_owned());
    let depth = match scope {
        Scope::Scorecard(_) => "",
        Scope::Perspective(..) => "– ",
        Scope::Objective(..) => "– – ",
        Scope::Kpi(_) => "– – – ",
    };
    html! {
        option value=(path) selected[forms.filled.scope == path] { (depth) (name) }
    }
}
