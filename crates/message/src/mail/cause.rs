//! The sentence that says why a message is sent, beyond what the verdict says by itself.

use crate::{
    facts::alert::Facts,
    mail::{figures, phrases},
    wording::line,
};
use kpid_rules::alerting::{Cause, Event};

/// Why the message is sent, where that is not in the verdict.
pub(crate) fn sentence(facts: &Facts) -> Option<String> {
    let sentence = match facts.cause? {
        Cause::Fell | Cause::Lasted | Cause::Improved => return None,
        Cause::Restated if facts.event == Event::Corrected => {
            "Reported figures were restated, and with the new ones there is nothing to alert about."
                .to_owned()
        }
        Cause::Restated => "Reported figures were restated.".to_owned(),
        Cause::Configuration => {
            "The figures are the same: the configuration that judges them was changed.".to_owned()
        }
        Cause::Flapping => flapping(facts),
        Cause::ScoreFell => {
            format!("That is far below the {} last reported{}.", last_score(facts), on(facts))
        }
        Cause::FurtherKpi => further(facts),
        Cause::StatusFell => format!("It was only at risk when last reported{}.", on(facts)),
        Cause::Unacknowledged => format!("Nobody has acknowledged the alert{}.", raised(facts)),
        Cause::NewPeriod => {
            format!("Another period is in, and nobody has acknowledged the alert{}.", raised(facts))
        }
        Cause::SilenceOver => {
            format!("Alerts were silenced until now; it is still {}.", phrases::words(facts))
        }
        Cause::AboveEnded => format!(
            "Until now the alert above covered it. That one has ended; this is still {}.",
            phrases::words(facts)
        ),
        Cause::DuePassed => due_passed(facts)?,
        Cause::Person => acknowledged(facts)?,
    };
    Some(sentence)
}

fn flapping(facts: &Facts) -> String {
    let until = facts.episode.flapping_until;
    let until = until.map(|until| format!(" until {}", phrases::day(until))).unwrap_or_default();
    format!(
        "It is flapping: it fell off track more than three times in 30 days. \
         To spare you the back and forth, there will be no mails about it{until}."
    )
}

fn further(facts: &Facts) -> String {
    let names: Vec<String> = facts.further.iter().map(|kpi| line(&kpi.name)).collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!("{} {verb} fallen off track since the last message{}.", names.join(", "), on(facts))
}

fn due_passed(facts: &Facts) -> Option<String> {
    let (by, due) = (facts.episode.acknowledged_by.as_deref()?, facts.episode.due?);
    let due = due.format("%-d %B %Y");
    Some(format!("{} expected it back on track by {due}; that day has passed.", line(by)))
}

fn acknowledged(facts: &Facts) -> Option<String> {
    let by = line(facts.episode.acknowledged_by.as_deref()?);
    let comment = facts.episode.comment.as_deref().map(|text| format!(": \"{}\"", line(text)));
    Some(format!("{by} has acknowledged the alert{}.", comment.unwrap_or_default()))
}

fn last_score(facts: &Facts) -> String {
    figures::score_or_none(facts.last_notified.as_ref().and_then(|last| last.score))
}

/// ` on 3 June 2026`: when the previous message was.
fn on(facts: &Facts) -> String {
    facts
        .last_notified
        .as_ref()
        .map(|last| format!(" on {}", phrases::day(last.at)))
        .unwrap_or_default()
}

/// ` of 3 June 2026`: when it was raised.
fn raised(facts: &Facts) -> String {
    facts.episode.opened_at.map(|at| format!(" of {}", phrases::day(at))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_cause_that_the_verdict_does_not_show_has_a_sentence() {
        let words = |cause, event| {
            let acknowledged = samples::alerts::acknowledged();
            sentence(&Facts { cause: Some(cause), event, ..acknowledged }).unwrap_or_default()
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
