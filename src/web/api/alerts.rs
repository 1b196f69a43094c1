//! Alerts: the newest of each node as a list, and one with everything that happened to it.

use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::web::{
    api::{
        deliveries::DeliveryRow,
        operation::{self, AT, Content, Operation, Parameter, Run},
        paging::{
            self, CURSOR, Interval, LIMIT_PARAMETER, Position, SCORECARD, SINCE, UNTIL, Unfit,
            absent, local, words,
        },
    },
    pages::page_request::{About, Answer, PageRequest, SeenStanding},
};
use kpid_rules::{
    alerting::Episode,
    model::{Id, Scope, Scorecard},
};
use kpid_store::{EpisodeEvent, KeptSilence};

/// Where an alert can stand.
const STATES: [&str; 4] = ["open", "acknowledged", "recovered", "ended"];

const STATE: Parameter = Parameter {
    name: "state",
    place: "query",
    description: "Only those that stand so: `open` (nobody answers for it), `acknowledged`, `recovered`, `ended` (no longer configured); several with commas",
    schema: || operation::words_schema(&STATES),
    example: None,
};

const OWNER: Parameter = Parameter {
    name: "owner",
    place: "query",
    description: "Only of nodes that this person answers for",
    schema: operation::id_schema,
    example: None,
};

pub(super) const ALERT: Parameter = Parameter {
    name: "alert",
    place: "path",
    description: "The id of an alert: the path of its node and a number, as in `calder/customer/3`. A slash may be written as `%2F`",
    schema: || json!({ "type": "string", "minLength": 1, "maxLength": 400 }),
    example: Some("calder/customer/1"),
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/alerts",
        summary: "The newest alert of each node, the last opened first",
        parameters: &[SCORECARD, STATE, OWNER, SINCE, UNTIL, AT, LIMIT_PARAMETER, CURSOR],
        answer: Content::Json(paging::schema::<AlertRow>),
        run: Run::Get(|request, _| Box::pin(list(request))),
    },
    Operation {
        path: "/api/v1/alerts/{alert}",
        summary: "One alert, with what happened to it and what was sent about it",
        parameters: &[ALERT],
        answer: Content::Json(operation::schema::<AlertStory>),
        run: Run::Get(|request, id| Box::pin(one(request, id))),
    },
];

/// An alert. Its keys are a contract.
#[derive(Debug, Serialize, JsonSchema)]
struct AlertRow {
    /// What all messages about it have in common.
    id: String,
    /// The path of its node.
    path: String,
    scorecard: String,
    /// Of its node.
    name: String,
    /// `open`, `acknowledged`, `recovered` or `ended`.
    state: &'static str,
    /// Of its node, at present.
    status: Option<&'static str>,
    score: Option<f64>,
    /// Who answers for its node: the owner of that or of what is above it.
    owner: Option<String>,
    number: u32,
    opened_at: Option<String>,
    /// The period it opened on.
    opened_period: Option<String>,
    recovered_at: Option<String>,
    escalated: bool,
    /// Whether somebody wants to hear nothing of its node now.
    silenced: bool,
    acknowledged_by: Option<String>,
    acknowledged_at: Option<String>,
    comment: Option<String>,
    /// The day by which it should be well again.
    due: Option<NaiveDate>,
}

/// An alert with everything about it.
#[derive(Debug, Serialize, JsonSchema)]
struct AlertStory {
    #[serde(flatten)]
    alert: AlertRow,
    /// The oldest first.
    events: Vec<AlertEvent>,
    /// The oldest first.
    deliveries: Vec<DeliveryRow>,
}

/// Something that happened to an alert.
#[derive(Debug, Serialize, JsonSchema)]
struct AlertEvent {
    at: String,
    event: &'static str,
    cause: Option<&'static str>,
    period: Option<String>,
    status: Option<&'static str>,
    score: Option<f64>,
}

/// An alert that the reader may see.
pub(super) struct FoundAlert {
    pub(super) scope: Scope,
    episode: Episode,
    seen: SeenStanding,
}

impl FoundAlert {
    /// The alert whose messages are recognised by that id.
    pub(super) async fn of(request: &PageRequest, id: &str) -> Result<Self, Response> {
        let seen = request.see(About::All).await?;
        let mut episodes = seen.episodes.iter();
        let found = episodes.find(|(scope, episode)| episode.dedup_key(scope) == id);
        let found = found.map(|(scope, episode)| (scope.clone(), episode.clone()));
        let nothing = || {
            let words = "there is no such alert, or a newer one of the same node; `/api/v1/alerts` lists them";
            absent(words)
        };
        let (scope, episode) = found.ok_or_else(nothing)?;
        Ok(Self { scope, episode, seen })
    }
}

async fn list(request: PageRequest) -> Answer {
    let (interval, states) = (Interval::of(&request)?, words(&request, "state", &STATES)?);
    let (scorecard, owner) = (paging::scorecard(&request)?, person(&request)?);
    let seen = request.see(About::All).await?;
    let silences = silences(&request).await?;
    let rows = seen.episodes.iter().filter_map(|(scope, episode)| {
        let opened = episode.opened_at.filter(|_| episode.number > 0)?;
        let is_wanted = scorecard.as_ref().is_none_or(|id| scope.scorecard() == id)
            && interval.has(opened)
            && states.as_ref().is_none_or(|states| states.contains(&state(episode)))
            && owner.as_ref().is_none_or(|owner| owner_of(&request, scope) == Some(owner));
        let position = Position { rank: opened.timestamp_micros(), id: episode.dedup_key(scope) };
        is_wanted.then_some((position, (scope, episode)))
    });
    let row = |alert| AlertRow::of(&request, &seen, &silences, alert);
    paging::page_of(&request, rows.collect(), row)
}

async fn one(request: PageRequest, id: String) -> Answer {
    let FoundAlert { scope, episode, seen } = FoundAlert::of(&request, &id).await?;
    let silences = silences(&request).await?;
    let store = &request.site.store;
    let unreadable = |error: anyhow::Error| request.unreadable(&error);
    let events = store.events_of(&scope, episode.number).await.map_err(unreadable)?;
    let zone = request.site.calendar.zone;
    let deliveries = store.deliveries_of(&id).await.map_err(unreadable)?;
    let story = AlertStory {
        alert: AlertRow::of(&request, &seen, &silences, (&scope, &episode)),
        events: events.iter().map(|event| AlertEvent::of(event, zone)).collect(),
        deliveries: deliveries.into_iter().map(|held| DeliveryRow::of(held, zone)).collect(),
    };
    let story = serde_json::to_value(&story).map_err(|error| unreadable(error.into()))?;
    Ok(request.answer_json(&story))
}

async fn silences(request: &PageRequest) -> Result<Vec<KeptSilence>, Response> {
    let silences = request.site.store.silences(request.site.clock.now()).await;
    silences.map_err(|error| request.unreadable(&error))
}

/// Whose alerts are asked for, if it is somebody's.
fn person(request: &PageRequest) -> Result<Option<Id>, Unfit> {
    let Some(text) = request.address.get("owner") else { return Ok(None) };
    let known = Id::parse(text).ok().filter(|id| request.site.people.contains_key(id));
    let nobody = || absent("`owner` is nobody that is configured");
    known.map(Some).ok_or_else(nobody)
}

/// Where an alert stands.
fn state(episode: &Episode) -> &'static str {
    match (episode.is_open(), episode.removed, &episode.acknowledgement) {
        (true, _, None) => "open",
        (true, _, Some(_)) => "acknowledged",
        (false, true, _) => "ended",
        (false, false, _) => "recovered",
    }
}

fn owner_of<'r>(request: &'r PageRequest, scope: &Scope) -> Option<&'r Id> {
    owner(request.scorecard(scope.scorecard())?, scope)
}

/// Who answers for a node: its owner, or that of what is above it.
fn owner<'s>(scorecard: &'s Scorecard, scope: &Scope) -> Option<&'s Id> {
    let mut owners = vec![scorecard.owner.as_ref()];
    let view = |id: &Id| scorecard.perspective(id);
    match scope {
        Scope::Scorecard(_) => {}
        Scope::Perspective(_, id) => owners.extend(view(id).map(|held| held.owner.as_ref())),
        Scope::Objective(_, id, objective) => {
            let held = view(id);
            owners.extend(held.map(|held| held.owner.as_ref()));
            let objectives = held.into_iter().flat_map(|held| &held.objectives);
            let own = objectives.filter(|held| held.id == *objective);
            owners.extend(own.map(|held| held.owner.as_ref()));
        }
        Scope::Kpi(named) => {
            let above = scorecard.perspectives.iter().flat_map(|perspective| {
                perspective.objectives.iter().map(move |objective| (perspective, objective))
            });
            for (perspective, objective) in above {
                if let Some(kpi) = objective.kpis.iter().find(|kpi| kpi.id == named.kpi) {
                    owners.extend(
                        [&perspective.owner, &objective.owner, &kpi.owner].map(Option::as_ref),
                    );
                }
            }
        }
    }
    owners.into_iter().flatten().next_back()
}

impl AlertRow {
    fn of(
        request: &PageRequest,
        seen: &SeenStanding,
        silences: &[KeptSilence],
        (scope, episode): (&Scope, &Episode),
    ) -> Self {
        let (zone, now) = (request.site.calendar.zone, request.site.clock.now());
        let instant = |at: Option<DateTime<Utc>>| at.map(|at| local(at, zone));
        let node = seen.standing.node(scope);
        let mut silences = silences.iter().map(|kept| &kept.silence);
        let by = episode.acknowledgement.as_ref();
        Self {
            id: episode.dedup_key(scope),
            path: scope.to_string(),
            scorecard: scope.scorecard().to_string(),
            name: node.map_or_else(|| scope.to_string(), |node| node.name().to_owned()),
            state: state(episode),
            status: node.map(|node| node.status().word()),
            score: node.and_then(|node| node.score()),
            owner: owner_of(request, scope).map(ToString::to_string),
            number: episode.number,
            opened_at: instant(episode.opened_at),
            opened_period: episode.opened_period.clone(),
            recovered_at: instant(episode.recovered_at),
            escalated: episode.escalated,
            silenced: silences.any(|held| held.holds(now) && scope.is_within(&held.scope)),
            acknowledged_by: by.map(|by| by.by.clone()),
            acknowledged_at: by.map(|by| local(by.at, zone)),
            comment: by.and_then(|by| by.comment.clone()),
            due: by.and_then(|by| by.due),
        }
    }
}

impl AlertEvent {
    fn of(event: &EpisodeEvent, zone: Tz) -> Self {
        Self {
            at: local(event.at, zone),
            event: event.event.word(),
            cause: event.cause.map(|cause| cause.word()),
            period: event.period.clone(),
            status: event.status.map(|status| status.word()),
            score: event.score,
        }
    }
}
