//! The first sentence of a mail, and its subject.

use chrono::TimeDelta;

use crate::{
    facts::alert::{Facts, NodeKind, Since},
    mail::{cause, early, figures, phrases},
    wording::{day_words, line, period_words},
};
use kpid_language::{Language, text};
use kpid_rules::{
    alerting::{Cause, Event},
    model::Status,
};

/// What a phone shows of a subject.
pub(crate) const SUBJECT_CHARS_MAX: usize = 70;

/// A name shortened further says nothing.
const NAME_CHARS_MIN: usize = 12;

/// `[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)`, at most 70 characters. What
/// matters least gives way first: the score before, the middle of the scorecard's name, and only then
/// the middle of the name itself. The score never does.
pub(crate) fn subject(language: &Language, facts: &Facts) -> String {
    let words = phrases::words(language, facts);
    let tag = match facts.event {
        Event::Opened => capitalised(&words),
        Event::Worsened => language.text("mail-tag-worsened").into_owned(),
        Event::Reminded if facts.cause != Some(Cause::AboveEnded) => {
            language.text("mail-tag-reminder").into_owned()
        }
        Event::Reminded | Event::Escalated => {
            capitalised(&text!(language, "mail-still", status = words))
        }
        Event::Acknowledged => language.text("mail-tag-acknowledged").into_owned(),
        Event::Recovered => capitalised(&language.text("mail-recovered")),
        Event::Corrected => capitalised(&language.text("mail-corrected")),
    };
    let period =
        facts.judged_period().map(|period| format!(" - {}", period_words(language, period)));
    let was = if facts.early.is_some() { facts.score.to } else { facts.score.from };
    let was = was.map(|score| {
        format!(" {}", text!(language, "mail-was", score = figures::score(language, score)))
    });
    let was = was.unwrap_or_default();
    let (_, score) = facts.judged();
    let score = figures::score_or_none(language, score);
    let tail = format!("{}: {score}", period.unwrap_or_default());
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
pub(crate) fn verb(language: &Language, facts: &Facts) -> String {
    let key = match facts.event {
        Event::Opened
        | Event::Worsened
        | Event::Reminded
        | Event::Escalated
        | Event::Acknowledged => match phrases::status(facts) {
            Status::NoData => "mail-verb-no-data",
            _ => "mail-verb-is",
        },
        Event::Recovered => "mail-verb-recovered",
        Event::Corrected => "mail-verb-corrected",
    };
    language.text(key).into_owned()
}

/// The word that matters.
pub(crate) fn badge(language: &Language, facts: &Facts) -> String {
    let status = || phrases::words(language, facts);
    let words = match facts.event {
        Event::Opened => status(),
        Event::Worsened => text!(language, "mail-and-worse", status = status()),
        Event::Reminded | Event::Escalated | Event::Acknowledged => {
            text!(language, "mail-still", status = status())
        }
        Event::Recovered => language.text("mail-recovered").into_owned(),
        Event::Corrected => language.text("mail-corrected").into_owned(),
    };
    words.to_uppercase()
}

/// What follows the badge without a gap: period, score, and how long.
pub(crate) fn rest(language: &Language, facts: &Facts) -> String {
    let period = facts.judged_period().map(|period| {
        format!(" {}", text!(language, "mail-for", period = period_words(language, period)))
    });
    let period = period.unwrap_or_default();
    if let Some(early) = &facts.early {
        let mut sentences = vec![format!("{period}: {}", early::sentence(language, facts, early))];
        sentences.extend(cause::sentence(language, facts));
        return sentences.join(" ");
    }
    let mut sentences = vec![format!("{period}: {}.", scores(language, facts))];
    match facts.event {
        Event::Opened
        | Event::Worsened
        | Event::Reminded
        | Event::Escalated
        | Event::Acknowledged => {
            let since = facts.since.as_ref();
            sentences.extend(since.map(|since| streak(language, since, phrases::status(facts))));
            sentences.extend(cause::sentence(language, facts));
        }
        Event::Recovered | Event::Corrected => {
            sentences.extend(cause::sentence(language, facts));
            sentences.extend(duration(language, facts));
            if phrases::status(facts) == Status::AtRisk {
                sentences.push(language.text("mail-still-at-risk").into_owned());
            }
        }
    }
    sentences.join(" ")
}

fn scores(language: &Language, facts: &Facts) -> String {
    let now = match facts.score.to {
        Some(score) => text!(language, "mail-score", score = figures::score(language, score)),
        None => language.text("mail-no-score").into_owned(),
    };
    let then = facts.score.from.map(|score| figures::score(language, score));
    let before = facts.before.as_ref();
    let before = before.map(|before| phrases::beside(language, before, facts.period.as_ref()));
    match (then, before) {
        (Some(then), Some(period)) => {
            text!(language, "mail-score-was-in", now = now, then = then, period = period)
        }
        (Some(then), None) => text!(language, "mail-score-was", now = now, then = then),
        (None, Some(period)) => {
            text!(language, "mail-score-none-in", now = now, period = period)
        }
        (None, None) => text!(language, "mail-score-first", now = now),
    }
}

fn streak(language: &Language, since: &Since, status: Status) -> String {
    let unit = language.frequency(since.frequency);
    let status = language.status(status);
    let nth = nth(language, since.periods);
    match since.periods {
        1 => text!(language, "mail-streak-first", nth = nth, unit = unit, status = status),
        _ => {
            let period = period_words(language, &since.period);
            text!(language, "mail-streak", nth = nth, unit = unit, status = status, period = period)
        }
    }
}

fn nth(language: &Language, n: u32) -> String {
    text!(language, "mail-ordinal", count = n)
}

fn duration(language: &Language, facts: &Facts) -> Option<String> {
    let opened_at = facts.episode.opened_at?;
    let lasted = facts.episode.recovered_at.unwrap_or(facts.at) - opened_at;
    let day = day_words(language, opened_at);
    let lasted = match (lasted.num_days(), lasted.num_hours()) {
        (days, _) if days > 0 => text!(language, "mail-days", count = days),
        (_, hours) if hours > 0 => text!(language, "mail-hours", count = hours),
        _ if lasted >= TimeDelta::zero() => language.text("mail-under-an-hour").into_owned(),
        _ => return None,
    };
    Some(match &facts.episode.opened_period {
        Some(period) => {
            let period = period_words(language, period);
            text!(language, "mail-lasted-period", lasted = lasted, day = day, period = period)
        }
        None => text!(language, "mail-lasted", lasted = lasted, day = day),
    })
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
    use kpid_language::{english, language};

    /// The subject of an alert of a node in a scorecard.
    fn subject_of(node: &str, scorecard: &str) -> String {
        let mut facts = samples::alerts::opened();
        facts.node.name = node.to_owned();
        facts.scorecard.name = scorecard.to_owned();
        subject(english(), &facts)
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
            subject(english(), &facts)
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
            subject(english(), &facts).starts_with("[Still off track] Customer - "),
            "{}",
            subject(english(), &facts)
        );
    }

    #[test]
    fn ordinals_read_as_people_say_them() {
        for (n, word) in [(2, "Second"), (7, "7th"), (11, "11th"), (21, "21st"), (103, "103rd")] {
            assert_eq!(nth(english(), n), word);
        }
    }

    #[test]
    fn another_period_of_the_same_year_goes_by_its_first_name() {
        let name = |key: &str| {
            let label = kpid_rules::model::Period::parse(key).unwrap().label();
            PeriodName { key: key.to_owned(), label }
        };
        let german = language("de").unwrap();
        for (period, beside, in_english, in_german) in [
            ("2026-04", "2026-05", "April", "April"),
            ("2025-12", "2026-05", "December 2025", "Dezember 2025"),
            ("2026-W21", "2026-W22", "week 21", "KW 21"),
            ("FY2027-Q1", "FY2027-Q2", "Q1", "Q1"),
            ("FY2026", "FY2027", "FY2026", "GJ 2026"),
        ] {
            let (period, other) = (name(period), name(beside));
            assert_eq!(phrases::beside(english(), &period, Some(&other)), in_english);
            assert_eq!(phrases::beside(german, &period, Some(&other)), in_german);
        }
    }
}
