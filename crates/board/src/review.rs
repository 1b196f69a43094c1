//! `/review/{scorecard}/{period}`: the meeting, page by page. The report as it was sent, or as it would be
//! now; what changed, what wants a decision, what was decided, and a success to end with.

use maud::{Markup, html};

use crate::{
    layout::{Page, document},
    minutes::{self, Forms, TakenDown},
    view::View,
};
use kpid_language::text;
use kpid_message::overview::{Entry, MapRow, Overview, SectionKind};
use kpid_rules::{
    alerting::{KeptReviewItem, ReviewItemKind, actions_before},
    model::{Period, Scorecard},
};

/// What the page of a review is made from, beside the view.
#[derive(Clone, Copy, Debug)]
pub struct ReviewPage<'a> {
    /// The scorecard.
    pub scorecard: &'a Scorecard,
    /// The period.
    pub period: Period,
    /// The report.
    pub report: &'a Overview,
    /// Whether it is the report that was sent, and not one made now.
    pub was_sent: bool,
    /// What reviews of the scorecard took down.
    pub taken: TakenDown<'a>,
    /// What the reader may take down; none of somebody who may not.
    pub forms: Option<Forms<'a>>,
}

/// The page.
pub fn page(view: &View<'_>, review: &ReviewPage<'_>) -> String {
    let language = view.language;
    let ReviewPage { scorecard, period, report, was_sent, .. } = *review;
    let title = text!(
        language,
        "review-title",
        name = scorecard.name.as_str(),
        period = language.period(period),
    );
    let made = if was_sent { "review-as-sent" } else { "review-made-now" };
    let made = language.text_with(made, [("instant", view.local(report.at.to_utc()).into())]);
    let body = html! {
        h1 { (view.written(&title)) }
        p class="soft" { (made) }
        p { (view.written(&report.summary)) }
        (map(view, &report.map))
        (before(view, review))
        @for section in report.sections.iter().filter(|section| section.kind != SectionKind::Actions) {
            section class="chapter" {
                h2 { (view.written(&section.title)) }
                ul { @for entry in &section.entries { (one(view, entry)) } }
                @if section.more > 0 { p class="soft" { (text!(language, "and-more", count = section.more)) } }
            }
        }
        (taken_down(view, review))
        @if let Some(forms) = review.forms.as_ref().filter(|_| view.is_present()) {
            (minutes::forms(view, forms, &scorecard.id, period))
        }
        nav class="links" aria-label=(language.text("pages")) {
            @let path = |period: Period| view.address.link(&format!("/review/{}/{period}", scorecard.id));
            a href=(path(period.previous())) rel="prev" { (language.period(period.previous())) }
            " · "
            a href=(path(period.next())) rel="next" { (language.period(period.next())) }
        }
    };
    let trail = [
        (view.address.link("/"), language.text("nav-home").into_owned()),
        (view.link_to_scorecard(&scorecard.id), scorecard.name.clone()),
    ];
    document(view, &Page { title: &title, trail: &trail, refresh_seconds: None, body })
}

/// What became of the actions of earlier reviews, the overdue first.
fn before(view: &View<'_>, review: &ReviewPage<'_>) -> Markup {
    let ReviewPage { scorecard, period, taken, .. } = *review;
    let actions = actions_before(taken.kept, &scorecard.calendar, period);
    let actions: Vec<&KeptReviewItem> = actions.into_iter().map(|(kept, _)| kept).collect();
    html! {
        @if !actions.is_empty() {
            section class="chapter" {
                h2 { (view.language.text("review-actions-before")) }
                (minutes::list(view, taken, &actions, true))
            }
        }
    }
}

/// What this review took down.
fn taken_down(view: &View<'_>, review: &ReviewPage<'_>) -> Markup {
    let ReviewPage { period, taken, .. } = *review;
    let found = |is_it: fn(&ReviewItemKind) -> bool| {
        let items = taken.kept.iter().filter(|kept| kept.item.period == period);
        let mut found: Vec<&KeptReviewItem> = items.filter(|kept| is_it(&kept.item.kind)).collect();
        // As the meeting went.
        found.reverse();
        found
    };
    let chapters = [
        ("review-decisions", found(|kind| *kind == ReviewItemKind::Decision)),
        ("review-actions", found(|kind| matches!(kind, ReviewItemKind::Action(_)))),
        ("review-successes", found(|kind| *kind == ReviewItemKind::Success)),
    ];
    html! {
        @if chapters.iter().any(|(_, items)| !items.is_empty()) {
            section class="chapter" aria-labelledby="minutes" {
                h2 id="minutes" { (view.language.text("minutes")) }
                @for (heading, items) in &chapters {
                    @if !items.is_empty() {
                        h3 { (view.language.text(heading)) }
                        (minutes::list(view, taken, items, false))
                    }
                }
            }
        }
    }
}

fn map(view: &View<'_>, rows: &[MapRow]) -> Markup {
    html! {
        @if !rows.is_empty() {
            div class="review-map" {
                @for row in rows {
                    div class={ "tile " (row.mark.status.word()) } {
                        strong { (view.written(&row.named.name)) } " " (view.status(row.mark.status))
                        @if let Some(score) = row.mark.score { " " (view.score(score)) }
                        ul {
                            @for cell in &row.objectives {
                                li {
                                    (view.status(cell.mark.status))
                                    @if let Some(score) = cell.mark.score { " " (view.score(score)) }
                                    " " (view.written(&cell.named.name))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn one(view: &View<'_>, entry: &Entry) -> Markup {
    html! {
        li {
            @if let Some(status) = entry.status { (view.status(status)) " " }
            @match view.portfolio.resolve(&entry.scope) {
                Some(scope) => a href=(view.link_to(&scope)) { (view.written(&entry.name)) },
                None => (view.written(&entry.name)),
            }
            @if !entry.of.is_empty() { " " small class="soft" { (view.written(&entry.of)) } }
            @if !entry.words.is_empty() { div { (view.written(&entry.words)) } }
            @for note in &entry.notes { div class="soft" { (view.written(note)) } }
        }
    }
}
