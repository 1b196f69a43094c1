//! What every page has: head, navigation, the instant that is looked at, and the foot.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    asset::{script, style},
    view::{Moment, View},
};
use kpid_language::{Language, languages, text};

/// A page: its name, how often it looks again, and what is on it.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    /// The ways up from it, each with its name; not the page itself.
    pub(crate) trail: &'a [(String, String)],
    /// After so many seconds the browser asks again; never where somebody may be writing.
    pub(crate) refresh_seconds: Option<u32>,
    pub(crate) body: Markup,
}

/// The whole document.
pub(crate) fn document(view: &View<'_>, page: &Page<'_>) -> String {
    let language = view.language;
    let markup = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            (head(page.title, page.refresh_seconds))
            body {
                a class="skip" href="#main" { (language.text("skip-to-content")) }
                (navigation(view))
                main id="main" tabindex="-1" {
                    @if let Some(trouble) = view.trouble {
                        p class="banner bad" role="alert" { (trouble) }
                    }
                    (moment(view))
                    @if !page.trail.is_empty() { (trail(view, page)) }
                    (PreEscaped(kpid_chart::patterns()))
                    (page.body)
                }
                (foot(view))
            }
        }
    };
    markup.into_string()
}

/// A page that only says what is wrong, for whoever asks what is not there or may not see it.
pub(crate) fn error_page(
    language: &'static Language,
    title: &str,
    words: &str,
    (to, way): (&str, &str),
) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            (head(title, None))
            body {
                main id="main" class="alone" {
                    h1 { (title) }
                    p { (words) }
                    p { a href=(to) { (way) } }
                }
            }
        }
    };
    markup.into_string()
}

pub(crate) fn head(title: &str, refresh_seconds: Option<u32>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            @if let Some(seconds) = refresh_seconds {
                meta name="refresh" content=(seconds);
            }
            title { (title) " · kpid" }
            link rel="stylesheet" href={ "/assets/" (style().name) };
            script src={ "/assets/" (script().name) } defer {}
        }
    }
}

fn navigation(view: &View<'_>) -> Markup {
    let language = view.language;
    let places = [
        ("/", "nav-home"),
        ("/mine", "nav-mine"),
        ("/alerts", "nav-alerts"),
        ("/data", "nav-data"),
    ];
    let here = view.address.path();
    html! {
        header class="bar" {
            nav aria-label=(language.text("nav-main")) {
                ul {
                    @for (path, key) in places {
                        @if path != "/mine" || view.reader.person.is_some() {
                            li {
                                a href=(view.address.link(path)) aria-current=[(here == path).then_some("page")] {
                                    (language.text(key))
                                }
                            }
                        }
                    }
                }
            }
            form class="search" role="search" action="/" method="get" {
                @for (name, value) in view.address.kept() { input type="hidden" name=(name) value=(value); }
                label class="unseen" for="q" { (language.text("search")) }
                input id="q" name="q" type="search" maxlength="100" placeholder=(language.text("search"))
                    value=[(here == "/").then(|| view.address.get("q")).flatten()];
                button { (language.text("search-go")) }
            }
            @if view.reader.may_log_in {
                p class="reader" { a href="/login" { (language.text("log-in")) } }
            }
            @if let Some(name) = &view.reader.name {
                p class="reader" {
                    bdi { (name) }
                    @if view.reader.has_session {
                        form method="post" action="/logout" { button class="plain" { (language.text("log-out")) } }
                    }
                }
            }
        }
    }
}

fn trail(view: &View<'_>, page: &Page<'_>) -> Markup {
    html! {
        nav class="trail" aria-label=(view.language.text("nav-trail")) {
            ol {
                @for (link, name) in page.trail { li { a href=(link) { bdi { (name) } } } }
            }
        }
    }
}

/// That it is not the present that is looked at, and the way back.
fn moment(view: &View<'_>) -> Markup {
    let language = view.language;
    let words = match view.moment {
        Moment::Present => return html! {},
        Moment::PeriodEnd(period) => text!(language, "at-period", period = language.period(period)),
        Moment::Instant(at) => text!(language, "at-instant", instant = view.local(at)),
    };
    html! {
        p class="banner" {
            (words) " " a href=(view.address.with("at", "")) { (language.text("to-present")) }
        }
    }
}

fn foot(view: &View<'_>) -> Markup {
    let (language, standing) = (view.language, view.standing);
    let zone = standing.as_of.timezone().to_string();
    let config: String = standing.config.chars().take(12).collect();
    html! {
        footer {
            p {
                (text!(language, "as-of", instant = language.instant(standing.as_of), zone = zone))
                " · " (text!(language, "configuration", hash = config))
            }
            (looked_at(view))
            p class="languages" {
                @for other in languages() {
                    a href=(view.address.with("lang", other.code())) lang=(other.code())
                        aria-current=[(other.code() == language.code()).then_some("true")] {
                        (other.text("language-name"))
                    }
                    " "
                }
            }
        }
    }
}

/// The form that chooses what is looked at, and what it is compared with.
fn looked_at(view: &View<'_>) -> Markup {
    let (language, address) = (view.language, view.address);
    html! {
        form class="moment" method="get" action=(address.path()) {
            @if let Some(lang) = address.get("lang") { input type="hidden" name="lang" value=(lang); }
            label { (language.text("choose-at")) " "
                input name="at" value=[address.get("at")] placeholder="2026-05" size="12" maxlength="40"; }
            " "
            label { (language.text("choose-compare")) " "
                input name="compare" value=[address.get("compare")] placeholder="2026-04" size="12" maxlength="40"; }
            " " button { (language.text("choose-go")) }
        }
    }
}
