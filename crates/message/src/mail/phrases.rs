//! Phrases that several parts of an alert's mail share.

use chrono::{DateTime, FixedOffset};

use crate::{
    facts::{alert::Facts, named::PeriodName},
    wording::{day_words, period_words},
};
use kpid_language::{Language, text};
use kpid_rules::model::{Period, Status};

/// The status that the alert goes by.
pub(crate) fn status(facts: &Facts) -> Status {
    facts.judged().0.unwrap_or(Status::NoData)
}

/// `off track`, `heading off track`
pub(crate) fn words(language: &Language, facts: &Facts) -> String {
    let words = language.status(status(facts));
    match facts.early {
        Some(_) => text!(language, "mail-heading", status = words),
        None => words,
    }
}

/// `3 June 2026 06:00 (UTC+02:00)`
pub(crate) fn instant(language: &Language, at: DateTime<FixedOffset>) -> String {
    let (day, time) = (day_words(language, at), at.format("%H:%M").to_string());
    let zone = at.format("UTC%:z").to_string();
    text!(language, "mail-instant", day = day, time = time, zone = zone)
}

/// What a period is called, short of what another already says: `April` beside `May 2026`.
pub(crate) fn beside(
    language: &Language,
    period: &PeriodName,
    other: Option<&PeriodName>,
) -> String {
    let read = |name: &PeriodName| Period::parse(&name.key).ok();
    match (read(period), other.and_then(read)) {
        (Some(period), Some(other)) if period.frequency() == other.frequency() => {
            language.period_beside(period, other)
        }
        _ => period_words(language, period),
    }
}
