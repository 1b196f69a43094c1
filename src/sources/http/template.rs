//! Paths with the window in them.

use url::form_urlencoded;

use super::{Piece, Template};
use crate::sources::{
    Window,
    parameter::{Parameter, UnknownParameter},
};

/// Why a text is not a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An unknown name between braces.
    #[error(transparent)]
    Unknown(#[from] UnknownParameter),
    /// A brace without its partner.
    #[error("`{0}` has a brace without its partner; write %7B and %7D for braces themselves")]
    Brace(String),
    /// A whole address.
    #[error("`{0}` is a whole address; write what comes after the connection's base_url")]
    Absolute(String),
}

impl Template {
    /// Reads a path and query below a base URL.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let head = text.split(['/', '?', '{']).next().unwrap_or_default();
        if head.ends_with(':') || text.starts_with("//") {
            return Err(TemplateError::Absolute(text.to_owned()));
        }
        let stray = || TemplateError::Brace(text.to_owned());
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').ok_or_else(stray)?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Parameter(Parameter::parse(name)?));
            rest = tail;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let has_stray = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains('}'));
        if pieces.iter().any(has_stray) { Err(stray()) } else { Ok(Self { pieces }) }
    }

    /// Whether a parameter of the window stands in it.
    pub fn names_period(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Parameter(_)))
    }

    /// The path and query for a window, percent-encoded.
    pub(super) fn fill(&self, window: &Window) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Parameter(parameter) => {
                    filled
                        .extend(form_urlencoded::byte_serialize(parameter.word(window).as_bytes()));
                }
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Amsterdam;

    use super::*;
    use crate::scorecard::{Calendar, Period};

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
            ("https://elsewhere.example/x", "whole address"),
            ("//elsewhere.example/x", "whole address"),
        ] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
