//! `/alerts`, and `/alerts/{alert}`: who answers for it? What is open, with everything that happened and
//! every message that was sent; and the forms by which a person answers, silences or writes a note.

pub(crate) mod history;

use maud::{Markup, html};

use crate::{
    layout::{Page, document},
    nodes::{Listed, ROWS_MAX, choices, listed},
    notes::TEXT_CHARS_MAX,
    view::View,
};
use kpid_language::text;
use kpid_rules::{
    alerting::{Acknowledgement, Episode, Note},
    model::{Id, Scope, Status},
};

pub use history::{Happened, Sent};

const REFRESH_SECONDS: u32 = 60;

/// What a page of one alert is made from, beside the view.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// The node.
    pub scope: &'a Scope,
    /// Where it stands.
    pub episode: &'a Episode,
    /// What happened to it, the oldest first.
    pub happened: &'a [Happened],
    /// The messages about it, the oldest first.
    pub sent: &'a [Sent],
    /// What people wrote about its node, the newest first.
    pub notes: &'a [Note],
    /// Why what the reader asked for was not done.
    pub refused: Option<&'a str>,
}

struct ListedAlert<'a> {
    scope: &'a Scope,
    episode: &'a Episode,
    status: Status,
    score: Option<f64>,
    name: &'a str,
}

impl Listed for ListedAlert<'_> {
    fn status(&self) -> Status {
        self.status
    }

    fn score(&self) -> Option<f64> {
        self.score
    }

    fn words(&self) -> String {
        format!("{}\n{}", self.name, self.scope)
    }
}

/// The page of all alerts: those that nobody answers for first.
pub fn list(view: &View<'_>) -> String {
    let language = view.language;
    let mut rows: Vec<ListedAlert<'_>> = view
        .episodes
        .iter()
        .filter(|(_, episode)| episode.is_open() || episode.recovered_at.is_some())
        .filter_map(|(scope, episode)| {
            let node = view.standing.node(scope)?;
            Some(ListedAlert {
                scope,
                episode,
                status: node.status(),
                score: node.score(),
                name: node.name(),
            })
        })
        .collect();
    rows.sort_by_cached_key(|row| {
        let episode = row.episode;
        let newest = episode.recovered_at.or(episode.opened_at).map(|at| -at.timestamp());
        (!episode.is_open(), episode.acknowledgement.is_some(), newest, row.scope.to_string())
    });
    let listing = listed(view, rows, ROWS_MAX);
    let body = html! {
        h1 { (language.text("nav-alerts")) }
        (choices(view))
        ul class="alerts" {
            @for row in &listing.rows {
                li { (view.status(row.status)) " " (one_line(view, row.scope, row.episode, row.name)) }
            }
        }
        (listing.pages(view))
    };
    let title = language.text("nav-alerts");
    document(
        view,
        &Page { title: &title, trail: &[], refresh_seconds: Some(REFRESH_SECONDS), body },
    )
}

fn one_line(view: &View<'_>, scope: &Scope, episode: &Episode, name: &str) -> Markup {
    html! {
        a href=(link(view, scope, episode)) { (view.written(name)) }
        " " span class="soft" { (view.written(&scope.to_string())) }
        div { (state(view, episode)) }
    }
}

/// The page of an alert.
pub(crate) fn link(view: &View<'_>, scope: &Scope, episode: &Episode) -> String {
    view.address.link(&format!("/alerts/{}", episode.dedup_key(scope)))
}

/// Where an alert stands, in a sentence.
fn state(view: &View<'_>, episode: &Episode) -> Markup {
    let language = view.language;
    html! {
        @if let Some(opened) = episode.opened_at {
            (text!(language, "open-since", instant = view.local(opened))) ". "
        }
        @match (episode.is_open(), episode.recovered_at, &episode.acknowledgement) {
            (false, Some(at), _) => (text!(language, "ended-at", instant = view.local(at))),
            (true, _, Some(acknowledged)) => (acknowledged_by(view, acknowledged)),
            (true, _, None) => strong { (language.text("nobody-answers")) },
            (false, None, _) => {},
        }
    }
}

fn acknowledged_by(view: &View<'_>, acknowledged: &Acknowledgement) -> Markup {
    let language = view.language;
    let by = Id::parse(&acknowledged.by).ok();
    let by = by.as_ref().map_or(acknowledged.by.as_str(), |id| view.name_of(id));
    html! {
        (text!(language, "acknowledged-by", name = by, instant = view.local(acknowledged.at)))
        @if let Some(due) = acknowledged.due { " " (text!(language, "due", day = language.day(due))) "." }
        @if let Some(comment) = &acknowledged.comment { " “" (view.written(comment)) "”" }
    }
}

/// An open alert on the page of its node; what is over is among the alerts.
pub(crate) fn summary(view: &View<'_>, scope: &Scope, episode: &Episode) -> Markup {
    html! {
        @if episode.is_open() {
            aside class="banner bad" {
                strong {
                    (view.language.text("alert-open"))
                    @if let Some(node) = view.standing.node(scope) { ": " (view.written(node.name())) }
                } " " (state(view, episode))
                " " a href=(link(view, scope, episode)) { (view.language.text("to-alert")) }
            }
        }
    }
}

/// The page of one alert.
pub fn page(view: &View<'_>, alert: &Alert<'_>) -> String {
    let language = view.language;
    let node = view.standing.node(alert.scope);
    let path = alert.scope.to_string();
    let name = node.as_ref().map_or(path.as_str(), |node| node.name());
    let title = text!(language, "alert-title", name = name, number = alert.episode.number);
    let body = html! {
        h1 { (view.written(&title)) }
        p class="lead" {
            @if let Some(node) = &node {
                (view.status(node.status()))
                @if let Some(score) = node.score() { " " span class="score" { (view.score(score)) } }
            }
            " " a href=(view.link_to(alert.scope)) { (language.text("to-node")) }
        }
        p { (state(view, alert.episode)) }
        @if let Some(refused) = alert.refused { p class="banner bad" role="alert" { (refused) } }
        @if view.may_act && view.is_present() { (forms(view, alert)) }
        (history::section(view, alert.happened, alert.sent))
        (crate::notes::section(view, alert.notes, alert.scope))
    };
    let trail = [(view.address.link("/alerts"), language.text("nav-alerts").into_owned())];
    document(view, &Page { title: &title, trail: &trail, refresh_seconds: None, body })
}

fn forms(view: &View<'_>, alert: &Alert<'_>) -> Markup {
    let language = view.language;
    let action = format!("/alerts/{}", alert.episode.dedup_key(alert.scope));
    let is_waiting = alert.episode.is_open();
    html! {
        div class="acts" {
            @if is_waiting {
                form method="post" action={ (action) "/acknowledge" } class="act" {
                    h2 { (language.text("acknowledge")) }
                    p class="soft" { (language.text("acknowledge-words")) }
                    label { (language.text("comment"))
                        textarea name="comment" rows="2" maxlength=(TEXT_CHARS_MAX) {} }
                    label { (language.text("well-by")) input type="date" name="due"; }
                    button class="main" { (language.text("acknowledge")) }
                }
            }
            form method="post" action={ (action) "/silence" } class="act" {
                h2 { (language.text("silence")) }
                p class="soft" { (language.text("silence-words")) }
                label { (language.text("silence-until")) input type="date" name="until" required; }
                label { (language.text("silence-reason"))
                    input name="reason" maxlength=(TEXT_CHARS_MAX) required; }
                button { (language.text("silence")) }
            }
        }
    }
}
