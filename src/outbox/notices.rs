//! Notices on their way into the outbox: one delivery for each reader who can be reached.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tracing::error;
use uuid::{NoContext, Timestamp, Uuid};

use kpid_config::setup::Setup;
use kpid_delivery::{
    channel::Channel,
    routing::{Route, mailbox, routes},
};
use kpid_language::Language;
use kpid_message::{
    message::Message,
    notice::{Notice, Section},
    person::Person,
};
use kpid_rules::{alerting::NoticeKind, model::Id};
use kpid_store::NewDelivery;

/// Why operators are told.
pub(crate) fn operators_why(language: &Language) -> String {
    language.text("notice-why-operators").into_owned()
}

/// What a notice says.
pub(crate) struct Wording {
    pub(crate) kind: NoticeKind,
    pub(crate) dedup_key: String,
    pub(crate) subject: String,
    pub(crate) summary: String,
    pub(crate) sections: Vec<Section>,
    pub(crate) why: String,
    /// Whether its end is told later under the same key.
    pub(crate) lasts: bool,
}

/// What a notice says, in a language.
pub(crate) type Worded<'w> = &'w dyn Fn(&'static Language) -> Wording;

/// One delivery for each of `to` who can be reached; the log tells of the others.
pub(crate) fn deliveries(
    setup: &Setup,
    worded: Worded<'_>,
    to: &[Id],
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    let kind = worded(setup.language).kind;
    let made = |language| notice(setup, worded(language), now);
    routed_in_languages(setup, &made, kind, to, now)
}

/// How a notice about a channel is routed to operators.
pub(crate) type NoticeRouting = fn(&Setup, Worded<'_>, &Id, DateTime<Utc>) -> Vec<NewDelivery>;

/// Their usual routes, which the channel may be: it works.
pub(crate) fn usual(
    setup: &Setup,
    worded: Worded<'_>,
    _works: &Id,
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    deliveries(setup, worded, &setup.operators, now)
}

/// What operators are told of trouble with a channel: over their usual routes, and if all of those are
/// that channel, over another too.
pub(crate) fn beside(
    setup: &Setup,
    worded: Worded<'_>,
    broken: &Id,
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    let mut deliveries = deliveries(setup, worded, &setup.operators, now);
    if deliveries.iter().all(|delivery| delivery.channel == broken.as_str()) {
        deliveries.extend(by_another_way(setup, worded, broken, now));
    }
    deliveries
}

/// The same over other channels alone: operators by another mail server, else the first webhook.
pub(crate) fn by_another_way(
    setup: &Setup,
    worded: Worded<'_>,
    broken: &Id,
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    if setup.operators.is_empty() {
        return Vec::new();
    }
    let mut others = setup.channels.iter().filter(|(id, _)| *id != broken);
    let mails = |channel: &Id| -> Vec<Route> {
        let people = setup.operators.iter().filter_map(|id| setup.people.get(id));
        let route = |person: &Person| {
            let recipient = mailbox(person, &setup.people)?.to_string();
            let (channel, person) = (channel.clone(), Some(person.id.clone()));
            Some(Route { channel, recipient, person })
        };
        people.filter_map(route).collect()
    };
    let by_mail = others.clone().find(|(_, channel)| matches!(channel, Channel::Email(_)));
    let mut routes = by_mail.map(|(id, _)| mails(id)).unwrap_or_default();
    if routes.is_empty() {
        let hook = others.find(|(_, channel)| matches!(channel, Channel::Webhook(_)));
        let route = |(id, _): (&Id, _)| {
            let (channel, recipient) = (id.clone(), id.to_string());
            Route { channel, recipient, person: None }
        };
        routes.extend(hook.map(route));
    }
    routes.into_iter().filter_map(|route| delivery(setup, worded, route, now)).collect()
}

/// The delivery of a notice that takes a route; the log tells if there can be none.
pub(crate) fn delivery(
    setup: &Setup,
    worded: Worded<'_>,
    route: Route,
    now: DateTime<Utc>,
) -> Option<NewDelivery> {
    let wording = worded(language_of(setup, route.person.as_ref()));
    let kind = wording.kind;
    sent(&notice(setup, wording, now), kind, route, now)
}

fn notice(setup: &Setup, wording: Wording, now: DateTime<Utc>) -> Message {
    Message::Notice(Notice {
        event: wording.kind,
        dedup_key: wording.dedup_key,
        at: now.with_timezone(&setup.calendar.zone).fixed_offset(),
        subject: wording.subject,
        summary: wording.summary,
        sections: wording.sections,
        why: wording.why,
        config_version: setup.config_hash.clone(),
        lasts: wording.lasts,
    })
}

/// One delivery of a message for each of `to` who can be reached; the log tells of the others.
pub(crate) fn routed(
    setup: &Setup,
    message: &Message,
    kind: NoticeKind,
    to: &[Id],
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    routed_in_languages(setup, &|_| message.clone(), kind, to, now)
}

/// The same in the language of each reader, in which `made` words it.
pub(crate) fn routed_in_languages(
    setup: &Setup,
    made: &dyn Fn(&'static Language) -> Message,
    kind: NoticeKind,
    to: &[Id],
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    let deliveries = reached(setup, made, kind, to, now);
    // What nobody it is for can be told of, operators hear.
    if deliveries.is_empty() && !to.is_empty() && to != setup.operators {
        return reached(setup, made, kind, &setup.operators, now);
    }
    deliveries
}

fn reached(
    setup: &Setup,
    made: &dyn Fn(&'static Language) -> Message,
    kind: NoticeKind,
    to: &[Id],
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    let mut worded: BTreeMap<&str, Message> = BTreeMap::new();
    let mut deliveries = Vec::new();
    for (id, route) in routes(to, &setup.people, &setup.channels) {
        match route {
            Ok(route) => {
                let language = language_of(setup, route.person.as_ref());
                let message = worded.entry(language.code()).or_insert_with(|| made(language));
                deliveries.extend(sent(message, kind, route, now));
            }
            Err(error) => error!("cannot tell `{id}` of a `{}`: {error}", kind.word()),
        }
    }
    deliveries
}

/// The language of somebody, or of whoever reads a channel.
fn language_of(setup: &Setup, person: Option<&Id>) -> &'static Language {
    let person = person.and_then(|id| setup.people.get(id));
    person.and_then(|person| person.language).unwrap_or(setup.language)
}

/// The delivery of a message that takes a route; the log tells if there can be none.
fn sent(
    message: &Message,
    kind: NoticeKind,
    route: Route,
    now: DateTime<Utc>,
) -> Option<NewDelivery> {
    let dedup_key = message.dedup_key().to_owned();
    match message.to_json() {
        Ok(facts) => Some(NewDelivery {
            id: delivery_id(now),
            dedup_key,
            event: kind.into(),
            sequence: 0,
            channel: route.channel.to_string(),
            recipient: route.recipient,
            person: route.person.map(|person| person.to_string()),
            facts,
            held_until: None,
        }),
        Err(error) => {
            error!("cannot store the message `{dedup_key}`: {error}; please report it");
            None
        }
    }
}

/// An id that sorts by the time of the decision.
pub(crate) fn delivery_id(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
}
