//! Phrases that digests and reports share.

use chrono::{DateTime, NaiveDate, TimeZone};
use indexmap::IndexMap;
use url::Url;

use crate::{
    notify::{
        Person,
        facts::{Links, PersonFacts},
    },
    scorecard::{Id, Initiative, Kpi, Note, Period, Status, rounding},
};

/// A value of the KPI in its unit, never shown on a line that it is not on.
pub(super) fn amount(kpi: &Kpi, value: f64, lines: &[f64]) -> String {
    rounding::value(value, kpi.decimals, lines, kpi.unit.as_deref())
}

/// `90.1 %, target 95 %, May 2026`; without a target, the line to which it is green.
pub(super) fn measured(
    kpi: &Kpi,
    value: Option<f64>,
    (target, green): (Option<f64>, Option<f64>),
    period: Option<Period>,
) -> String {
    let Some(value) = value else {
        let of = period.map(|period| format!(" of {}", period.label()));
        return format!("no value{}", of.unwrap_or_default());
    };
    let others: Vec<f64> = target.or(green).into_iter().collect();
    let wanted = match (target, green) {
        (Some(target), _) => Some(format!("target {}", amount(kpi, target, &[value]))),
        (None, Some(green)) => Some(format!("green to {}", amount(kpi, green, &[value]))),
        (None, None) => None,
    };
    let mut parts = vec![amount(kpi, value, &others)];
    parts.extend(wanted);
    parts.extend(period.map(Period::label));
    parts.join(", ")
}

/// `score 55.9, was 72.0`; nothing where there is no score.
pub(super) fn scored(score: Option<f64>, before: Option<f64>) -> Option<String> {
    match (score, before) {
        (Some(score), Some(before)) => {
            Some(format!("score {}, was {}", rounding::score(score), rounding::score(before)))
        }
        (Some(score), None) => Some(format!("score {}", rounding::score(score))),
        (None, Some(before)) => Some(format!("no score, was {}", rounding::score(before))),
        (None, None) => None,
    }
}

/// `Carrier switch, T. Osei, due 30 June 2026, running`
pub(super) fn initiative(initiative: &Initiative, people: &IndexMap<Id, Person>) -> String {
    let mut parts = vec![initiative.name.clone()];
    parts.extend(initiative.owner.as_ref().map(|owner| name(owner, people)));
    parts.extend(initiative.due.map(|due| format!("due {}", day(due))));
    parts.extend(initiative.state.clone());
    parts.join(", ")
}

/// `"carrier change at North" (Ines Marlow, 3 June 2026)`
pub(super) fn quoted(note: &Note, people: &IndexMap<Id, Person>, zone: &impl TimeZone) -> String {
    format!("\"{}\" ({}, {})", note.text, by(&note.by, people), date(note.at, zone))
}

/// Who did something, as they gave their name: the person's where it is one's id.
pub(super) fn by(given: &str, people: &IndexMap<Id, Person>) -> String {
    Id::parse(given).map_or_else(|_| given.to_owned(), |id| name(&id, people))
}

/// The name of somebody, or the id where nobody is known by it.
pub(super) fn name(id: &Id, people: &IndexMap<Id, Person>) -> String {
    people.get(id).map_or_else(|| id.to_string(), |person| person.name.clone())
}

pub(super) fn person(person: &Person) -> PersonFacts {
    PersonFacts { id: person.id.to_string(), name: person.name.clone(), role: person.role.clone() }
}

/// `3 June 2026`
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// The local day of an instant.
pub(super) fn date<Z: TimeZone>(at: DateTime<impl TimeZone>, zone: &Z) -> String {
    day(at.with_timezone(zone).date_naive())
}

/// `1 change`, `3 changes`
pub(super) fn count(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Where a status stands when the worst comes first.
pub(super) fn severity(status: Status) -> u8 {
    match status {
        Status::OffTrack => 0,
        Status::AtRisk => 1,
        Status::NoData => 2,
        Status::OnTrack => 3,
        Status::Pending => 4,
        Status::NotScored => 5,
    }
}

/// The page below kpid's own address, opened at an anchor if there is one.
pub(super) fn page(public_url: Option<&Url>, path: &[&str], anchor: Option<&str>) -> Option<Links> {
    let mut details = public_url?.clone();
    details.path_segments_mut().ok()?.pop_if_empty().extend(path);
    details.set_fragment(anchor);
    Some(Links { details: details.to_string() })
}
