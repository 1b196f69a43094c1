//! The page behind the link in a mail: it shows the alert and asks. Whoever has the link may answer, with
//! or without a login, so the page has no ways to other pages.

use std::collections::HashSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    alert::{Happened, Sent, history},
    figures,
    kpi::{self, KpiNode},
    layout::head,
    minutes::TakenDown,
    notes::{self, TEXT_CHARS_MAX},
    parts::status_shown,
    perspective,
    view::View,
};
use kpid_language::{Language, text};
use kpid_rules::{
    alerting::Note,
    judgement::{Judge, KpiStanding, StandingNode, rounding},
    model::{Scope, Status},
};

/// What the page is made from.
#[derive(Clone, Copy)]
pub struct AcknowledgePage<'a> {
    /// The reader's language.
    pub language: &'static Language,
    /// How its node stands; none where it is gone.
    pub node: Option<LinkedNode<'a>>,
    /// What is so, in a sentence.
    pub said: Option<&'a str>,
    /// What to fill in; none where there is nothing to answer.
    pub form: Option<Fields<'a>>,
}

/// The node of an alert.
#[derive(Clone, Copy)]
pub struct LinkedNode<'a> {
    /// Its name.
    pub name: &'a str,
    /// The name of its scorecard.
    pub scorecard: &'a str,
    /// How it stands.
    pub status: Status,
    /// Its unrounded score.
    pub score: Option<f64>,
    /// Since when the alert is open, as it is written.
    pub opened: Option<&'a str>,
    /// The KPIs below it that are not on track, the worst first.
    pub kpis: &'a [&'a KpiStanding],
    /// What the page of the alert has beside.
    pub details: Details<'a>,
}

/// What there is to know of an alert before somebody answers for it.
#[derive(Clone, Copy)]
pub struct Details<'a> {
    /// What pictures are drawn from.
    pub view: &'a View<'a>,
    /// What is held.
    pub judge: &'a Judge<'a>,
    /// The node.
    pub scope: &'a Scope,
    /// What happened to the alert, the oldest first.
    pub happened: &'a [Happened],
    /// The messages about it, the oldest first.
    pub sent: &'a [Sent],
    /// What people wrote about the node and what is below it, the newest first.
    pub notes: &'a [Note],
}

/// What somebody wrote, and who it would be from.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The name of whoever the link is for.
    pub who: &'a str,
    /// The comment so far.
    pub comment: &'a str,
    /// The day so far.
    pub due: &'a str,
    /// What is wrong with what was written.
    pub wrong: Option<&'a str>,
}

/// The page.
pub fn page(page: &AcknowledgePage<'_>) -> String {
    let language = page.language;
    let title = language.text("acknowledge");
    let markup = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            (head(&title, None))
            body {
                main id="main" class=(if page.node.is_some() { "linked" } else { "alone" }) {
                    (PreEscaped(kpid_chart::patterns()))
                    @if let Some(linked) = &page.node { (heading(language, linked)) }
                    @if let Some(said) = page.said { p { bdi { (said) } } }
                    @if let Some(fields) = &page.form { (form(language, fields)) }
                    @if let Some(linked) = &page.node { (facts(language, linked)) }
                }
            }
        }
    };
    markup.into_string()
}

fn heading(language: &'static Language, node: &LinkedNode<'_>) -> Markup {
    html! {
        p class="soft" { bdi { (node.scorecard) } }
        h1 { bdi { (node.name) } }
        p class="lead" {
            (status_shown(language, node.status))
            @if let Some(score) = node.score {
                " " span class="score" { (language.number(&rounding::score(score))) }
            }
            @if let Some(opened) = node.opened { " · " (text!(language, "open-since", instant = opened)) }
        }
    }
}

/// What the alert is about: the KPIs, the process or what changed, what happened and what people wrote.
fn facts(language: &'static Language, node: &LinkedNode<'_>) -> Markup {
    let Details { view, happened, sent, notes, .. } = node.details;
    html! {
        @if !node.kpis.is_empty() {
            section aria-labelledby="kpis" {
                h2 id="kpis" { (language.text("kpis")) }
                div class="wide" tabindex="0" role="region" aria-labelledby="kpis" {
                    table class="kpis" {
                        thead { tr {
                            th scope="col" { (language.text("kpi")) }
                            th scope="col" { (language.text("status")) }
                            th scope="col" class="number" { (language.text("value")) }
                            th scope="col" class="number" { (language.text("target")) }
                            th scope="col" { (language.text("against-target")) }
                            th scope="col" { (language.text("last-periods")) }
                        } }
                        tbody { @for kpi in node.kpis { (row(language, node.details, kpi)) } }
                    }
                }
            }
        }
        (chart(node.details))
        (history::section(view, happened, sent))
        @if !notes.is_empty() {
            section aria-labelledby="notes" {
                h2 id="notes" { (language.text("notes")) }
                ul class="notes" { @for note in notes { (notes::one(view, note)) } }
            }
        }
    }
}

/// The process of a KPI, or what changed the score of a perspective.
fn chart(details: Details<'_>) -> Markup {
    let Details { view, judge, scope, .. } = details;
    let scorecard = view.portfolio.scorecard(scope.scorecard());
    let (Some(scorecard), Some(standing)) = (scorecard, view.standing.node(scope)) else {
        return html! {};
    };
    match (scope, standing) {
        (Scope::Kpi(named), StandingNode::Kpi(standing)) => {
            let Some(kpi) = scorecard.kpi(&named.kpi) else { return html! {} };
            let taken = TakenDown { kept: &[], may_settle: &HashSet::new() };
            let (runs, notes) = (&[], &[]);
            let node = KpiNode { scorecard, kpi, standing, source: None, runs, notes, taken };
            kpi::over_time(view, judge, &node)
        }
        (Scope::Perspective(_, id), StandingNode::Perspective(standing)) => {
            let Some(perspective) = scorecard.perspective(id) else { return html! {} };
            perspective::change(view, judge, (scorecard, perspective, standing))
        }
        _ => html! {},
    }
}

fn row(language: &'static Language, details: Details<'_>, kpi: &KpiStanding) -> Markup {
    let Details { view, judge, scope, .. } = details;
    let scorecard = view.portfolio.scorecard(scope.scorecard());
    let case = scorecard.and_then(|held| Some(judge.case(held, held.kpi(&kpi.id)?)));
    let case = case.as_ref();
    let shown = kpi.readout();
    let amount = |number: Option<f64>| {
        number.map(|number| language.amount(&shown.number(number), kpi.unit.as_deref()))
    };
    html! {
        tr {
            th scope="row" { bdi { (kpi.name) } }
            td { (status_shown(language, kpi.status)) }
            td class="number" data-label=(language.text("value")) { (amount(kpi.value).unwrap_or_default()) }
            td class="number" data-label=(language.text("target")) { (amount(kpi.target.or(kpi.green_line)).unwrap_or_default()) }
            td { @if let Some(svg) = case.and_then(|case| figures::bullet(view, case, kpi)) { (PreEscaped(svg)) } }
            td { @if let Some(svg) = case.and_then(|case| figures::sparkline(view, case, kpi)) { (PreEscaped(svg)) } }
        }
    }
}

fn form(language: &'static Language, fields: &Fields<'_>) -> Markup {
    html! {
        form method="post" class="act" {
            p { (text!(language, "acknowledge-as", name = fields.who)) }
            @if let Some(wrong) = fields.wrong { p class="banner bad" role="alert" { (wrong) } }
            label { (language.text("comment-done"))
                textarea name="comment" rows="3" maxlength=(TEXT_CHARS_MAX) { (fields.comment) } }
            label { (language.text("well-by")) input name="due" type="date" value=(fields.due); }
            button class="main" { (language.text("acknowledge")) }
            p class="soft" { (language.text("acknowledge-alone")) }
        }
    }
}
