//! Messages that wait while the configuration changes: a person's go where that person is reached
//! now; of those that go nowhere any more operators hear at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use crate::outbox::notices::{self, Wording, operators_why};
use kpid_config::setup::Setup;
use kpid_delivery::{
    channel::Channel,
    routing::{Route, mailbox, route},
};
use kpid_language::{Language, text};
use kpid_message::{notice::Section, person::Person, wording::plural};
use kpid_rules::{alerting::NoticeKind, model::Id};
use kpid_store::{Store, WaitingRoute};

/// What becomes of a route that messages wait to take.
#[derive(Debug, PartialEq)]
enum Fate {
    /// It is as it was, or whoever delivers finds that it leads nowhere.
    Kept,
    /// Its person is reached otherwise.
    Moved(Route),
    /// Its channel is not configured, and nobody is known who could be told otherwise.
    Lost,
}

/// Sends what waits where the configuration says, and tells operators of what has no route any more.
pub(crate) async fn follow(setup: &Setup, store: &Store, now: DateTime<Utc>) -> anyhow::Result<()> {
    for waiting in store.waiting_routes().await? {
        if let Fate::Moved(Route { channel, recipient, .. }) = fate(setup, &waiting) {
            store.send_over(&waiting, channel.as_str(), &recipient, now).await?;
            let count = plural(waiting.count as usize, "message");
            info!(%channel, "{count} that waited for `{}` now wait for `{channel}`", waiting.channel);
        }
    }
    let mut notices = Vec::new();
    for (channel, count) in lost(setup, store).await? {
        warn!(channel, "{}", words(&channel, count));
        let worded = |language| wording(setup, language, &channel, count);
        notices.extend(notices::deliveries(setup, &worded, &setup.operators, now));
    }
    store.tell(&notices, now).await
}

/// The channels that are not configured and that messages wait for, with their number.
pub(crate) async fn lost(setup: &Setup, store: &Store) -> anyhow::Result<BTreeMap<String, u32>> {
    let mut lost: BTreeMap<String, u32> = BTreeMap::new();
    for waiting in store.waiting_routes().await? {
        if fate(setup, &waiting) == Fate::Lost {
            *lost.entry(waiting.channel).or_default() += waiting.count;
        }
    }
    Ok(lost)
}

/// "3 messages wait for the channel `pager`, which is not configured".
pub(crate) fn words(channel: &str, count: u32) -> String {
    let verb = if count == 1 { "waits" } else { "wait" };
    let messages = plural(count as usize, "message");
    format!("{messages} {verb} for the channel `{channel}`, which is not configured")
}

fn fate(setup: &Setup, waiting: &WaitingRoute) -> Fate {
    let channel = Id::parse(&waiting.channel).ok().and_then(|id| setup.channels.get_key_value(&id));
    let person = person(setup, waiting);
    match (channel, person) {
        (Some((channel, Channel::Email(_))), Some(person)) => {
            let Some(address) = mailbox(person, &setup.people) else { return Fate::Kept };
            let recipient = address.to_string();
            if recipient == waiting.recipient {
                return Fate::Kept;
            }
            let (channel, person) = (channel.clone(), Some(person.id.clone()));
            Fate::Moved(Route { channel, recipient, person })
        }
        (Some(_), _) => Fate::Kept,
        (None, Some(person)) => match route(&person.id, &setup.people, &setup.channels) {
            Ok(route) => Fate::Moved(route),
            Err(_) => Fate::Lost,
        },
        (None, None) => Fate::Lost,
    }
}

/// Whom a route leads to; of a message written before persons were noted, whoever has its address.
fn person<'s>(setup: &'s Setup, waiting: &WaitingRoute) -> Option<&'s Person> {
    let mut people = setup.people.values();
    match &waiting.person {
        Some(id) => people.find(|person| person.id.as_str() == id),
        None => people.find(|person| {
            person.email.as_ref().is_some_and(|email| email.to_string() == waiting.recipient)
        }),
    }
}

fn wording(setup: &Setup, language: &Language, channel: &str, count: u32) -> Wording {
    let lines = vec![
        text!(language, "notice-channel-fix", channel = channel),
        language.text("notice-channel-commands").into_owned(),
    ];
    Wording {
        kind: NoticeKind::ConfigTrouble,
        // News again with every configuration that leaves it so.
        dedup_key: format!("lost_channel/{channel}/{}", setup.config_hash),
        subject: text!(language, "notice-channel-subject", channel = channel),
        summary: text!(language, "notice-channel-summary", channel = channel, count = count),
        sections: vec![Section { title: String::new(), lines }],
        why: operators_why(language),
        lasts: false,
    }
}
