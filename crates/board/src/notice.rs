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
    /// The reader may look, and not do this.
    NotAllowed,
    /// A page of somebody else's made the reader's browser ask.
    Elsewhere,
    /// What was written cannot be kept, and why.
    Wrong(&'a str),
    /// The engine has not judged anything yet.
    NotYet,
    /// The page cannot be made now; the log says why.
    Unreadable,
}

/// The page that says so.
pub fn page(language: &'static Language, notice: Notice<'_>) -> String {
    let (title, words) = match notice {
        Notice::NotFound => ("not-found", language.text("not-found-words").into_owned()),
        Notice::NoMoment(written) => {
            ("no-moment", text!(language, "no-moment-words", written = written))
        }
        Notice::NotAllowed => ("not-allowed", language.text("not-allowed-words").into_owned()),
        Notice::Elsewhere => ("not-allowed", language.text("elsewhere-words").into_owned()),
        Notice::Wrong(why) => ("wrong", why.to_owned()),
        Notice::NotYet => ("not-yet", language.text("not-yet-words").into_owned()),
        Notice::Unreadable => ("unreadable", language.text("unreadable-words").into_owned()),
    };
    error_page(language, &language.text(title), &words)
}
