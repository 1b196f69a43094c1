//! What is wrong with a configuration, and where: a file, a line, a column, a hint.

use kpid_rules::model::is_hidden;
use serde::Serialize;

/// How like two words must be for one to be suggested for the other.
const SUGGEST_FROM: f64 = 0.7;

/// A stretch of text in one of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which file: its number in [`Files`].
    pub file: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In bytes, from the start of the file.
    pub offset: usize,
    /// In bytes.
    pub length: usize,
}

/// Whether a problem stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but its author would want to know.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stands in the way.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// A sentence that names the thing.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl Problem {
    /// Something that stands in the way.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        let message = on_one_line(&message.into());
        Self { severity: Severity::Error, place, message, hint: None }
    }

    /// Something its author would want to know.
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, message) }
    }

    /// The same, with the way out.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Place {
    /// The place of one character of a text, by its byte.
    pub(crate) fn at(file: usize, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|sign| *sign != '\n').count() + 1;
        let length = text[before.len()..].chars().next().map_or(0, char::len_utf8);
        Self { file, line, column, offset: before.len(), length }
    }

    /// The place of a byte inside a one-line scalar.
    pub(crate) fn within(self, at: usize, text: &str) -> Self {
        // A quoted or folded scalar is longer than its text: then the whole of it is marked.
        if self.length != text.len() {
            return self;
        }
        let column = self.column + text.get(..at).unwrap_or(text).chars().count();
        Self { column, offset: self.offset + at, length: 1, ..self }
    }
}

/// Words that quote an author, for a terminal and a line of a log: what a `"\e"` of YAML made of itself
/// is written out again.
pub fn on_one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_control() {
            shown.extend(sign.escape_debug());
        } else if is_hidden(sign) {
            shown.extend(sign.escape_unicode());
        } else {
            shown.push(sign);
        }
    }
    shown
}

/// The same text, byte by byte, with stars for who we are in the addresses that stand in it.
pub fn masked(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        let host = after.find(|sign: char| sign.is_whitespace() || "/?#\"'".contains(sign));
        let user = after[..host.unwrap_or(after.len())].rfind('@').unwrap_or(0);
        shown.push_str(before);
        shown.push_str(&"*".repeat(user));
        rest = &after[user..];
    }
    shown + rest
}

/// "did you mean `target`?", if one of the known words is like the one written.
pub fn suggestion<'w>(written: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    likest(written, known).map(|best| format!("did you mean `{best}`?"))
}

/// The known word that is most like the one written, if it is like it at all.
pub(crate) fn likest<'w>(
    written: &str,
    known: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    let likeness = |word: &&str| strsim::jaro_winkler(written, word);
    let best = known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= SUGGEST_FROM).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_author_wrote_plays_no_tricks_on_a_terminal() {
        let problem = Problem::error(Place::default(), "`0 0\n\0\u{1b}[2J` has 2 fields: ü");
        assert_eq!(problem.message, "`0 0\\n\\0\\u{1b}[2J` has 2 fields: ü");
    }

    #[test]
    fn who_we_are_is_not_shown_in_an_address() {
        for (text, shown) in [
            ("a: \"https://u:pä@h/x\"", "a: \"https://*****@h/x\""),
            ("https://k3y@h?a@b, ftp://h/a@b", "https://***@h?a@b, ftp://h/a@b"),
            ("http://u:p@ss@h", "http://******@h"),
            ("a://", "a://"),
            ("x@y: 'z'", "x@y: 'z'"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(masked(text).len(), text.len());
        }
    }
}
