//! Deliveries: what was sent to whom over which channel, and what became of it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;

use crate::web::{
    api::{
        operation::{self, Content, Operation, Parameter, Run},
        paging::{
            self, CURSOR, Interval, LIMIT_PARAMETER, Paging, Position, SINCE, UNTIL, local, words,
        },
    },
    pages::page_request::{Answer, PageRequest},
};
use kpid_rules::{alerting::NoticeKind, model::Id};
use kpid_store::{DeliveryEvent, DeliveryState, Listed, OutboxSpan};

/// How often the store is asked for one page: what the reader may not see is left out of it.
const LOOKS_MAX: usize = 10;

/// What an operator reads when an alert reached nobody begins with this, before the alert's id.
const UNREACHED: &str = "unreached/";

const STATE: Parameter = Parameter {
    name: "state",
    place: "query",
    description: "Only those that stand so; several with commas",
    schema: || operation::words_schema(&DeliveryState::ALL.map(DeliveryState::word)),
    example: None,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/api/v1/deliveries",
    summary: "Messages and what became of them, the newest first",
    parameters: &[STATE, SINCE, UNTIL, LIMIT_PARAMETER, CURSOR],
    answer: Content::Json(paging::schema::<DeliveryRow>),
    run: Run::Get(|request, _| Box::pin(list(request))),
}];

/// A message to somebody. Its keys are a contract.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeliveryRow {
    id: String,
    /// What it is about: the id of an alert, or of a digest, a report, a notice.
    about: String,
    /// What it tells of: `opened`, `recovered`, `digest`, …
    event: &'static str,
    /// Where it is on its way: `pending`, `held`, `delivered`, `given_up`, …
    state: &'static str,
    /// Why it waits, or was overtaken.
    reason: Option<String>,
    channel: String,
    /// The id of the person it is for, if it is for one.
    person: Option<String>,
    /// Where it goes, if it is for no person.
    recipient: Option<String>,
    written_at: String,
    attempts: u32,
    next_attempt_at: Option<String>,
    settled_at: Option<String>,
    /// Why the last attempt failed.
    last_error: Option<String>,
}

impl DeliveryRow {
    pub(super) fn of(held: Listed, zone: Tz) -> Self {
        let instant = |at: Option<DateTime<Utc>>| at.map(|at| local(at, zone));
        Self {
            id: held.id.to_string(),
            about: held.dedup_key,
            event: held.event.word(),
            state: held.state.word(),
            reason: held.reason,
            channel: held.channel,
            // Who somebody is says enough; where they are reached is nobody else's.
            recipient: held.person.is_none().then_some(held.recipient),
            person: held.person,
            written_at: local(held.written_at, zone),
            attempts: held.attempts,
            next_attempt_at: instant(held.next_attempt_at),
            settled_at: instant(held.settled_at),
            last_error: held.last_error,
        }
    }
}

async fn list(request: PageRequest) -> Answer {
    let (Interval { from, to }, paging) = (Interval::of(&request)?, Paging::of(&request)?);
    let known = DeliveryState::ALL.map(DeliveryState::word);
    let states = words(&request, "state", &known)?;
    let states = DeliveryState::ALL
        .into_iter()
        .filter(|state| states.as_ref().is_none_or(|states| states.contains(&state.word())));
    let mut span = OutboxSpan {
        states: states.collect(),
        from,
        to,
        before: paging.after.map(|after| (after.rank, after.id)),
    };
    let sees_all = sees_all(&request);
    let mut rows: Vec<Listed> = Vec::new();
    let (mut looks, mut is_all) = (0, false);
    while rows.len() <= paging.limit && !is_all && looks < LOOKS_MAX {
        let found = request.site.store.deliveries_before(&span, paging.limit + 1).await;
        let found = found.map_err(|error| request.unreadable(&error))?;
        is_all = found.len() <= paging.limit;
        span.before = found.last().map(place);
        rows.extend(found.into_iter().filter(|held| is_seen(&request, sees_all, held)));
        looks += 1;
    }
    let last = match rows.len() > paging.limit {
        true => rows.get(paging.limit - 1).map(place),
        false => span.before.filter(|_| !is_all),
    };
    rows.truncate(paging.limit);
    let zone = request.site.calendar.zone;
    let last = last.map(|(rank, id)| Position { rank, id });
    let rows = rows.into_iter().map(|held| DeliveryRow::of(held, zone)).collect();
    paging::page(&request, rows, last.as_ref())
}

fn place(held: &Listed) -> (i64, String) {
    (held.written_at.timestamp_micros(), held.id.to_string())
}

/// Whether the reader sees all that is not private.
fn sees_all(request: &PageRequest) -> bool {
    let scorecards = request.site.portfolio.scorecards();
    scorecards.iter().all(|held| held.private || request.sees(&held.id))
}

/// Whether the reader may see a delivery: of an alert or a report by its scorecard; digests, summaries and
/// notices to operators are about all that is public.
fn is_seen(request: &PageRequest, sees_all: bool, held: &Listed) -> bool {
    let key = held.dedup_key.as_str();
    let sees = |path: &str| {
        let scorecard = path.split('/').next().unwrap_or_default();
        Id::parse(scorecard).is_ok_and(|id| request.sees(&id))
    };
    match held.event {
        DeliveryEvent::Episode(_) | DeliveryEvent::Notice(NoticeKind::AlertEnded) => sees(key),
        DeliveryEvent::Notice(NoticeKind::PeriodReport) => {
            key.split_once('/').is_some_and(|(_, path)| sees(path))
        }
        DeliveryEvent::Notice(_) => sees_all && key.strip_prefix(UNREACHED).is_none_or(sees),
    }
}
