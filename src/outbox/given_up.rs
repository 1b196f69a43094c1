//! What operators are told of a message that nobody will get.

use chrono::{DateTime, Utc};

use crate::outbox::notices::{self, OPERATORS_WHY, Wording};
use kpid_config::setup::Setup;
use kpid_message::{
    message::Message,
    notice::{Notice, Section},
};
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
    let recipient = &claimed.recipient;
    let (about, what) = match message {
        Some(Message::Notice(Notice { event: NoticeKind::Summary, subject, .. })) => {
            (subject.clone(), format!("The message \"{subject}\""))
        }
        // Once a day and channel, or a dead one would tell of itself for ever.
        Some(Message::Notice(_)) => {
            let wording = Wording {
                kind: NoticeKind::GaveUp,
                dedup_key: format!("unheard/{channel}/{}", now.date_naive()),
                subject: format!("[Undelivered] Notices over `{channel}`"),
                summary: format!("Operators cannot be notified over `{channel}`."),
                sections: vec![Section {
                    title: String::new(),
                    lines: vec![format!("Why: {reason}")],
                }],
                why: OPERATORS_WHY.to_owned(),
                lasts: false,
            };
            return notices::by_another_way(setup, &wording, channel, now);
        }
        Some(Message::Alert(facts)) => {
            let (event, scorecard) = (facts.event.word(), &facts.scorecard.name);
            let perspective = &facts.node.name;
            (
                format!("{perspective} - {scorecard}: {event}"),
                format!("The message \"{event}\" of the alert on {perspective} ({scorecard})"),
            )
        }
        Some(Message::Overview(overview)) => {
            let title = &overview.title;
            (title.clone(), format!("The message \"{title}\""))
        }
        None => (format!("for {recipient}"), format!("A message for {recipient}")),
    };
    let lines = vec![
        format!("It was for {recipient} over `{channel}`."),
        format!("Why: {reason}"),
        format!(
            "When that is fixed, `kpid outbox retry {}` sends it; `kpid outbox list` shows \
             what else is not delivered.",
            claimed.id
        ),
    ];
    let wording = Wording {
        kind: NoticeKind::GaveUp,
        // A person may take it up again, and what is given up again is news again.
        dedup_key: format!("gave_up/{}/{}", claimed.id, claimed.written_at.timestamp_micros()),
        subject: format!("[Undelivered] {about}"),
        summary: format!("{what} could not be delivered and is given up."),
        sections: vec![Section { title: String::new(), lines }],
        why: OPERATORS_WHY.to_owned(),
        lasts: true,
    };
    notices::beside(setup, &wording, channel, now)
}
