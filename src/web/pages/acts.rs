//! What people do on the board: they answer for an alert, silence it, write a note. Each goes to the engine,
//! which keeps it with who did it and from where; the page that comes then shows what is so.

use axum::{
    Form,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use serde::Deserialize;
use tokio::{sync::oneshot, time::timeout};

use crate::web::{
    acknowledge::AcknowledgeForm,
    change::{Act, Change},
    pages::{
        alerts,
        page_request::{Answer, PageRequest},
    },
    refusal::refusal,
    site::ANSWER_TIME_MAX,
};
use kpid_board::{notice::Notice, path};
use kpid_language::{Language, text};
use kpid_rules::{
    alerting::{Note, Silence},
    model::{Frequency, Moment, Period, Scope},
};
use kpid_store::{Acted, OperatorAct};

/// What somebody wrote into a form of an alert's page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AlertForm {
    #[serde(flatten)]
    acknowledge: AcknowledgeForm,
    until: String,
    reason: String,
}

/// What somebody wrote into the form of a note.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NoteForm {
    scope: String,
    text: String,
}

/// `POST /alerts/{alert}/acknowledge` and `…/silence`.
pub(super) async fn on_alert(
    request: PageRequest,
    Path(path): Path<String>,
    Form(form): Form<AlertForm>,
) -> Answer {
    let nothing = || request.refused(Notice::NotFound);
    let (key, action) = path.rsplit_once('/').ok_or_else(nothing)?;
    let scope = key.rsplit_once('/').map(|(scope, _)| scope);
    let scope = request.scope(scope.unwrap_or_default())?;
    let person = actor(&request, &scope)?;
    let now = request.site.clock.now();
    let read = match action {
        "acknowledge" => {
            let today = request.site.calendar.local_day(now);
            let read = form.acknowledge.read(&person, request.language, today, now);
            read.map(|acknowledgement| OperatorAct::Acknowledge {
                dedup_key: key.to_owned(),
                acknowledgement,
            })
        }
        "silence" => {
            let (until, reason) = (form.until.as_str(), form.reason.as_str());
            silence(&request, request.language, scope, (until, reason), &person)
                .map(OperatorAct::Silence)
        }
        _ => return Err(nothing()),
    };
    let wrong = match read {
        Ok(act) => match kept(&request, act).await {
            // Shown by GET, so that looking again does not ask again.
            Some(Acted::Done(..)) => {
                return Ok(see_other(&request.address.link(&format!("/alerts/{key}"))));
            }
            Some(Acted::NotOpen) => request.language.text("link-nothing").into_owned(),
            None => request.language.text("not-kept").into_owned(),
        },
        Err(wrong) => wrong,
    };
    alerts::shown(&request, key, Some(&wrong)).await
}

/// `POST /notes`
pub(super) async fn note(request: PageRequest, Form(form): Form<NoteForm>) -> Answer {
    let scope = request.scope(&form.scope)?;
    let person = actor(&request, &scope)?;
    let wrong = |why: &str| request.refused(Notice::Wrong(why));
    let note = written(&request, request.language, &scope, (&form.text, &person))
        .map_err(|why| wrong(&why))?;
    match kept(&request, OperatorAct::Note(note)).await {
        Some(_) => Ok(see_other(&format!("{}#notes", path(&scope)))),
        None => Err(wrong(&request.language.text("not-kept"))),
    }
}

/// Who somebody is for the audit that acts on a node; or why they may not.
#[expect(clippy::result_large_err, reason = "an answer, made once")]
pub(in crate::web) fn actor(request: &PageRequest, scope: &Scope) -> Result<String, Response> {
    let scorecard = request.site.portfolio.scorecard(scope.scorecard());
    counted(request, scorecard.is_some_and(|scorecard| request.viewer.acts_on(scorecard, scope)))
}

/// Who it is that may or may not change something, which is counted.
#[expect(clippy::result_large_err, reason = "an answer, made once")]
pub(super) fn counted(request: &PageRequest, may: bool) -> Result<String, Response> {
    let actor = request.viewer.actor().filter(|_| may);
    let actor = actor.ok_or_else(|| request.refused(Notice::NotAllowed))?;
    let counted = request.site.changes_by_actor.count(&actor, request.site.clock.now());
    counted.map_err(|after| {
        let page = request.refused(Notice::TooMany);
        ([(header::RETRY_AFTER, after.to_string())], page).into_response()
    })?;
    Ok(actor)
}

/// A silence until the end of a day, or until an instant.
pub(in crate::web) fn silence(
    request: &PageRequest,
    language: &Language,
    scope: Scope,
    (until, reason): (&str, &str),
    person: &str,
) -> Result<Silence, String> {
    let (written, now) = (until.trim(), request.site.clock.now());
    let until = match DateTime::parse_from_rfc3339(written) {
        Ok(instant) => instant.to_utc(),
        Err(_) => {
            let day = Moment::parse_day(written)
                .ok_or_else(|| text!(language, "no-day", written = written))?;
            request.site.calendar.bounds(Period::Day(day)).1
        }
    };
    let silence = Silence::new(scope, (now, until), reason, person, now);
    silence.map_err(|error| refusal(language, &error))
}

/// A note about the newest month that is over.
pub(in crate::web) fn written(
    request: &PageRequest,
    language: &Language,
    scope: &Scope,
    (text, person): (&str, &str),
) -> Result<Note, String> {
    let now = request.site.clock.now();
    let period = request.site.calendar.last_closed(Frequency::Month, now).to_string();
    let note = Note::new(scope.clone(), &period, text, person, now);
    note.map_err(|error| refusal(language, &error))
}

/// Has the engine keep it; nothing if it could not.
pub(in crate::web) async fn kept(request: &PageRequest, act: OperatorAct) -> Option<Acted> {
    let (answer, came) = oneshot::channel();
    let change = Change::Act(Act { act, way: request.way() }, answer);
    request.site.changes.try_send(change).ok()?;
    timeout(ANSWER_TIME_MAX, came).await.ok()?.ok()?
}

pub(super) fn see_other(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}
