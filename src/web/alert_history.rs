//! Everything that happened to one alert, for whoever may look at it.

use crate::web::site::Site;
use kpid_board::alert::{Happened, Sent};
use kpid_rules::{
    alerting::Episode,
    model::{Id, Scope},
};
use kpid_store::EpisodeEventKind;

/// What happened to an alert, and what was sent about it: each the oldest first.
pub(super) struct AlertHistory {
    pub(super) happened: Vec<Happened>,
    pub(super) sent: Vec<Sent>,
}

/// Reads both of a node's episode.
pub(super) async fn read(
    site: &Site,
    scope: &Scope,
    episode: &Episode,
) -> anyhow::Result<AlertHistory> {
    let (store, key) = (&site.store, episode.dedup_key(scope));
    let events = store.events_of(scope, episode.number).await?.into_iter();
    let happened = events.map(|event| Happened {
        at: event.at,
        event: match event.event {
            EpisodeEventKind::Told(event) => Some(event),
            EpisodeEventKind::Ended => None,
        },
        period: event.period,
        status: event.status,
        score: event.score,
    });
    let deliveries = store.deliveries_of(&key).await?;
    let name = |person: &str| {
        let person = Id::parse(person).ok().and_then(|id| site.people.get(&id));
        person.map(|person| person.name.clone())
    };
    let sent = deliveries.into_iter().map(|delivery| Sent {
        at: delivery.written_at,
        to: delivery.person.as_deref().and_then(name).unwrap_or(delivery.recipient),
        channel: delivery.channel,
        state: delivery.state.word(),
        problem: delivery.last_error,
    });
    let happened = happened.collect();
    let mut sent: Vec<Sent> = sent.collect();
    sent.sort_by_key(|sent| sent.at);
    Ok(AlertHistory { happened, sent })
}
