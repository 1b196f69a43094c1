//! What people wrote about a node, and the form to write more.

use maud::{Markup, html};

use crate::view::View;
use kpid_language::text;
use kpid_rules::{
    alerting::Note,
    model::{Id, Period, Scope},
};

/// Notes of a node that a page shows, the newest.
const NOTES_MAX: usize = 20;

/// As many characters as the rules take.
pub(crate) use kpid_rules::alerting::TEXT_CHARS_MAX;

/// The notes on a node and on what is below it, and the form.
pub(crate) fn section(view: &View<'_>, notes: &[Note], scope: &Scope) -> Markup {
    let language = view.language;
    let about = notes.iter().filter(|note| view.portfolio.is_below(&note.scope, scope));
    let about: Vec<&Note> = about.take(NOTES_MAX).collect();
    html! {
        section aria-labelledby="notes" {
            h2 id="notes" { (language.text("notes")) }
            @if about.is_empty() { p class="soft" { (language.text("no-notes")) } }
            ul class="notes" {
                @for note in about { (one(view, note)) }
            }
            @if view.is_present() && view.may_act {
                details {
                    summary { (language.text("write-note")) }
                    form method="post" action="/notes" class="act" {
                        input type="hidden" name="scope" value=(scope);
                        label { (language.text("note-text"))
                            textarea name="text" rows="3" maxlength=(TEXT_CHARS_MAX) required {} }
                        button { (language.text("note-keep")) }
                    }
                }
            }
        }
    }
}

pub(crate) fn one(view: &View<'_>, note: &Note) -> Markup {
    let by = Id::parse(&note.by).ok();
    let by = by.as_ref().map_or(note.by.as_str(), |id| view.name_of(id));
    let period = Period::parse(&note.period);
    let period = period.map_or_else(|_| note.period.clone(), |period| view.language.period(period));
    html! {
        li {
            p { (view.written(&note.text)) }
            small class="soft" {
                (text!(view.language, "note-by", name = by, instant = view.local(note.at), period = period))
            }
        }
    }
}
