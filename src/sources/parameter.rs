//! The names by which questions refer to their window.

use std::fmt;

use chrono::SecondsFormat;

use crate::sources::Window;

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
    pub(super) fn word(self, window: &Window) -> String {
        match self {
            Self::Key => window.period.to_string(),
            Self::Start => window.start.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::End => window.end.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::FirstDay => window.first_day.to_string(),
            Self::LastDay => window.last_day.to_string(),
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
