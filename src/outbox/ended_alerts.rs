//! Alerts of what the configuration no longer has: whoever was told of one hears that it is over, in a
//! message that needs neither its definition nor how it stands.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use tracing::info;

use crate::outbox::notices::{self, Wording};
use kpid_config::setup::Setup;
use kpid_delivery::{
    channel::Channel,
    routing::{Route, route},
};
use kpid_language::{Language, text};
use kpid_message::{message::Message, notice::Section};
use kpid_rules::{
    alerting::NoticeKind,
    model::{Id, Scope},
};
use kpid_store::{EndedAlert, NewDelivery, Reader, Store};

/// Ends the alerts of nodes that the configuration no longer has, or no longer has an alert of.
pub(crate) async fn end(setup: &Setup, store: &Store, now: DateTime<Utc>) -> anyhow::Result<()> {
    let scorecards = setup.portfolio.scorecards().iter();
    let configured: HashSet<Scope> =
        scorecards.flat_map(|scorecard| scorecard.alerts()).map(|(scope, _)| scope).collect();
    let ended =
        store.end_unconfigured(&configured, now, |ended| deliveries(setup, ended, now)).await?;
    for EndedAlert { scope, episode, .. } in ended {
        let number = episode.number;
        info!(%scope, episode = number, "alert {number} of `{scope}` ends: it is no longer configured");
    }
    Ok(())
}

/// One message to everybody who heard of the alert and is still configured.
fn deliveries(setup: &Setup, ended: &EndedAlert, now: DateTime<Utc>) -> Vec<NewDelivery> {
    let worded = |language| wording(setup, language, ended);
    let mut routes: Vec<Route> = Vec::new();
    for route in ended.readers.iter().filter_map(|reader| route_now(setup, reader)) {
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    let delivery = |route| {
        let sequence = ended.episode.notified.messages;
        Some(NewDelivery { sequence, ..notices::delivery(setup, &worded, route, now)? })
    };
    routes.into_iter().filter_map(delivery).collect()
}

/// The route to a reader as it is now. Whoever was taken out of the configuration hears nothing.
fn route_now(setup: &Setup, reader: &Reader) -> Option<Route> {
    let person = match &reader.person {
        Some(id) => Some(setup.people.values().find(|person| person.id.as_str() == id)?),
        None => setup.people.values().find(|person| {
            let email = person.email.as_ref();
            email.is_some_and(|email| email.to_string() == reader.recipient)
        }),
    };
    if let Some(person) = person {
        return route(&person.id, &setup.people, &setup.channels).ok();
    }
    let channel = Id::parse(&reader.channel).ok()?;
    match setup.channels.get(&channel)? {
        Channel::Webhook(_) => route(&channel, &setup.people, &setup.channels).ok(),
        Channel::Email(_) => None,
    }
}

fn wording(
    setup: &Setup,
    language: &'static Language,
    EndedAlert { scope, episode, facts, .. }: &EndedAlert,
) -> Wording {
    let last = facts.as_ref().and_then(|facts| Message::from_json(facts).ok());
    let (name, of) = match &last {
        Some(Message::Alert(facts)) if facts.node.id != facts.scorecard.id => {
            (facts.node.name.clone(), Some(facts.scorecard.name.clone()))
        }
        Some(Message::Alert(facts)) => (facts.scorecard.name.clone(), None),
        _ => (scope.to_string(), None),
    };
    let with = |before: &str, after: &str| {
        of.as_ref().map(|of| format!("{name}{before}{of}{after}")).unwrap_or_else(|| name.clone())
    };
    let zone = setup.calendar.zone;
    let raised = episode.opened_at.map(|at| language.day(at.with_timezone(&zone).date_naive()));
    let lines = vec![
        language.text("notice-ended-unseen").into_owned(),
        text!(language, "notice-ended-was", scope = scope.to_string()),
    ];
    Wording {
        kind: NoticeKind::AlertEnded,
        dedup_key: episode.dedup_key(scope),
        subject: text!(language, "notice-ended-subject", name = with(" - ", "")),
        summary: match raised {
            Some(day) => {
                text!(language, "notice-ended-summary-of", name = with(" (", ")"), day = day)
            }
            None => text!(language, "notice-ended-summary", name = with(" (", ")")),
        },
        sections: vec![Section { title: String::new(), lines }],
        why: language.text("notice-why-alert").into_owned(),
        lasts: false,
    }
}
