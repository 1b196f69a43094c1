//! The page behind the link in a mail: it shows the alert and asks. Whoever has the link may answer, with
//! or without a login, so the page has no ways to other pages.

use maud::{DOCTYPE, Markup, html};

use crate::{layout::head, notes::TEXT_CHARS_MAX, parts::status_shown};
use kpid_language::{Language, text};
use kpid_rules::{
    judgement::{KpiStanding, rounding},
    model::Status,
};

/// What the page is made from.
#[derive(Clone, Copy, Debug)]
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
#[derive(Clone, Copy, Debug)]
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
                main id="main" class="alone" {
                    @if let Some(linked) = &page.node { (node(language, linked)) }
                    @if let Some(said) = page.said { p { bdi { (said) } } }
                    @if let Some(fields) = &page.form { (form(language, fields)) }
                }
            }
        }
    };
    markup.into_string()
}

fn node(language: &'static Language, node: &LinkedNode<'_>) -> Markup {
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
        @if !node.kpis.is_empty() {
            div class="wide" {
                table {
                    thead { tr {
                        th scope="col" { (language.text("kpi")) }
                        th scope="col" { (language.text("status")) }
                        th scope="col" class="number" { (language.text("value")) }
                        th scope="col" class="number" { (language.text("target")) }
                    } }
                    tbody { @for kpi in node.kpis { (row(language, kpi)) } }
                }
            }
        }
    }
}

fn row(language: &'static Language, kpi: &KpiStanding) -> Markup {
    let shown = kpi.readout();
    let amount = |number: Option<f64>| {
        number.map(|number| language.amount(&shown.number(number), kpi.unit.as_deref()))
    };
    html! {
        tr {
            th scope="row" { bdi { (kpi.name) } }
            td { (language.status(kpi.status)) }
            td class="number" { (amount(kpi.value).unwrap_or_default()) }
            td class="number" { (amount(kpi.target.or(kpi.green_line)).unwrap_or_default()) }
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
