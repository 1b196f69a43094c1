//! Alerts: all of them, and one with everything that happened to it.

use axum::{
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse},
};

use crate::web::pages::{
    nodes::notes,
    page_request::{About, Answer, PageRequest},
};
use kpid_board::{
    alert::{self, Alert, Happened, Sent},
    notice::Notice,
};
use kpid_rules::model::{Id, Scope};
use kpid_store::EpisodeEventKind;

pub(super) async fn list(request: PageRequest) -> Answer {
    let seen = request.see(About::All).await?;
    Ok(request.answer(alert::list(&request.view(&seen))))
}

pub(super) async fn one(request: PageRequest, Path(key): Path<String>) -> Answer {
    shown(&request, &key, None).await
}

/// The page of the alert whose messages are recognised by that key; of one that is over, the page of the
/// node's newest.
pub(super) async fn shown(request: &PageRequest, key: &str, refused: Option<&str>) -> Answer {
    let seen = request.see(About::All).await?;
    let found = seen.episodes.iter().find(|(scope, episode)| episode.dedup_key(scope) == key);
    let (scope, episode) = found.ok_or_else(|| request.refused(Notice::NotFound))?;
    let history = history(request, scope, episode.number, key).await;
    let (happened, sent) = history.map_err(|error| request.unreadable(&error))?;
    let notes = notes(request).await?;
    let alert = Alert { scope, episode, happened: &happened, sent: &sent, notes: &notes, refused };
    let page = alert::page(&request.view_of(&seen, scope), &alert);
    Ok(match refused {
        None => request.answer(page),
        Some(_) => (StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response(),
    })
}

/// What happened to an alert, and what was sent about it.
async fn history(
    request: &PageRequest,
    scope: &Scope,
    number: u32,
    key: &str,
) -> anyhow::Result<(Vec<Happened>, Vec<Sent>)> {
    let store = &request.site.store;
    let events = store.events_of(scope, number).await?.into_iter();
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
    let deliveries = store.deliveries_of(key).await?;
    let name = |person: &str| {
        let person = Id::parse(person).ok().and_then(|id| request.site.people.get(&id));
        person.map(|person| person.name.clone())
    };
    let sent = deliveries.into_iter().map(|delivery| Sent {
        at: delivery.written_at,
        to: delivery.person.as_deref().and_then(name).unwrap_or(delivery.recipient),
        channel: delivery.channel,
        state: delivery.state.word(),
        problem: delivery.last_error,
    });
    Ok((happened.collect(), sent.collect()))
}
