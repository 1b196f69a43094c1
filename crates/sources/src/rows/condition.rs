//! Conditions that a value of a row, or of an answer, meets or not.

use std::fmt;

use crate::cell::Cell;

/// What a value must be: all of these.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// At least one.
    pub tests: Vec<Test>,
}

/// One thing that a value must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// One of these.
    OneOf(Vec<Literal>),
    /// None of these.
    NoneOf(Vec<Literal>),
    /// Greater than this.
    Above(f64),
    /// This or greater.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
    /// This or less.
    AtMost(f64),
}

/// A value as its author writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Null, or nothing at all.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Condition {
    /// Whether a value meets it; `number` is the same value as a number of its source, which may write
    /// numbers in its own way.
    pub(crate) fn fits(&self, value: &Cell, number: impl Fn() -> Cell) -> Result<bool, String> {
        for test in &self.tests {
            if !test.fits(value, &number)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether it is about a value that may be missing.
    pub(crate) fn is_of_null(&self) -> bool {
        self.tests.iter().any(|test| match test {
            Test::OneOf(list) | Test::NoneOf(list) => list.contains(&Literal::Null),
            _ => false,
        })
    }

    /// Whether it names what must be there word by word, so that a misspelt word would meet nothing.
    pub(crate) fn is_by_word(&self) -> bool {
        self.tests.iter().any(|test| matches!(test, Test::OneOf(_)))
    }
}

impl Test {
    fn fits(&self, value: &Cell, number: &impl Fn() -> Cell) -> Result<bool, String> {
        let compared = |is: &dyn Fn(f64) -> bool| Ok(number().figure()?.is_some_and(is));
        match self {
            Self::OneOf(list) => Ok(list.iter().any(|literal| literal.is(value, number))),
            Self::NoneOf(list) => Ok(!list.iter().any(|literal| literal.is(value, number))),
            Self::Above(bound) => compared(&|figure| figure > *bound),
            Self::AtLeast(bound) => compared(&|figure| figure >= *bound),
            Self::Below(bound) => compared(&|figure| figure < *bound),
            Self::AtMost(bound) => compared(&|figure| figure <= *bound),
        }
    }
}

impl Literal {
    fn is(&self, value: &Cell, number: &impl Fn() -> Cell) -> bool {
        let is_empty = match value {
            Cell::Null => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        };
        match (self, value) {
            (Self::Null, _) => is_empty,
            (_, _) if is_empty => *self == Self::Text(String::new()) && *value != Cell::Null,
            (Self::Bool(wanted), Cell::Bool(found)) => wanted == found,
            (Self::Bool(wanted), Cell::Text(text)) => {
                text.trim().eq_ignore_ascii_case(if *wanted { "true" } else { "false" })
            }
            (Self::Number(_), Cell::Bool(_)) | (Self::Bool(_), _) => false,
            (Self::Number(wanted), _) => {
                number().figure().is_ok_and(|found| found == Some(*wanted))
            }
            (Self::Text(wanted), Cell::Text(text)) => text.trim() == wanted.trim(),
            (Self::Text(wanted), value) => value.bare() == *wanted,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.tests.iter().map(Test::to_string).collect();
        f.write_str(&words.join(" and "))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed =
            |list: &[Literal]| list.iter().map(Literal::to_string).collect::<Vec<_>>().join(" or ");
        match self {
            Self::OneOf(list) => f.write_str(&listed(list)),
            Self::NoneOf(list) => write!(f, "not {}", listed(list)),
            Self::Above(bound) => write!(f, "above {bound}"),
            Self::AtLeast(bound) => write!(f, "at least {bound}"),
            Self::Below(bound) => write!(f, "below {bound}"),
            Self::AtMost(bound) => write!(f, "at most {bound}"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "`{text}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(test: Test, value: &Cell) -> Result<bool, ()> {
        let condition = Condition { tests: vec![test] };
        condition.fits(value, || value.clone()).map_err(drop)
    }

    #[test]
    fn a_value_is_what_its_author_writes_and_nothing_like_it() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let word = |word: &str| Literal::Text(word.to_owned());
        for (literal, value, is) in [
            (word("paid"), text(" paid "), true),
            (word("paid"), text("Paid"), false),
            (word("200"), Cell::Int(200), true),
            (Literal::Number(200.0), text("200"), true),
            (Literal::Number(0.0), Cell::Int(0), true),
            (Literal::Number(0.0), Cell::Null, false),
            (Literal::Number(0.0), text(""), false),
            (Literal::Number(1.0), Cell::Bool(true), false),
            (Literal::Bool(false), Cell::Bool(false), true),
            (Literal::Bool(false), text("FALSE"), true),
            (Literal::Bool(false), Cell::Int(0), false),
            (Literal::Bool(false), Cell::Null, false),
            (Literal::Null, Cell::Null, true),
            (Literal::Null, text(" "), true),
            (Literal::Null, Cell::Int(0), false),
        ] {
            assert_eq!(
                fits(Test::OneOf(vec![literal.clone()]), &value),
                Ok(is),
                "{literal} {value}"
            );
            assert_eq!(fits(Test::NoneOf(vec![literal]), &value), Ok(!is), "{value}");
        }
        assert_eq!(fits(Test::Above(1.5), &Cell::Int(2)), Ok(true));
        assert_eq!(fits(Test::AtMost(1.5), &Cell::Int(2)), Ok(false));
        assert_eq!(fits(Test::Below(1.5), &Cell::Null), Ok(false), "null is neither more nor less");
        assert_eq!(fits(Test::Below(1.5), &text("n/a")), Err(()), "a text is no number");
    }
}
