//! Phrases that digests and reports share.

use chrono::{DateTime, TimeZone};
use indexmap::IndexMap;
use url::Url;

use crate::{
    facts::named::{Links, PersonFacts},
    person::Person,
};
use kpid_language::{Language, text};
use kpid_rules::{
    alerting::Note,
    judgement::{
        Measure,
        rounding::{self, Readout},
    },
    model::{Id, Initiative, Kpi, Period},
};

/// The numbers of a verdict on the KPI, as people see them.
pub(crate) fn readout(kpi: &Kpi, value: Option<f64>, measure: Measure) -> Readout<'_> {
    let lines = [measure.target, measure.green_line, measure.red_line];
    Readout::new(kpi.decimals, kpi.unit.as_deref(), value, lines)
}

/// `90.1 %, target 95 %, May 2026`; without a target, the line from or up to which it is green.
pub(crate) fn measured(
    language: &Language,
    kpi: &Kpi,
    value: Option<f64>,
    measure: Measure,
    period: Option<Period>,
) -> String {
    let period = period.map(|period| language.period(period));
    let Some(value) = value else {
        return match period {
            Some(period) => text!(language, "digest-no-value-of", period = period),
            None => language.text("no-value").into_owned(),
        };
    };
    let Measure { target, green_line, red_line } = measure;
    let shown = readout(kpi, Some(value), measure);
    let amount = |number| self::amount(language, kpi, &shown, number);
    let mut parts = vec![amount(value)];
    parts.extend(target.or(green_line).map(|wanted| {
        let wanted = amount(wanted);
        match (target, green_line.zip(red_line)) {
            (Some(_), _) => text!(language, "mail-target", value = wanted),
            (None, Some((green, red))) if red < green => {
                text!(language, "mail-green-from", value = wanted)
            }
            (None, Some((green, red))) if red > green => {
                text!(language, "mail-green-up-to", value = wanted)
            }
            (None, _) => text!(language, "digest-green-line", value = wanted),
        }
    }));
    parts.extend(period);
    parts.join(", ")
}

/// A number of a KPI as it is shown, with its unit.
pub(crate) fn amount(language: &Language, kpi: &Kpi, shown: &Readout<'_>, number: f64) -> String {
    let number = language.plain_number(&shown.number(number));
    match &kpi.unit {
        Some(unit) => format!("{number} {unit}"),
        None => number,
    }
}

/// `score 55.9, was 72.0`; nothing where there is no score.
pub(crate) fn scored(
    language: &Language,
    score: Option<f64>,
    before: Option<f64>,
) -> Option<String> {
    let shown = |score| language.plain_number(&rounding::score(score));
    let now = match score {
        Some(score) => text!(language, "mail-score", score = shown(score)),
        None => language.text("mail-no-score").into_owned(),
    };
    match (score, before) {
        (_, Some(before)) => {
            Some(text!(language, "mail-score-was", now = now, then = shown(before)))
        }
        (Some(_), None) => Some(now),
        (None, None) => None,
    }
}

/// `Carrier switch, T. Osei, due 30 June 2026, running`
pub(crate) fn initiative(
    language: &Language,
    initiative: &Initiative,
    people: &IndexMap<Id, Person>,
) -> String {
    let mut parts = vec![initiative.name.clone()];
    parts.extend(initiative.owner.as_ref().map(|owner| name(owner, people)));
    parts.extend(initiative.due.map(|due| text!(language, "due", day = language.day(due))));
    parts.extend(initiative.state.clone());
    parts.join(", ")
}

/// `"carrier change at North" (Ines Marlow, 3 June 2026)`
pub(crate) fn quoted(
    language: &Language,
    note: &Note,
    people: &IndexMap<Id, Person>,
    zone: &impl TimeZone,
) -> String {
    let words = text!(language, "mail-quoted", words = note.text.as_str());
    format!("{words} ({}, {})", by(&note.by, people), date(language, note.at, zone))
}

/// Who did something, as they gave their name: the person's where it is one's id.
pub(crate) fn by(given: &str, people: &IndexMap<Id, Person>) -> String {
    Id::parse(given).map_or_else(|_| given.to_owned(), |id| name(&id, people))
}

/// The name of somebody, or the id where nobody is known by it.
pub(crate) fn name(id: &Id, people: &IndexMap<Id, Person>) -> String {
    people.get(id).map_or_else(|| id.to_string(), |person| person.name.clone())
}

pub(crate) fn person(person: &Person) -> PersonFacts {
    PersonFacts { id: person.id.to_string(), name: person.name.clone(), role: person.role.clone() }
}

/// The local day of an instant.
pub(crate) fn date<Z: TimeZone>(
    language: &Language,
    at: DateTime<impl TimeZone>,
    zone: &Z,
) -> String {
    language.day(at.with_timezone(zone).date_naive())
}

/// The page below kpid's own address, opened at an anchor if there is one.
pub(crate) fn page(public_url: Option<&Url>, path: &[&str], anchor: Option<&str>) -> Option<Links> {
    let mut details = public_url?.clone();
    details.path_segments_mut().ok()?.pop_if_empty().extend(path);
    details.set_fragment(anchor);
    Some(Links { details: details.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpid_rules::model::Nature;

    #[test]
    fn a_value_without_a_target_is_told_with_the_green_line_on_its_side() {
        let unit = Some("days".to_owned());
        let kpi = Kpi { unit, ..Kpi::plain(Id::parse("cover").unwrap(), Nature::Level) };
        let check = |value, green_line, red_line, expected: &str| {
            let measure = Measure { target: None, green_line, red_line };
            assert_eq!(
                measured(kpid_language::english(), &kpi, Some(value), measure, None),
                expected
            );
        };
        check(20.0, Some(35.0), Some(28.0), "20 days, green from 35 days");
        check(49.0, Some(45.0), Some(55.0), "49 days, green up to 45 days");
        check(49.0, Some(45.0), Some(45.0), "49 days, green line 45 days");
        check(49.0, None, None, "49 days");
        let measure = Measure { target: Some(40.0), green_line: Some(40.0), red_line: Some(36.0) };
        assert_eq!(
            measured(kpid_language::english(), &kpi, Some(39.0), measure, None),
            "39 days, target 40 days"
        );
    }
}
