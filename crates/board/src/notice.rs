//! What a reader is told where a page cannot be shown: each with a title and a sentence that says the
//! way out.

use crate::layout::error_page;
use kpid_language::{Language, text};

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// There is nothing at this address, or nothing that the reader may see.
    NotFound,
    /// What `?at=` or `?compare=` says is no period and no instant.
    NoMoment(&'a str),
    /// Nobody knows who asks.
    Unknown,
    /// What the reader has opens something else.
    NotForToken,
    /// The reader may look, and not do this.
    NotAllowed,
    /// A page of somebody else's made the reader's browser ask.
    Elsewhere,
    /// The reader changed more than anybody does in a minute.
    TooMany,
    /// What was written cannot be kept, and why.
    Wrong(&'a str),
    /// The engine has not judged anything yet.
    NotYet,
    /// The page cannot be made now; the log says why.
    Unreadable,
}

/// The page that says so.
pub fn page(language: &'static Language, notice: Notice<'_>) -> String {
    let (title, words) = said(language, notice);
    error_page(language, &language.text(title), &words)
}

/// The same without a page, for programs.
pub fn words(language: &'static Language, notice: Notice<'_>) -> String {
    said(language, notice).1
}

/// A title by its key, and a sentence.
fn said(language: &'static Language, notice: Notice<'_>) -> (&'static str, String) {
    match notice {
        Notice::NotFound => ("not-found", language.text("not-found-words").into_owned()),
        Notice::NoMoment(written) => {
            ("no-moment", text!(language, "no-moment-words", written = written))
        }
        Notice::Unknown => ("unknown", language.text("unknown-words").into_owned()),
        Notice::NotForToken => ("not-allowed", language.text("not-for-token-words").into_owned()),
        Notice::NotAllowed => ("not-allowed", language.text("not-allowed-words").into_owned()),
        Notice::Elsewhere => ("not-allowed", language.text("elsewhere-words").into_owned()),
        Notice::TooMany => ("not-allowed", language.text("too-many-words").into_owned()),
        Notice::Wrong(why) => ("wrong", why.to_owned()),
        Notice::NotYet => ("not-yet", language.text("not-yet-words").into_owned()),
        Notice::Unreadable => ("unreadable", language.text("unreadable-words").into_owned()),
    }
}
