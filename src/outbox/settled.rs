//! What pagers are told once a message that was given up is taken up again, or dropped: their
//! incident is over. Whoever got it by mail knows, or does not mind.

use chrono::{DateTime, Utc};

use crate::outbox::notices::{self, Wording};
use kpid_config::setup::Setup;
use kpid_delivery::{channel::Channel, routing::Route};
use kpid_language::Language;
use kpid_message::message::Message;
use kpid_rules::{alerting::NoticeKind, model::Id};
use kpid_store::{GaveUp, Handling, NewDelivery};

/// The end of such a notice, for whoever keeps it open.
pub(crate) fn notice(
    setup: &Setup,
    gave_up: &GaveUp,
    handling: Handling,
    now: DateTime<Utc>,
) -> Option<NewDelivery> {
    let channel = Id::parse(&gave_up.channel).ok()?;
    match setup.channels.get(&channel)? {
        Channel::Webhook(webhook) if webhook.format.keeps_open() => {}
        _ => return None,
    }
    let Ok(Message::Notice(held)) = Message::from_json(&gave_up.facts) else { return None };
    let summary = match handling {
        Handling::Retry => "notice-settled-retried",
        Handling::Drop => "notice-settled-dropped",
    };
    let worded = |language: &'static Language| Wording {
        kind: NoticeKind::Settled,
        dedup_key: gave_up.dedup_key.clone(),
        subject: held.subject.replace(
            &*language.text("notice-tag-undelivered"),
            &language.text("notice-tag-settled"),
        ),
        summary: language.text(summary).into_owned(),
        sections: Vec::new(),
        why: held.why.clone(),
        lasts: false,
    };
    let route = Route { channel, recipient: gave_up.recipient.clone(), person: None };
    let delivery = notices::delivery(setup, &worded, route, now)?;
    // After the notice that it ends.
    Some(NewDelivery { sequence: 1, ..delivery })
}
