//! Paths with the window in them.

use url::form_urlencoded;

use crate::http::Template;
use crate::{
    question::Window,
    wording::{Wording, WordingError},
};

/// Why a text is not a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Its braces or the names in them are wrong.
    #[error(transparent)]
    Wording(#[from] WordingError),
    /// A line break or another control character.
    #[error("`{0}` has a line break or tab in it, which no address has; write it on one line")]
    Control(String),
    /// A whole address.
    #[error("`{0}` is a whole address; write what comes after the connection's base_url")]
    Absolute(String),
}

impl Template {
    /// Reads a path and query below a base URL. All of it is sent: a `#` begins no fragment, of which
    /// a server would never hear.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.contains(char::is_control) {
            let shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
            return Err(TemplateError::Control(shown));
        }
        let head = text.split(['/', '?', '{']).next().unwrap_or_default();
        if head.ends_with(':') || text.starts_with("//") {
            return Err(TemplateError::Absolute(text.to_owned()));
        }
        let said = text.trim_end_matches(' ');
        // Readers of addresses cut off spaces at the end, and read `\` as `/`.
        let spaces = "%20".repeat(text.len() - said.len());
        let sent = said.replace('#', "%23").replace('\\', "%5C") + &spaces;
        Ok(Self { wording: Wording::parse(&sent)? })
    }

    /// As its author wrote it, with the names of what stands for the window.
    pub(crate) fn written(&self) -> String {
        self.wording.written()
    }

    /// Whether a parameter of the window stands in it.
    pub fn names_period(&self) -> bool {
        self.wording.names_period()
    }

    /// The path and query for a window, percent-encoded.
    pub(crate) fn fill(&self, window: &Window) -> String {
        self.wording
            .fill_with(window, |word| form_urlencoded::byte_serialize(word.as_bytes()).collect())
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Amsterdam;

    use super::*;
    use kpid_rules::model::{Calendar, Period};

    #[test]
    fn the_window_takes_the_place_of_names() {
        let (calendar, period) = (Calendar::plain(Amsterdam), Period::Month(2026, 5));
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        let window = Window { period, start, end, first_day, last_day };
        for (text, filled) in [
            ("orders", "orders"),
            ("/a?k={period_key}", "/a?k=2026-05"),
            ("{period_start}/x", "2026-04-30T22%3A00%3A00Z/x"),
            ("a?from={period_first_day}&to={period_last_day}", "a?from=2026-05-01&to=2026-05-31"),
            ("a:b", "a:b"),
            ("search?text=c#&month={period_key}", "search?text=c%23&month=2026-05"),
            ("a?path=c:\\x&q=a b ", "a?path=c:%5Cx&q=a b%20"),
            ("a?b=c\n", "a?b=c"),
        ] {
            assert_eq!(Template::parse(text).map(|found| found.fill(&window)), Ok(filled.into()));
        }
    }

    #[test]
    fn misfits_are_refused_when_read() {
        for (text, part) in [
            ("a?b={period}", "`period` stands for nothing"),
            ("a?b={period_key", "a brace without its partner"),
            ("a}b", "a brace without its partner"),
            ("a?b=c\n&d=e", "`a?b=c &d=e` has a line break"),
            ("https://elsewhere.example/x", "whole address"),
            ("//elsewhere.example/x", "whole address"),
        ] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
