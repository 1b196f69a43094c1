//! What people do about alerts: silences, which always end, acknowledgements and notes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{id::Scope, one_line::one_line};

/// The longest a silence may last: whoever wants to hear nothing for longer should change `alert`.
pub const SILENCE_DAYS_MAX: i64 = 30;

/// What a person writes in one go; more is a document, and belongs where documents are.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// A time in which nobody wants to hear of a scope and of what is below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// The node, with everything below it.
    pub scope: Scope,
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until then, and no longer.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Whose decision it is.
    pub by: String,
}

/// Why something cannot be a silence, an acknowledgement or a note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorActionError {
    /// Ends before it begins.
    #[error("a silence ends after it begins; give a later end")]
    Backwards,
    /// Ends in the past.
    #[error("this silence would be over already; give an end that is still to come")]
    Over,
    /// More than 30 days.
    #[error("a silence lasts at most {SILENCE_DAYS_MAX} days; give an earlier end")]
    TooLong,
    /// A day that is past.
    #[error("this day is past; name a day to come")]
    Past,
    /// Nothing is written.
    #[error("the {0} is empty; write a few words")]
    Empty(&'static str),
    /// Too much is written.
    #[error("the {0} has at most {TEXT_CHARS_MAX} characters; shorten it")]
    TooWordy(&'static str),
}

impl Silence {
    /// A silence that begins before it ends, is not over at `now`, and lasts at most 30 days.
    pub fn new(
        scope: Scope,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        reason: &str,
        by: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, OperatorActionError> {
        if until <= from {
            return Err(OperatorActionError::Backwards);
        }
        if until <= now {
            return Err(OperatorActionError::Over);
        }
        if until - from > TimeDelta::days(SILENCE_DAYS_MAX) {
            return Err(OperatorActionError::TooLong);
        }
        let (reason, by) = (words(reason, "reason")?, words(by, "name")?);
        Ok(Self { scope, from, until, reason, by })
    }

    /// Whether it holds at `now`.
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.from <= now && now < self.until
    }
}

/// Somebody has seen an episode and answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What is being done.
    pub comment: Option<String>,
    /// The day by which it should be well again.
    pub due: Option<NaiveDate>,
}

impl Acknowledgement {
    /// An acknowledgement with a name, and a comment that is not empty.
    pub fn new(
        by: &str,
        comment: Option<&str>,
        due: Option<NaiveDate>,
        at: DateTime<Utc>,
    ) -> Result<Self, OperatorActionError> {
        let comment = comment.map(|comment| words(comment, "comment")).transpose()?;
        Ok(Self { by: words(by, "name")?, at, comment, due })
    }
}

/// What a person wrote about a node and a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The node.
    pub scope: Scope,
    /// The key of the period it is about.
    pub period: String,
    /// The words.
    pub text: String,
    /// Whose.
    pub by: String,
    /// When they were written.
    pub at: DateTime<Utc>,
}

impl Note {
    /// A note that is not empty.
    pub fn new(
        scope: Scope,
        period: &str,
        text: &str,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<Self, OperatorActionError> {
        let (text, by) = (words(text, "note")?, words(by, "name")?);
        Ok(Self { scope, period: period.to_owned(), text, by, at })
    }
}

pub(crate) fn words(text: &str, what: &'static str) -> Result<String, OperatorActionError> {
    // It stands in lists and the audit beside what others did.
    let text = one_line(text);
    match text.chars().count() {
        0 => Err(OperatorActionError::Empty(what)),
        count if count > TEXT_CHARS_MAX => Err(OperatorActionError::TooWordy(what)),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Id;

    fn silence(from: &str, until: &str, reason: &str) -> Result<Silence, OperatorActionError> {
        let at = |text: &str| text.parse().unwrap();
        let scope = Scope::Scorecard(Id::parse("calder").unwrap());
        Silence::new(scope, (at(from), at(until)), reason, "ines", at("2026-06-03T06:00:00Z"))
    }

    #[test]
    fn a_silence_always_ends_and_says_why() {
        let now = "2026-06-03T06:00:00Z";
        assert!(silence(now, "2026-07-03T06:00:00Z", "stocktaking").is_ok());
        for (from, until, reason, error) in [
            (now, "2026-07-03T06:00:01Z", "stocktaking", OperatorActionError::TooLong),
            (now, now, "stocktaking", OperatorActionError::Backwards),
            (
                "2026-06-01T06:00:00Z",
                "2026-06-02T06:00:00Z",
                "stocktaking",
                OperatorActionError::Over,
            ),
            (now, "2026-06-04T06:00:00Z", "  ", OperatorActionError::Empty("reason")),
        ] {
            assert_eq!(silence(from, until, reason), Err(error), "{from} to {until}");
        }
    }

    #[test]
    fn a_silence_holds_from_its_beginning_and_not_at_its_end() {
        let silence = silence("2026-06-03T06:00:00Z", "2026-06-04T06:00:00Z", "x").unwrap();
        for (at, holds) in [
            ("2026-06-03T05:59:59Z", false),
            ("2026-06-03T06:00:00Z", true),
            ("2026-06-04T05:59:59Z", true),
            ("2026-06-04T06:00:00Z", false),
        ] {
            assert_eq!(silence.holds(at.parse().unwrap()), holds, "{at}");
        }
    }
}
