//! The KPIs of a perspective, a row each: how it stands, against what, and how it came here.

use maud::{Markup, PreEscaped, html};

use crate::{
    figures,
    nodes::{Listed, ROWS_MAX, choices, listed},
    perspective::Node,
    process,
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    judgement::{Judge, KpiStanding},
    model::{Kpi, Objective, Status},
};

struct ListedKpi<'a> {
    objective: &'a Objective,
    kpi: &'a Kpi,
    standing: &'a KpiStanding,
}

impl Listed for ListedKpi<'_> {
    fn status(&self) -> Status {
        self.standing.status
    }

    fn score(&self) -> Option<f64> {
        self.standing.score
    }

    fn words(&self) -> String {
        format!("{}\n{}", self.standing.name, self.objective.name)
    }
}

pub(super) fn section(view: &View<'_>, judge: &Judge<'_>, node: &Node<'_>) -> Markup {
    let language = view.language;
    let rows = node.objectives().flat_map(|(objective, standing)| {
        let pairs = objective.kpis.iter().zip(&standing.kpis);
        pairs.map(move |(kpi, standing)| ListedKpi { objective, kpi, standing })
    });
    let listing = listed(view, rows.collect(), ROWS_MAX);
    html! {
        section aria-labelledby="kpis" {
            h2 id="kpis" { (language.text("kpis")) }
            (choices(view))
            @if listing.found > 0 {
                div class="wide" tabindex="0" role="region" aria-labelledby="kpis" {
                    table class="kpis" {
                        thead {
                            tr {
                                th scope="col" { (language.text("status")) }
                                th scope="col" { (language.text("kpi")) }
                                th scope="col" class="number" { (language.text("value")) }
                                th scope="col" class="number" { (language.text("target")) }
                                th scope="col" class="number" { (language.text("gap")) }
                                th scope="col" { (language.text("against-target")) }
                                th scope="col" { (language.text("last-periods")) }
                                th scope="col" { (language.text("variation")) }
                                th scope="col" class="number" { (language.text("share")) }
                            }
                        }
                        tbody { @for row in &listing.rows { (table_row(view, judge, node, row)) } }
                    }
                }
            }
            (listing.pages(view))
            (linked(view, node))
        }
    }
}

fn table_row(view: &View<'_>, judge: &Judge<'_>, node: &Node<'_>, row: &ListedKpi<'_>) -> Markup {
    let ListedKpi { objective, kpi, standing } = row;
    let language = view.language;
    let case = judge.case(node.scorecard, kpi);
    let amount = |number: f64| view.amount(standing, number);
    html! {
        tr {
            td {
                (view.status(standing.status))
                @if let Some(score) = standing.score { " " span class="score" { (view.score(score)) } }
            }
            th scope="row" {
                a href=(view.link_to_kpi(&node.scorecard.id, &kpi.id)) { (view.written(&kpi.name)) }
                @if kpi.critical { " " small class="soft" { (language.text("critical")) } }
                div class="soft" {
                    @if node.objective.is_none() { (view.written(&objective.name)) }
                    @if let Some(owner) = &kpi.owner { " · " (view.person(owner)) }
                }
                @if let Some(gap) = standing.gap { div class="soft" { (process::gap(language, gap)) } }
                @if standing.error.is_some() { div class="soft" { (language.text("source-fails")) } }
            }
            td class="number" data-label=(language.text("value")) {
                @if let Some(value) = standing.value { (amount(value)) } @else { "–" }
                @if let Some(period) = standing.period { div class="soft" { (language.period_short(period)) } }
            }
            td class="number" data-label=(language.text("target")) { @if let Some(target) = standing.target.or(standing.green_line) { (amount(target)) } @else { "–" } }
            td class="number" data-label=(language.text("gap")) {
                @if let Some(variance) = standing.variance { (process::difference(view, standing, variance)) }
            }
            td { @if let Some(svg) = figures::bullet(view, &case, standing) { (PreEscaped(svg)) } }
            td { @if let Some(svg) = figures::sparkline(view, &case, standing) { (PreEscaped(svg)) } }
            td { (process::variation(view, &case, standing)) }
            td class="number" data-label=(language.text("share")) {
                @if let Some(share) = standing.share_pct.filter(|share| *share > 0.0) { (view.percent(share / 100.0)) }
            }
        }
    }
}

/// Objectives of other units that contribute to those shown.
fn linked(view: &View<'_>, node: &Node<'_>) -> Markup {
    let linked: Vec<_> = node.objectives().flat_map(|(_, standing)| &standing.linked).collect();
    html! {
        @if !linked.is_empty() {
            h3 { (view.language.text("contributions-of-units")) }
            ul {
                @for link in linked {
                    li {
                        (view.verdict(&link.verdict, true)) " "
                        a href=(view.link_to_scorecard(&link.objective.scorecard)) { (view.written(&link.name)) }
                        @if let Some(share) = link.share_pct.filter(|share| *share > 0.0) {
                            " " small class="soft" {
                                (text!(view.language, "share-of-shortfall", share = view.percent(share / 100.0)))
                            }
                        }
                    }
                }
            }
        }
    }
}
