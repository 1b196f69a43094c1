//! The words and signs of a formula.

use std::fmt;

use crate::model::formula::{error::FormulaError, expression::Operator};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    Name(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Operator(_) => write!(f, "an operator"),
            Self::Open => write!(f, "`(`"),
            Self::Close => write!(f, "`)`"),
            Self::Comma => write!(f, "`,`"),
        }
    }
}

pub(crate) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, FormulaError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, token) = token(rest).map_err(|message| FormulaError { at, message })?;
        tokens.extend(token.map(|token| (at, token)));
        at += length;
    }
    Ok(tokens)
}

/// The length of the first token, and the token unless it is white space.
fn token(rest: &str) -> Result<(usize, Option<Token>), String> {
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return Ok((first.len_utf8(), None));
    }
    if first.is_ascii_digit() || first == '.' {
        return number(rest);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = name_length(rest);
        return Ok((length, Some(Token::Name(rest[..length].to_owned()))));
    }
    let two = [
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
    ];
    if let Some((_, operator)) = two.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((2, Some(Token::Operator(*operator))));
    }
    let token = match first {
        '+' => Token::Operator(Operator::Add),
        '-' => Token::Operator(Operator::Subtract),
        '*' => Token::Operator(Operator::Multiply),
        '/' => Token::Operator(Operator::Divide),
        '<' => Token::Operator(Operator::Less),
        '>' => Token::Operator(Operator::Greater),
        '(' => Token::Open,
        ')' => Token::Close,
        ',' => Token::Comma,
        '=' => return Err("write `==` to compare".to_owned()),
        other => {
            return Err(format!("`{}` does not belong in a formula", other.escape_debug()));
        }
    };
    Ok((1, Some(token)))
}

fn number(rest: &str) -> Result<(usize, Option<Token>), String> {
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let text = &rest[..length];
    let number: f64 =
        text.parse().map_err(|_| format!("`{text}` is not a number; write 1234.5"))?;
    Ok((length, Some(Token::Number(number))))
}

/// An id, or two joined by `/`; `-` and `/` belong to a name only right before a letter or, for
/// `-`, a digit.
fn name_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let is_word =
        |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let belongs = match byte {
            b'-' | b'.' => is_word(at + 1),
            b'/' => is_letter(at + 1),
            _ => is_word(at),
        };
        if !belongs {
            break;
        }
        at += 1;
    }
    at
}
