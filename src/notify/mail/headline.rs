//! The first sentence of a mail, and its subject.

use chrono::TimeDelta;

use crate::{
    notify::{
        facts::{Facts, Level, PeriodName, Since},
        mail::{cause, early, figures, view::line},
    },
    scorecard::{Cause, Event, Frequency, Status, rounding},
};

/// What a phone shows of a subject.
pub(super) const SUBJECT_CHARS_MAX: usize = 70;

/// A name shortened further says nothing.
const NAME_CHARS_MIN: usize = 5;

/// `[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)`, at most 70 characters; the
/// longer name gives way first, the score never.
pub(super) fn subject(facts: &Facts) -> String {
    let tag = match facts.event {
        Event::Opened => capitalised(&words(facts)),
        Event::Worsened => "Worse".to_owned(),
        Event::Reminded if facts.cause != Some(Cause::AboveEnded) => "Reminder".to_owned(),
        Event::Reminded | Event::Escalated => format!("Still {}", words(facts)),
        Event::Acknowledged => "Acknowledged".to_owned(),
        Event::Recovered => "Recovered".to_owned(),
        Event::Corrected => "Corrected".to_owned(),
    };
    let period = facts.judged_period().map(|period| format!(" - {}", period.label));
    let was = if facts.early.is_some() { facts.score.to } else { facts.score.from };
    let was = was.map(|score| format!(" (was {})", rounding::score(score)));
    let (_, score) = facts.judged();
    let tail = format!(
        "{}: {}{}",
        period.unwrap_or_default(),
        figures::score_or_none(score),
        was.unwrap_or_default()
    );
    if facts.level == Level::Scorecard {
        let room = SUBJECT_CHARS_MAX.saturating_sub(format!("[{tag}] {tail}").chars().count());
        return format!("[{tag}] {}{tail}", cut(line(&facts.scorecard.name), room));
    }
    let fixed = format!("[{tag}]  - {tail}").chars().count();
    let (perspective, scorecard) = fit(
        line(&facts.perspective.name),
        line(&facts.scorecard.name),
        SUBJECT_CHARS_MAX.saturating_sub(fixed),
    );
    format!("[{tag}] {perspective} - {scorecard}{tail}")
}

/// What stands between the name and the badge.
pub(super) fn verb(facts: &Facts) -> &'static str {
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
pub(super) fn badge(facts: &Facts) -> String {
    match facts.event {
        Event::Opened => words(facts).to_uppercase(),
        Event::Worsened => format!("{} and worse", words(facts)).to_uppercase(),
        Event::Reminded | Event::Escalated | Event::Acknowledged => {
            format!("still {}", words(facts)).to_uppercase()
        }
        Event::Recovered => "RECOVERED".to_owned(),
        Event::Corrected => "CORRECTED".to_owned(),
    }
}

/// What follows the badge without a gap: period, score, and how long.
pub(super) fn rest(facts: &Facts) -> String {
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
            sentences.extend(facts.since.as_ref().map(|since| streak(since, status(facts))));
            sentences.extend(cause::sentence(facts));
        }
        Event::Recovered | Event::Corrected => {
            sentences.extend(cause::sentence(facts));
            sentences.extend(duration(facts));
            if status(facts) == Status::AtRisk {
                sentences.push("It is still at risk.".to_owned());
            }
        }
    }
    sentences.join(" ")
}

/// The label of a period, short of what another label already says: `April` beside `May 2026`.
pub(super) fn beside(period: &PeriodName, other: Option<&PeriodName>) -> String {
    let label = &period.label;
    let Some((head, year)) = label.rsplit_once(' ') else { return label.clone() };
    let same_year = other
        .and_then(|other| other.label.rsplit_once(' '))
        .is_some_and(|(_, theirs)| theirs == year);
    if same_year { head.trim_end_matches(',').to_owned() } else { label.clone() }
}

/// The status that the alert goes by.
pub(super) fn status(facts: &Facts) -> Status {
    facts.judged().0.unwrap_or(Status::NoData)
}

/// `off track`, `heading off track`
pub(super) fn words(facts: &Facts) -> String {
    facts.words().unwrap_or_else(|| Status::NoData.words().to_owned())
}

fn scores(facts: &Facts) -> String {
    let now = match facts.score.to {
        Some(score) => format!("score {}", rounding::score(score)),
        None => "no score".to_owned(),
    };
    let when = facts
        .before
        .as_ref()
        .map(|before| format!(" in {}", beside(before, facts.period.as_ref())));
    match (facts.score.from, facts.before.as_ref()) {
        (Some(then), _) => {
            format!("{now}, was {}{}", rounding::score(then), when.unwrap_or_default())
        }
        (None, Some(_)) => format!("{now}, without a score{}", when.unwrap_or_default()),
        (None, None) => format!("{now}, with no period before to compare"),
    }
}

fn streak(since: &Since, status: Status) -> String {
    let unit = unit(since.frequency);
    let words = status.words();
    match since.periods {
        1 => format!("First {unit} {words}."),
        periods => {
            format!("{} {unit} {words} in a row, since {}.", nth(periods), since.period.label)
        }
    }
}

/// What a period is called.
pub(super) fn unit(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Day => "day",
        Frequency::Week => "week",
        Frequency::Month => "month",
        Frequency::Quarter => "quarter",
        Frequency::Half => "half-year",
        Frequency::Year => "year",
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

/// Both names within `room` characters, the longer cut first.
fn fit(a: String, b: String, room: usize) -> (String, String) {
    let (long_a, long_b) = (a.chars().count(), b.chars().count());
    if long_a + long_b <= room {
        return (a, b);
    }
    let half = (room / 2).max(NAME_CHARS_MIN);
    let room_a = if long_b <= half { room.saturating_sub(long_b) } else { half.min(long_a) };
    let room_b = room.saturating_sub(room_a).max(NAME_CHARS_MIN);
    (cut(a, room_a.max(NAME_CHARS_MIN)), cut(b, room_b))
}

fn cut(name: String, chars_max: usize) -> String {
    if name.chars().count() <= chars_max {
        return name;
    }
    let kept: String = name.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::mail::cases;

    #[test]
    fn subjects_fit_a_phone_and_keep_the_score() {
        let mut facts = cases::opened();
        assert_eq!(
            subject(&facts),
            "[Off track] Customer - Calder Cycles - May 2026: 55.9 (was 72.0)"
        );
        facts.scorecard.name = "Calder Cycles Holding International B.V. & Co".to_owned();
        assert_eq!(
            subject(&facts),
            "[Off track] Customer - Calder Cycles Hold… - May 2026: 55.9 (was 72.0)"
        );
        facts.perspective.name = "Customers, partners\r\nBcc: and everybody else".to_owned();
        let cut = subject(&facts);
        assert!(cut.chars().count() <= SUBJECT_CHARS_MAX, "{cut}");
        assert!(cut.ends_with(": 55.9 (was 72.0)") && !cut.contains('\n'), "{cut}");
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
        assert_eq!(beside(&name("April 2026"), Some(&may)), "April");
        assert_eq!(beside(&name("December 2025"), Some(&may)), "December 2025");
        assert_eq!(beside(&name("week 21, 2026"), Some(&name("week 22, 2026"))), "week 21");
        assert_eq!(beside(&name("FY2026"), Some(&name("FY2027"))), "FY2026");
    }
}
