//! What operators are told of a message that nobody will get.

use chrono::{DateTime, Utc};

use crate::outbox::notices::{self, Wording, operators_why};
use kpid_config::setup::Setup;
use kpid_language::{Language, text};
use kpid_message::{message::Message, notice::Section};
use kpid_rules::{alerting::NoticeKind, model::Id};
use kpid_store::{Claimed, NewDelivery};

/// What operators are told of it; nothing over its own channel when it was for them, or a dead channel
/// would tell of itself for ever.
pub(super) fn notices(
    setup: &Setup,
    channel: &Id,
    claimed: &Claimed,
    message: Option<&Message>,
    reason: &str,
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    // Once a day and channel, or a dead one would tell of itself for ever.
    if let Some(Message::Notice(notice)) = message
        && notice.event != NoticeKind::Summary
    {
        let worded = |language: &'static Language| Wording {
            kind: NoticeKind::GaveUp,
            dedup_key: format!("unheard/{channel}/{}", now.date_naive()),
            subject: text!(language, "notice-unheard-subject", channel = channel.as_str()),
            summary: text!(language, "notice-unheard-summary", channel = channel.as_str()),
            sections: vec![Section {
                title: String::new(),
                lines: vec![text!(language, "notice-reason", reason = reason)],
            }],
            why: operators_why(language),
            lasts: false,
        };
        return notices::by_another_way(setup, &worded, channel, now);
    }
    let worded =
        |language: &'static Language| wording(language, (claimed, channel), message, reason);
    notices::beside(setup, &worded, channel, now)
}

/// What operators are told of a message that is given up.
fn wording(
    language: &Language,
    (claimed, channel): (&Claimed, &Id),
    message: Option<&Message>,
    reason: &str,
) -> Wording {
    let recipient = claimed.recipient.as_str();
    let titled = |title: &str| (title.to_owned(), text!(language, "notice-message", title = title));
    let (about, what) = match message {
        Some(Message::Notice(notice)) => titled(&notice.subject),
        Some(Message::Overview(overview)) => titled(&overview.title),
        Some(Message::Alert(facts)) => {
            let event = language.text(&format!("event-{}", facts.event.word())).into_owned();
            let (scorecard, name) = (facts.scorecard.name.as_str(), facts.node.name.as_str());
            let about = format!("{name} - {scorecard}: {event}");
            let of = format!("{name} ({scorecard})");
            (about, text!(language, "notice-message-of-alert", event = event, name = of))
        }
        None => (
            text!(language, "notice-for", recipient = recipient),
            text!(language, "notice-message-for", recipient = recipient),
        ),
    };
    let (channel, id) = (channel.as_str(), claimed.id.to_string());
    let lines = vec![
        text!(language, "notice-was-for", recipient = recipient, channel = channel),
        text!(language, "notice-reason", reason = reason),
        text!(language, "notice-given-up-fix", id = id),
    ];
    Wording {
        kind: NoticeKind::GaveUp,
        // A person may take it up again, and what is given up again is news again.
        dedup_key: format!("gave_up/{}/{}", claimed.id, claimed.written_at.timestamp_micros()),
        subject: format!("{} {about}", language.text("notice-tag-undelivered")),
        summary: text!(language, "notice-given-up", what = what),
        sections: vec![Section { title: String::new(), lines }],
        why: operators_why(language),
        lasts: true,
    }
}
