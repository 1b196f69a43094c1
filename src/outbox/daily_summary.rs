//! What else happened: the news that a reader got no mail of, since there had been enough on that
//! day, are told in one summary on the next morning of work.

use chrono::{DateTime, NaiveTime, Utc};
use tracing::info;

use crate::{
    instance::Instance,
    outbox::{
        held_mail,
        notices::{self, Wording},
    },
};
use kpid_delivery::routing::Route;
use kpid_language::{Language, text};
use kpid_message::{facts::alert::Facts, message::Message, notice::Section};
use kpid_rules::{
    alerting::NoticeKind,
    judgement::rounding,
    model::{Calendar, Id, Period},
};
use kpid_store::BatchedDelivery;

/// When a day of work begins with what was left over from the days before.
const MORNING: NaiveTime = match NaiveTime::from_hms_opt(8, 0, 0) {
    Some(eight) => eight,
    None => NaiveTime::MIN,
};

/// A summary names so many; what is left is in another one right after it.
const LINES_MAX: usize = 100;

/// Writes the summaries that are due, each in one transaction with what it tells; says how many.
pub async fn summarise(instance: &Instance, now: DateTime<Utc>) -> anyhow::Result<usize> {
    let setup = &instance.setup;
    let kept = instance.store.batched().await?;
    if kept.is_empty() || !is_morning_over(&setup.calendar, now) {
        return Ok(0);
    }
    if now < held_mail::pace(setup, now).opening {
        return Ok(0);
    }
    let mut written = 0;
    for of_reader in kept
        .chunk_by(|one, other| (&one.channel, &one.recipient) == (&other.channel, &other.recipient))
    {
        let is_due = |kept: &BatchedDelivery| {
            setup.calendar.working_time_after(kept.batched_at, MORNING) <= now
        };
        if !of_reader.iter().any(is_due) {
            continue;
        }
        let batched = &of_reader[..of_reader.len().min(LINES_MAX)];
        let Some(first) = batched.first() else { continue };
        let Ok(channel) = Id::parse(&first.channel) else { continue };
        let person = first.person.as_deref().and_then(|person| Id::parse(person).ok());
        let route = Route { channel, recipient: first.recipient.clone(), person };
        let worded = |language: &'static Language| wording(language, &setup.calendar, batched, now);
        let summary = notices::delivery(setup, &worded, route, now);
        let Some(summary) = summary else { continue };
        let ids: Vec<_> = batched.iter().map(|kept| kept.id).collect();
        if instance.store.summarise(&ids, &[summary], now).await? {
            info!(messages = ids.len(), "{} messages are sent in a summary", ids.len());
            written += 1;
        }
    }
    Ok(written)
}

/// When the morning of a day of work next comes, if one does.
pub(crate) fn next_morning(calendar: &Calendar, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Some(calendar.working_time_after(now, MORNING)).filter(|morning| now < *morning)
}

/// Whether it is a day of work, and its morning has come.
fn is_morning_over(calendar: &Calendar, now: DateTime<Utc>) -> bool {
    let today = calendar.local_day(now);
    calendar.is_working_day(today) && calendar.instant(today.and_time(MORNING)) <= now
}

fn wording(
    language: &Language,
    calendar: &Calendar,
    batched: &[BatchedDelivery],
    now: DateTime<Utc>,
) -> Wording {
    let lines: Vec<String> = batched.iter().map(|kept| line(language, calendar, kept)).collect();
    let count = lines.len();
    Wording {
        kind: NoticeKind::Summary,
        dedup_key: format!("leftovers/{}", now.timestamp_micros()),
        subject: text!(language, "summary-subject", count = count),
        summary: text!(language, "summary-words", count = count),
        sections: vec![Section { title: language.text("summary-section").into_owned(), lines }],
        why: language.text("summary-why").into_owned(),
        lasts: false,
    }
}

/// "3 June, 14:02: Customer - Calder Cycles: alert opened, off track, score 55.9, May 2026 - https://…"
fn line(language: &Language, calendar: &Calendar, kept: &BatchedDelivery) -> String {
    let at = kept.written_at.with_timezone(&calendar.zone);
    let (day, time) = (language.day_of_year(at.date_naive()), at.format("%H:%M"));
    let what = match Message::from_json(&kept.facts) {
        Ok(Message::Alert(facts)) => of_facts(language, &facts),
        Ok(Message::Notice(notice)) => notice.subject,
        Ok(Message::Overview(overview)) => overview.subject,
        Err(_) => {
            text!(language, "summary-unreadable", id = kept.id.to_string())
        }
    };
    format!("{day}, {time}: {what}")
}

fn of_facts(language: &Language, facts: &Facts) -> String {
    let scorecard = &facts.scorecard.name;
    let name = match &facts.node.name {
        name if name == scorecard => name.clone(),
        name => format!("{name} - {scorecard}"),
    };
    let event = language.text(&format!("event-{}", facts.event.word()));
    let event = Some(text!(language, "summary-alert", event = event));
    let (status, score) = facts.judged();
    let status = status.map(|status| match &facts.early {
        Some(_) => text!(language, "mail-heading", status = language.status(status)),
        None => language.status(status),
    });
    let score = score.map(|score| language.plain_number(&rounding::score(score)));
    let score = score.map(|score| text!(language, "mail-score", score = score));
    let period = facts.judged_period().map(|period| {
        Period::parse(&period.key).map_or_else(|_| period.label.clone(), |key| language.period(key))
    });
    let parts: Vec<String> = [event, status, score, period].into_iter().flatten().collect();
    let link = facts.links.as_ref().map(|links| format!(" - {}", links.details));
    format!("{name}: {}{}", parts.join(", "), link.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use kpid_language::english;
    use kpid_message::samples;

    fn kept(facts: &str) -> BatchedDelivery {
        let at = "2026-06-03T12:02:00Z".parse().unwrap();
        BatchedDelivery {
            id: Uuid::nil(),
            channel: "mail".to_owned(),
            recipient: "ines@calder.example".to_owned(),
            person: Some("ines".to_owned()),
            facts: facts.to_owned(),
            written_at: at,
            batched_at: at,
        }
    }

    #[test]
    fn a_line_says_what_happened_to_what_and_how_it_stood() {
        let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
        let facts = Message::from(samples::alerts::opened()).to_json().unwrap();
        let said = line(english(), &calendar, &kept(&facts));
        let begin = "3 June, 14:02: Customer - Calder Cycles: alert opened, off track, score \
                     55.9, May 2026";
        assert!(said.starts_with(begin), "{said}");
        let unreadable = line(english(), &calendar, &kept("{}"));
        assert!(unreadable.contains("kpid outbox list --all"), "{unreadable}");
    }

    #[test]
    fn a_morning_is_one_of_work() {
        let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
        for (now, over) in [
            ("2026-06-03T05:59:59Z", false),
            ("2026-06-03T06:00:00Z", true),
            ("2026-06-06T10:00:00Z", false),
        ] {
            assert_eq!(is_morning_over(&calendar, now.parse().unwrap()), over, "{now}");
        }
    }
}
