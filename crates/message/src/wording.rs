//! Small forms of words that all messages share.

use chrono::{DateTime, FixedOffset};

use crate::facts::named::PeriodName;
use kpid_language::Language;
use kpid_rules::model::{Period, one_line};

/// A longer text of an author's or a source's is read elsewhere.
const TEXT_CHARS_MAX: usize = 1_000;

/// So many of something, as a sentence says it: `1 KPI`, `2 KPIs`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What a period is called; one whose key nobody can read, as it was called when it was stored.
pub(crate) fn period_words(language: &Language, period: &PeriodName) -> String {
    Period::parse(&period.key).map_or_else(|_| period.label.clone(), |key| language.period(key))
}

/// `3 June 2026`
pub(crate) fn day_words(language: &Language, at: DateTime<FixedOffset>) -> String {
    language.day(at.date_naive())
}

/// A name on one line, whatever its author wrote: a line feed must not end a header or a row, and
/// what turns the order of letters round must not turn that of others.
pub(crate) fn line(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(TEXT_CHARS_MAX) {
        None => line,
        Some((end, _)) => {
            let rest = line[end..].chars().count();
            // How many are left out, as every reader reads it.
            format!("{}… (+{rest})", &line[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_said_as_a_person_would() {
        let said = [0, 1, 2].map(|count| plural(count, "scorecard"));
        assert_eq!(said, ["0 scorecards", "1 scorecard", "2 scorecards"]);
    }
}
