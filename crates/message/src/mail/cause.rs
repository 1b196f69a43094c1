//! The sentence that says why a message is sent, beyond what the verdict says by itself.

use chrono::{DateTime, FixedOffset};

use crate::{
    facts::alert::Facts,
    mail::{figures, phrases},
    wording::{day_words, line},
};
use kpid_language::{Language, text};
use kpid_rules::alerting::{Cause, Event};

/// Why the message is sent, where that is not in the verdict.
pub(crate) fn sentence(language: &Language, facts: &Facts) -> Option<String> {
    let words = || phrases::words(language, facts);
    Some(match facts.cause? {
        Cause::Fell | Cause::Lasted | Cause::Improved => return None,
        Cause::Restated if facts.event == Event::Corrected => {
            language.text("mail-cause-corrected").into_owned()
        }
        Cause::Restated => language.text("mail-cause-restated").into_owned(),
        Cause::Configuration => language.text("mail-cause-configuration").into_owned(),
        Cause::Flapping => match facts.episode.flapping_until {
            Some(until) => {
                text!(language, "mail-cause-flapping-until", day = day_words(language, until))
            }
            None => language.text("mail-cause-flapping").into_owned(),
        },
        Cause::ScoreFell => score_fell(language, facts),
        Cause::FurtherKpi => further(language, facts),
        Cause::StatusFell => match last_at(facts) {
            Some(at) => text!(language, "mail-cause-fell-on", day = day_words(language, at)),
            None => language.text("mail-cause-fell").into_owned(),
        },
        Cause::Unacknowledged => match facts.episode.opened_at {
            Some(at) => {
                text!(language, "mail-cause-unacknowledged-of", day = day_words(language, at))
            }
            None => language.text("mail-cause-unacknowledged").into_owned(),
        },
        Cause::NewPeriod => match facts.episode.opened_at {
            Some(at) => text!(language, "mail-cause-period-of", day = day_words(language, at)),
            None => language.text("mail-cause-period").into_owned(),
        },
        Cause::SilenceOver => text!(language, "mail-cause-silence", status = words()),
        Cause::AboveEnded => text!(language, "mail-cause-above", status = words()),
        Cause::DuePassed => {
            let by = line(facts.episode.acknowledged_by.as_deref()?);
            let day = language.day(facts.episode.due?);
            text!(language, "mail-cause-due", name = by, day = day)
        }
        Cause::Person => acknowledged(language, facts)?,
    })
}

fn score_fell(language: &Language, facts: &Facts) -> String {
    let last = facts.last_notified.as_ref().and_then(|last| last.score);
    let score = figures::score_or_none(language, last);
    match last_at(facts) {
        Some(at) => {
            let day = day_words(language, at);
            text!(language, "mail-cause-score-on", score = score, day = day)
        }
        None => text!(language, "mail-cause-score", score = score),
    }
}

fn further(language: &Language, facts: &Facts) -> String {
    let names: Vec<String> = facts.further.iter().map(|kpi| line(&kpi.name)).collect();
    let (count, names) = (names.len(), names.join(", "));
    match last_at(facts) {
        Some(at) => {
            let day = day_words(language, at);
            text!(language, "mail-cause-further-on", count = count, names = names, day = day)
        }
        None => text!(language, "mail-cause-further", count = count, names = names),
    }
}

fn acknowledged(language: &Language, facts: &Facts) -> Option<String> {
    let by = line(facts.episode.acknowledged_by.as_deref()?);
    Some(match facts.episode.comment.as_deref() {
        Some(comment) => {
            let comment = line(comment);
            text!(language, "mail-cause-comment", name = by, comment = comment)
        }
        None => text!(language, "mail-cause-acknowledged", name = by),
    })
}

/// When the previous message was.
fn last_at(facts: &Facts) -> Option<DateTime<FixedOffset>> {
    facts.last_notified.as_ref().map(|last| last.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_cause_that_the_verdict_does_not_show_has_a_sentence() {
        let words = |cause, event| {
            let acknowledged = samples::alerts::acknowledged();
            sentence(kpid_language::english(), &Facts { cause: Some(cause), event, ..acknowledged })
                .unwrap_or_default()
        };
        for (cause, event, expected) in [
            (Cause::Fell, Event::Opened, ""),
            (Cause::Restated, Event::Opened, "Reported figures were restated."),
            (Cause::ScoreFell, Event::Worsened, "far below the 55.9 last reported on 3 June 2026"),
            (Cause::FurtherKpi, Event::Worsened, "Order lead time p95 has fallen off track since"),
            (Cause::StatusFell, Event::Worsened, "only at risk when last reported on 3 June 2026"),
            (Cause::SilenceOver, Event::Reminded, "silenced until now; it is still off track."),
            (Cause::AboveEnded, Event::Reminded, "That one has ended; this is still off track."),
            (Cause::Unacknowledged, Event::Reminded, "acknowledged the alert of 3 June 2026."),
            (
                Cause::DuePassed,
                Event::Reminded,
                "Ines Marlow expected it back on track by 12 June 2026",
            ),
            (
                Cause::Person,
                Event::Acknowledged,
                "Ines Marlow has acknowledged the alert: \"talking",
            ),
            (Cause::Flapping, Event::Opened, "no mails about it until 3 July 2026."),
        ] {
            assert!(words(cause, event).contains(expected), "{cause:?}: {}", words(cause, event));
        }
    }
}
