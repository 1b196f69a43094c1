//! Phrases that several parts of an alert's mail share.

use chrono::{DateTime, FixedOffset};

use crate::facts::{alert::Facts, named::PeriodName};
use kpid_rules::model::Status;

/// The status that the alert goes by.
pub(crate) fn status(facts: &Facts) -> Status {
    facts.judged().0.unwrap_or(Status::NoData)
}

/// `off track`, `heading off track`
pub(crate) fn words(facts: &Facts) -> String {
    facts.words().unwrap_or_else(|| Status::NoData.words().to_owned())
}

/// The label of a period, short of what another label already says: `April` beside `May 2026`.
pub(crate) fn beside(period: &PeriodName, other: Option<&PeriodName>) -> String {
    let label = &period.label;
    let Some((head, year)) = label.rsplit_once(' ') else { return label.clone() };
    let same_year = other
        .and_then(|other| other.label.rsplit_once(' '))
        .is_some_and(|(_, theirs)| theirs == year);
    if same_year { head.trim_end_matches(',').to_owned() } else { label.clone() }
}

/// `3 June 2026`
pub(crate) fn day(at: DateTime<FixedOffset>) -> String {
    at.format("%-d %B %Y").to_string()
}
