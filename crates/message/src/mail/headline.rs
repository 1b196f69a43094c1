//! The first sentence of a mail, and its subject.

use chrono::TimeDelta;

use crate::{
    facts::alert::{Facts, NodeKind, Since},
    mail::{cause, early, figures, phrases},
    wording::line,
};
use kpid_rules::{
    alerting::{Cause, Event},
    judgement::rounding,
    model::Status,
};

/// What a phone shows of a subject.
pub(crate) const SUBJECT_CHARS_MAX: usize = 70;

/// A name shortened further says nothing.
const NAME_CHARS_MIN: usize = 12;

/// `[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)`, at most 70 characters. What
/// matters least gives way first: the score before, the middle of the scorecard's name, and only then
/// the middle of the name itself. The score never does.
pub(crate) fn subject(facts: &Facts) -> String {
    let tag = match facts.event {
        Event::Opened => capitalised(&phrases::words(facts)),
        Event::Worsened => "Worse".to_owned(),
        Event::Reminded if facts.cause != Some(Cause::AboveEnded) => "Reminder".to_owned(),
        Event::Reminded | Event::Escalated => format!("Still {}", phrases::words(facts)),
        Event::Acknowledged => "Acknowledged".to_owned(),
        Event::Recovered => "Recovered".to_owned(),
        Event::Corrected => "Corrected".to_owned(),
    };
    let period = facts.judged_period().map(|period| format!(" - {}", period.label));
    let was = if facts.early.is_some() { facts.score.to } else { facts.score.from };
    let was = was.map(|score| format!(" (was {})", rounding::score(score)));
    let was = was.unwrap_or_default();
    let (_, score) = facts.judged();
    let tail = format!("{}: {}", period.unwrap_or_default(), figures::score_or_none(score));
    let node = line(&facts.node.name);
    let scorecard =
        Some(line(&facts.scorecard.name)).filter(|_| facts.node.kind != NodeKind::Scorecard);
    fitted(&format!("[{tag}] "), &node, scorecard.as_deref(), &tail, &was)
}

/// The parts of a subject within its length.
fn fitted(tag: &str, node: &str, scorecard: Option<&str>, tail: &str, was: &str) -> String {
    let with = |node: &str, scorecard: Option<&str>, was: &str| {
        let of = scorecard.map(|name| format!(" - {name}")).unwrap_or_default();
        format!("{tag}{node}{of}{tail}{was}")
    };
    let fits = |subject: &String| subject.chars().count() <= SUBJECT_CHARS_MAX;
    // What is left for a name beside all that is not shortened.
    let room = |rest: String| SUBJECT_CHARS_MAX.saturating_sub(rest.chars().count());
    let shorter = |was: &str| {
        let least = room(with(node, scorecard.map(|_| ""), was)).max(NAME_CHARS_MIN);
        with(node, scorecard.map(|name| shortened(name, least)).as_deref(), was)
    };
    let whole = |was: &str| with(node, scorecard, was);
    let tried = [whole(was), whole(""), shorter(was), shorter("")];
    if let Some(subject) = tried.into_iter().find(fits) {
        return subject;
    }
    let scorecard = scorecard.map(|name| shortened(name, NAME_CHARS_MIN));
    let least = room(with("", scorecard.as_deref(), "")).max(NAME_CHARS_MIN);
    with(&shortened(node, least), scorecard.as_deref(), "")
}

/// What stands between the name and the badge.
pub(crate) fn verb(facts: &Facts) -> &'static str {
    match facts.event {
        Event::Opened
        | Event::Worsened
        | Event::Reminded
        | Event::Escalated
        | Event::Acknowledged => "is",
        Event::Recovered => "has",
        Event::Corrected => "has been",
    }
}

/// The word that matters.
pub(crate) fn badge(facts: &Facts) -> String {
    match facts.event {
        Event::Opened => phrases::words(facts).to_uppercase(),
        Event::Worsened => format!("{} and worse", phrases::words(facts)).to_uppercase(),
        Event::Reminded | Event::Escalated | Event::Acknowledged => {
            format!("still {}", phrases::words(facts)).to_uppercase()
        }
        Event::Recovered => "RECOVERED".to_owned(),
        Event::Corrected => "CORRECTED".to_owned(),
    }
}

/// What follows the badge without a gap: period, score, and how long.
pub(crate) fn rest(facts: &Facts) -> String {
    let period = facts.judged_period().map(|period| format!(" for {}", period.label));
    let period = period.unwrap_or_default();
    if let Some(early) = &facts.early {
        let mut sentences = vec![format!("{period}: {}", early::sentence(facts, early))];
        sentences.extend(cause::sentence(facts));
        return sentences.join(" ");
    }
    let mut sentences = vec![format!("{period}: {}.", scores(facts))];
    match facts.event {
        Event::Opened
        | Event::Worsened
        | Event::Reminded
        | Event::Escalated
        | Event::Acknowledged => {
            sentences
                .extend(facts.since.as_ref().map(|since| streak(since, phrases::status(facts))));
            sentences.extend(cause::sentence(facts));
        }
        Event::Recovered | Event::Corrected => {
            sentences.extend(cause::sentence(facts));
            sentences.extend(duration(facts));
            if phrases::status(facts) == Status::AtRisk {
                sentences.push("It is still at risk.".to_owned());
            }
        }
    }
    sentences.join(" ")
}

fn scores(facts: &Facts) -> String {
    let now = match facts.score.to {
        Some(score) => format!("score {}", rounding::score(score)),
        None => "no score".to_owned(),
    };
    let when = facts
        .before
        .as_ref()
        .map(|before| format!(" in {}", phrases::beside(before, facts.period.as_ref())));
    match (facts.score.from, facts.before.as_ref()) {
        (Some(then), _) => {
            format!("{now}, was {}{}", rounding::score(then), when.unwrap_or_default())
        }
        (None, Some(_)) => format!("{now}; no score{}", when.unwrap_or_default()),
        (None, None) => format!("{now}, with no earlier period to compare with"),
    }
}

fn streak(since: &Since, status: Status) -> String {
    let unit = since.frequency.noun();
    let words = status.words();
    match since.periods {
        1 => format!("First {unit} {words}."),
        periods => {
            format!("{} {unit} {words} in a row, since {}.", nth(periods), since.period.label)
        }
    }
}

fn nth(n: u32) -> String {
    const WORDS: [&str; 6] = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth"];
    let word = usize::try_from(n).ok().and_then(|n| WORDS.get(n.wrapping_sub(1)));
    match (word, n % 100, n % 10) {
        (Some(word), ..) => (*word).to_owned(),
        (None, 11..=13, _) => format!("{n}th"),
        (None, _, 1) => format!("{n}st"),
        (None, _, 2) => format!("{n}nd"),
        (None, _, 3) => format!("{n}rd"),
        (None, ..) => format!("{n}th"),
    }
}

fn duration(facts: &Facts) -> Option<String> {
    let opened_at = facts.episode.opened_at?;
    let lasted = facts.episode.recovered_at.unwrap_or(facts.at) - opened_at;
    let day = opened_at.format("%-d %B %Y");
    let lasted = match (lasted.num_days(), lasted.num_hours()) {
        (1, _) => "a day".to_owned(),
        (days, _) if days > 1 => format!("{days} days"),
        (_, 1) => "an hour".to_owned(),
        (_, hours) if hours > 1 => format!("{hours} hours"),
        _ if lasted >= TimeDelta::zero() => "less than an hour".to_owned(),
        _ => return None,
    };
    let period = facts.episode.opened_period.as_ref();
    let from =
        period.map_or_else(String::new, |period| format!(" on the figures of {}", period.label));
    Some(format!("The alert was open for {lasted}: it was raised on {day}{from}."))
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A whole subject in the length that mail readers show: above all its beginning, and its end.
pub(crate) fn in_a_line(subject: &str) -> String {
    cut(subject, SUBJECT_CHARS_MAX, SUBJECT_CHARS_MAX / 3)
}

/// A name in at most so many characters, its beginning and its end: names that begin alike differ at
/// their end.
fn shortened(name: &str, chars_max: usize) -> String {
    cut(name, chars_max, chars_max.saturating_sub(1) / 2)
}

/// A text in at most so many characters, so many of them from its end.
fn cut(text: &str, chars_max: usize, end: usize) -> String {
    let count = text.chars().count();
    if count <= chars_max {
        return text.to_owned();
    }
    let head: String = text.chars().take(chars_max.saturating_sub(end + 1)).collect();
    let tail: String = text.chars().skip(count - end).collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::named::PeriodName;
    use crate::samples;

    /// The subject of an alert of a node in a scorecard.
    fn subject_of(node: &str, scorecard: &str) -> String {
        let mut facts = samples::alerts::opened();
        facts.node.name = node.to_owned();
        facts.scorecard.name = scorecard.to_owned();
        subject(&facts)
    }

    #[test]
    fn what_matters_least_gives_way_first_in_a_subject() {
        for (node, scorecard, expected) in [
            (
                "Customer",
                "Calder Cycles",
                "[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)",
            ),
            // The score before, then the scorecard's name, then the node's.
            (
                "Customer",
                "Calder Cycles Holding International B.V. & Co",
                "[Off track] Customer - Calder Cy…B.V. & Co - May 2026: 55.9 (was 72.0)",
            ),
            (
                "Process & people",
                "Harbour Foods & Sons",
                "[Off track] Process & people - Harbour Foods & Sons - May 2026: 55.9",
            ),
            (
                "Process, people and places",
                "Harbour Foods Holding",
                "[Off track] Process, people and places - Harbou…lding - May 2026: 55.9",
            ),
            (
                "Customer and community, North region",
                "Harbour Foods Holding",
                "[Off track] Customer and…North region - Harbou…lding - May 2026: 55.9",
            ),
        ] {
            let subject = subject_of(node, scorecard);
            assert_eq!(subject, expected);
            assert!(subject.chars().count() <= SUBJECT_CHARS_MAX, "{subject}");
        }
        let cut = subject_of("Customers, partners\r\nBcc: and everybody else", "Calder Cycles");
        assert!(cut.chars().count() <= SUBJECT_CHARS_MAX && !cut.contains('\n'), "{cut}");
        assert!(cut.ends_with(": 55.9"), "{cut}");
    }

    #[test]
    fn names_that_differ_only_at_an_end_make_subjects_that_differ() {
        let alike = "Customer and community of all the regions of the country";
        for (one, other) in [
            (
                ("Customer and community, North region", "H"),
                ("Customer and community, South region", "H"),
            ),
            (
                ("Customer", "Harbour Foods Holding, North"),
                ("Customer", "Harbour Foods Holding, South"),
            ),
            ((alike, "Harbour Foods Holding, North"), (alike, "Harbour Foods Holding, South")),
            (
                ("North: community and customers of it", "H"),
                ("South: community and customers of it", "H"),
            ),
        ] {
            assert_ne!(subject_of(one.0, one.1), subject_of(other.0, other.1));
        }
        let of_whole = |name: &str| {
            let mut facts = samples::alerts::opened();
            (facts.node.kind, facts.node.name) = (NodeKind::Scorecard, name.to_owned());
            facts.scorecard.name = name.to_owned();
            subject(&facts)
        };
        let north = of_whole("Harbour Foods Holding and its subsidiaries in the North");
        assert_ne!(north, of_whole("Harbour Foods Holding and its subsidiaries in the South"));
        assert!(north.chars().count() <= SUBJECT_CHARS_MAX, "{north}");
    }

    #[test]
    fn what_an_alert_above_told_is_headed_as_still_so() {
        let facts = Facts {
            event: Event::Reminded,
            cause: Some(Cause::AboveEnded),
            ..samples::alerts::opened()
        };
        assert!(
            subject(&facts).starts_with("[Still off track] Customer - "),
            "{}",
            subject(&facts)
        );
    }

    #[test]
    fn ordinals_read_as_people_say_them() {
        for (n, word) in [(2, "Second"), (7, "7th"), (11, "11th"), (21, "21st"), (103, "103rd")] {
            assert_eq!(nth(n), word);
        }
    }

    #[test]
    fn another_period_of_the_same_year_goes_by_its_first_name() {
        let name = |label: &str| PeriodName { key: String::new(), label: label.to_owned() };
        let may = name("May 2026");
        assert_eq!(phrases::beside(&name("April 2026"), Some(&may)), "April");
        assert_eq!(phrases::beside(&name("December 2025"), Some(&may)), "December 2025");
        assert_eq!(
            phrases::beside(&name("week 21, 2026"), Some(&name("week 22, 2026"))),
            "week 21"
        );
        assert_eq!(phrases::beside(&name("FY2026"), Some(&name("FY2027"))), "FY2026");
    }
}
