//! Alerts: all of them, and one with everything that happened to it.

use axum::{
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse},
};

use crate::web::{
    alert_history::{self, AlertHistory},
    pages::{
        nodes::notes,
        page_request::{About, Answer, PageRequest},
    },
};
use kpid_board::{
    alert::{self, Alert},
    notice::Notice,
};

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
    let AlertHistory { happened, sent } = alert_history::read(&request.site, scope, episode)
        .await
        .map_err(|error| request.unreadable(&error))?;
    let notes = notes(request).await?;
    let alert = Alert { scope, episode, happened: &happened, sent: &sent, notes: &notes, refused };
    let page = alert::page(&request.view_of(&seen, scope), &alert);
    Ok(match refused {
        None => request.answer(page),
        Some(_) => (StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response(),
    })
}
