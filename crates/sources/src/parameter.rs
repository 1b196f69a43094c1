//! The names by which questions refer to their window.

use std::fmt;

use chrono::SecondsFormat;

use crate::question::Window;

/// What of a window a question may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `period_key`: the key of the (newest) period.
    Key,
    /// `period_start`: the first instant.
    Start,
    /// `period_end`: the first instant after.
    End,
    /// `period_first_day`: the first local day.
    FirstDay,
    /// `period_last_day`: the last local day.
    LastDay,
}

/// A name that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` stands for nothing; write period_key, period_start, period_end, period_first_day or period_last_day"
)]
pub struct UnknownParameter(pub String);

impl Parameter {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Key, Self::Start, Self::End, Self::FirstDay, Self::LastDay];

    /// Reads a name, without the `:` or `{}` around it.
    pub fn parse(name: &str) -> Result<Self, UnknownParameter> {
        let found = Self::ALL.into_iter().find(|parameter| parameter.name() == name);
        found.ok_or_else(|| UnknownParameter(name.to_owned()))
    }

    /// The name that questions use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "period_key",
            Self::Start => "period_start",
            Self::End => "period_end",
            Self::FirstDay => "period_first_day",
            Self::LastDay => "period_last_day",
        }
    }

    /// What it stands for, in texts: a period key, an instant such as `2026-04-30T22:00:00Z`, or a
    /// local day.
    pub(crate) fn word(self, window: &Window) -> String {
        match self {
            Self::Key => window.period.to_string(),
            Self::Start => window.start.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::End => window.end.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::FirstDay => window.first_day.to_string(),
            Self::LastDay => window.last_day.to_string(),
        }
    }
}

/// The first parameter that a text names in braces or after a colon, as `{period_key}` and
/// `:period_key`, where it would be a text like any other.
pub fn named_in(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', ':']) {
        let (sign, after) = rest[at..].split_at(1);
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let (name, next) = after.split_at(end.unwrap_or(after.len()));
        let is_closed = sign == ":" || next.trim_start().starts_with('}');
        if is_closed && Parameter::parse(name).is_ok() {
            let closing = if sign == "{" { "}" } else { "" };
            return Some(format!("{sign}{name}{closing}"));
        }
        rest = after;
    }
    None
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_however_it_is_written() {
        for (text, expected) in [
            ("$['{period_key}']", Some("{period_key}")),
            ("where day >= ':period_first_day'", Some(":period_first_day")),
            ("{{period_end}}", Some("{period_end}")),
            ("{ period_key }", None),
            ("{period}", None),
            ("a:b {c} 'x{2}'", None),
            (":period_keys", None),
        ] {
            assert_eq!(named_in(text).as_deref(), expected, "{text}");
        }
    }
}
