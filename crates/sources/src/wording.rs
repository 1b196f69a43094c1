//! Texts with the window in them: a path, the name of a file, an argument of a command.

use crate::{
    parameter::{self, Parameter, UnknownParameter},
    question::Window,
};

/// A text in which `{period_key}`, `{period_start}`, `{period_end}`, `{period_first_day}` and
/// `{period_last_day}` stand for the window; `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    pieces: Vec<WordingPiece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum WordingPiece {
    Text(String),
    Parameter(Parameter),
}

/// Why a text is not a [`Wording`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordingError {
    /// An unknown name between braces.
    #[error(transparent)]
    Unknown(#[from] UnknownParameter),
    /// A brace without its partner.
    #[error("`{0}` has a brace without its partner; write {{{{ and }}}} for braces themselves")]
    Brace(String),
    /// A parameter that is written as in SQL, or in the braces that stand for braces themselves.
    #[error("`{written}` would be sent as it stands; write {{{name}}} for the period")]
    Literal {
        /// As it is written.
        written: String,
        /// Without the signs around it.
        name: String,
    },
}

impl Wording {
    /// As its author wrote it, with the names of what stands for the window.
    pub(crate) fn written(&self) -> String {
        let piece = |piece: &WordingPiece| match piece {
            WordingPiece::Text(text) => text.clone(),
            WordingPiece::Parameter(parameter) => format!("{{{parameter}}}"),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, WordingError> {
        let stray = || WordingError::Brace(text.to_owned());
        let (mut pieces, mut said, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            said.push_str(before);
            if brace.starts_with("{{") || brace.starts_with("}}") {
                said.push_str(&brace[..1]);
                rest = &brace[2..];
                continue;
            }
            let name = brace.strip_prefix('{').ok_or_else(stray)?;
            let (name, after) = name.split_once('}').ok_or_else(stray)?;
            pieces.push(WordingPiece::Text(std::mem::take(&mut said)));
            pieces.push(WordingPiece::Parameter(Parameter::parse(name)?));
            rest = after;
        }
        said.push_str(rest);
        pieces.push(WordingPiece::Text(said));
        for piece in &pieces {
            if let WordingPiece::Text(said) = piece
                && let Some(found) = parameter::named_in(said)
            {
                let name = found.trim_matches(['{', '}', ':']).to_owned();
                let is_braced = found.starts_with('{');
                let written = if is_braced { format!("{{{found}}}") } else { found };
                return Err(WordingError::Literal { written, name });
            }
        }
        pieces.shrink_to_fit();
        Ok(Self { pieces })
    }

    /// Whether a parameter of the window stands in it.
    pub fn names_period(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, WordingPiece::Parameter(_)))
    }

    /// The text for a window.
    pub(crate) fn fill(&self, window: &Window) -> String {
        self.fill_with(window, |word| word)
    }

    /// The same, with what stands for the window put as `put` says.
    pub(crate) fn fill_with(&self, window: &Window, put: impl Fn(String) -> String) -> String {
        let word = |piece: &WordingPiece| match piece {
            WordingPiece::Text(text) => text.clone(),
            WordingPiece::Parameter(parameter) => put(parameter.word(window)),
        };
        self.pieces.iter().map(word).collect()
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
            ("", ""),
            ("orders.csv", "orders.csv"),
            ("{period_key}/a-{period_last_day}.csv", "2026-05/a-2026-05-31.csv"),
            ("{period_start}", "2026-04-30T22:00:00Z"),
            (r#"{{"month": "{period_key}"}}"#, r#"{"month": "2026-05"}"#),
        ] {
            let wording = Wording::parse(text).unwrap();
            assert_eq!(wording.fill(&window), filled);
            assert_eq!(wording.names_period(), text.contains("{period"), "{text}");
        }
    }

    #[test]
    fn misfits_are_refused_when_read() {
        for (text, part) in [
            ("a-{period}", "`period` stands for nothing"),
            ("a-{period_key", "write {{ and }} for braces"),
            ("a}b", "a brace without its partner"),
            (
                "a?m={{period_key}}",
                "`{{period_key}}` would be sent as it stands; write {period_key}",
            ),
            ("a?m=:period_key", "`:period_key` would be sent as it stands; write {period_key}"),
        ] {
            let error = Wording::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
