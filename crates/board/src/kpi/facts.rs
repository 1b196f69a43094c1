//! What a KPI is, where its figures come from, and who answers for it.

use maud::{Markup, html};

use crate::{kpi::KpiNode, view::View};
use kpid_language::text;
use kpid_rules::model::{Direction, Input, KpiRef, Nature, Scope};

/// Runs that are shown.
const RUNS_MAX: usize = 10;

pub(super) fn section(view: &View<'_>, node: &KpiNode<'_>) -> Markup {
    let language = view.language;
    let kpi = node.kpi;
    let nature = match kpi.nature {
        Nature::Flow => "nature-flow",
        Nature::Level => "nature-level",
        Nature::Ratio => "nature-ratio",
        Nature::Event => "nature-event",
    };
    let direction = match kpi.direction {
        Direction::Higher => "direction-higher",
        Direction::Lower => "direction-lower",
    };
    html! {
        section aria-labelledby="facts" {
            h2 id="facts" { (language.text("definition")) }
            dl {
                @if let Some(description) = &kpi.description {
                    dt { (language.text("description")) } dd { (view.written(description)) }
                }
                dt { (language.text("nature")) } dd { (language.text(nature)) ", " (language.text(direction)) }
                dt { (language.text("frequency")) } dd { (language.frequency(kpi.frequency)) }
                @if let Some(owner) = &kpi.owner { dt { (language.text("owner")) } dd { (view.person(owner)) } }
                @if let Some(steward) = &kpi.steward { dt { (language.text("steward")) } dd { (view.person(steward)) } }
                (input(view, node))
                @if let Some(source) = node.source {
                    dt { (language.text("source")) }
                    dd {
                        @match &source.question {
                            Some(question) => {
                                (text!(language, "source-asks", connection = source.connection.as_str()))
                                " " code class="question" { (question) }
                            }
                            None => (text!(language, "source-pushes", connection = source.connection.as_str())),
                        }
                    }
                }
                @if let Some(observed) = node.standing.observed_at {
                    dt { (language.text("observed")) } dd { (view.local(observed)) }
                }
            }
            @if !node.runs.is_empty() {
                details {
                    summary { (language.text("last-runs")) }
                    p class="soft" { (language.text("last-runs-words")) }
                    ul {
                        @for run in node.runs.iter().take(RUNS_MAX) {
                            li {
                                (view.local(run.at)) ": "
                                @match &run.problem {
                                    Some(problem) => (view.written(problem)),
                                    None => (language.text("run-well")),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What it is calculated from.
fn input(view: &View<'_>, node: &KpiNode<'_>) -> Markup {
    let language = view.language;
    match &node.kpi.input {
        Input::Collected => html! {},
        Input::Derived(formula) => html! {
            dt { (language.text("formula")) }
            dd {
                code { (formula.text()) }
                @for name in formula.names() {
                    @if let Some(of) = node.scorecard.named(node.kpi).relative(name) { " " (kpi_link(view, &of)) }
                }
            }
        },
        Input::Shared(units) => html! {
            dt { (text!(language, "shared-from", count = units.len())) }
            dd { @for of in units { (kpi_link(view, of)) " " } }
        },
    }
}

/// A KPI by its name where it may be seen, by its path elsewhere.
fn kpi_link(view: &View<'_>, of: &KpiRef) -> Markup {
    let scope = Scope::Kpi(of.clone());
    html! {
        @match view.standing.node(&scope) {
            Some(node) => a href=(view.link_to(&scope)) { (view.written(node.name())) },
            None => (view.written(&of.to_string())),
        }
    }
}
