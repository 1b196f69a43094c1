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
    /// The request means a host that is not known here.
    OtherName,
    /// More is asked at once than can be answered.
    Busy,
    /// It cannot be asked in this way.
    NotThisWay,
    /// More was sent than is taken.
    TooLong,
    /// What was sent cannot be read.
    NotUnderstood,
    /// They can log in, at this address.
    LogIn(&'a str),
    /// They log out, and may do so at their provider's, too.
    LoggedOut(Option<&'a str>),
    /// More came from their address by links in mails than anybody does in a minute.
    TooManyLinks,
    /// More logins than anybody needs.
    LoginTooMany,
    /// The provider of this host cannot be asked, or says what cannot be used.
    LoginUnavailable(&'a str),
    /// The clock of this machine or of the provider is wrong.
    LoginClock(&'a str),
    /// The login began elsewhere, or too long ago, or has ended already.
    LoginStale,
    /// The provider lets them in nowhere.
    LoginRefused(&'a str),
    /// The provider knows them, and kpid does not.
    LoginNotAdmitted(&'a str),
    /// The provider does not vouch for their address.
    LoginUnverified(&'a str),
    /// The provider does not say who they are.
    LoginUnnamed(&'a str),
    /// Nothing can be kept now, so nobody can log in.
    LoginNotKept,
}

/// Where whoever is not admitted logs in as somebody else.
const LOG_IN_AS_OTHER: &str = "/login?other=1";

/// The page that says so.
pub fn page(language: &'static Language, notice: Notice<'_>) -> String {
    let (title, words) = said(language, notice);
    let (to, way) = way(notice);
    error_page(language, &language.text(title), &words, (to, &language.text(way)))
}

/// The same without a page, for programs.
pub fn words(language: &'static Language, notice: Notice<'_>) -> String {
    said(language, notice).1
}

/// The way out: an address, and what it is called by its key.
fn way(notice: Notice<'_>) -> (&str, &'static str) {
    match notice {
        Notice::LogIn(to) => (to, "log-in"),
        Notice::LoggedOut(Some(to)) => (to, "log-out-there"),
        Notice::LoginNotAdmitted(_) => (LOG_IN_AS_OTHER, "log-in-as-other"),
        Notice::LoggedOut(None)
        | Notice::LoginTooMany
        | Notice::LoginUnavailable(_)
        | Notice::LoginClock(_)
        | Notice::LoginStale
        | Notice::LoginRefused(_)
        | Notice::LoginUnverified(_)
        | Notice::LoginUnnamed(_)
        | Notice::LoginNotKept => ("/login", "log-in"),
        _ => ("/", "to-home"),
    }
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
        Notice::OtherName => ("other-name", language.text("other-name-words").into_owned()),
        Notice::Busy => ("busy", language.text("busy-words").into_owned()),
        Notice::NotThisWay => ("not-this-way", language.text("not-this-way-words").into_owned()),
        Notice::TooLong => ("wrong", language.text("too-long-words").into_owned()),
        Notice::NotUnderstood => ("wrong", language.text("not-understood-words").into_owned()),
        Notice::LogIn(_) => ("log-in-first", language.text("log-in-first-words").into_owned()),
        Notice::LoggedOut(_) => ("logged-out", language.text("logged-out-words").into_owned()),
        Notice::TooManyLinks => ("not-now", language.text("too-many-links-words").into_owned()),
        Notice::LoginTooMany => ("not-now", language.text("login-too-many-words").into_owned()),
        Notice::LoginUnavailable(host) => {
            ("not-logged-in", text!(language, "login-unavailable-words", host = host))
        }
        Notice::LoginClock(host) => {
            ("not-logged-in", text!(language, "login-clock-words", host = host))
        }
        Notice::LoginStale => ("not-logged-in", language.text("login-stale-words").into_owned()),
        Notice::LoginRefused(host) => {
            ("not-logged-in", text!(language, "login-refused-words", host = host))
        }
        Notice::LoginNotAdmitted(user) => {
            ("not-admitted", text!(language, "login-not-admitted-words", user = user))
        }
        Notice::LoginUnverified(host) => {
            ("not-logged-in", text!(language, "login-unverified-words", host = host))
        }
        Notice::LoginUnnamed(host) => {
            ("not-logged-in", text!(language, "login-unnamed-words", host = host))
        }
        Notice::LoginNotKept => ("not-now", language.text("login-not-kept-words").into_owned()),
    }
}
