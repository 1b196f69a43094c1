//! What people see of the outbox, and do about it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};
use uuid::Uuid;

use crate::{
    audit::{self, AuditAction, AuditEntry},
    database::{
        columns::{delivery_id, instant, unsigned},
        failure::Explain,
        store::Store,
    },
    outbox::{
        deliveries::{self, NewDelivery},
        delivery_event::DeliveryEvent,
        state::DeliveryState::{self, Delivered, Dropped, Overtaken, Pending, Summarised},
    },
};
use kpid_rules::alerting::NoticeKind;

/// A delivery as people see it; its serialised keys are a contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// Names it for ever.
    pub id: Uuid,
    /// Where it is on its way.
    pub state: DeliveryState,
    /// Why it is held or kept, or was overtaken.
    pub reason: Option<String>,
    /// What it tells of.
    pub event: DeliveryEvent,
    /// What it is about: of an episode, scorecard/perspective/number.
    pub dedup_key: String,
    /// The channel's id.
    pub channel: String,
    /// The address, or the channel's id.
    pub recipient: String,
    /// The id of the person it is for, if it is for one.
    pub person: Option<String>,
    /// When it was decided on.
    pub written_at: DateTime<Utc>,
    /// How many attempts were made since then, or since a person took it up again.
    pub attempts: u32,
    /// When it is tried next, while it is pending or held.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Since when it could have been delivered, if nobody held it back.
    #[serde(skip)]
    pub due_since: DateTime<Utc>,
    /// When it was delivered, given up, dropped, kept, told in a summary or overtaken.
    pub settled_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// What a person does about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// Try it at once, also when it was given up or dropped.
    Retry,
    /// Never make it.
    Drop,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It is done.
    Done,
    /// It was delivered already.
    Delivered,
    /// Something later of the same episode has been delivered to the same recipient, is under way, or
    /// undid it.
    Overtaken,
    /// It was told in a summary.
    Summarised,
}

/// A notice that a delivery was given up.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct GaveUp {
    /// Names what it is about.
    pub dedup_key: String,
    /// The channel's id.
    pub channel: String,
    /// The address, or the channel's id.
    pub recipient: String,
    /// What it said, as JSON.
    pub facts: String,
}

/// Which deliveries are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxSpan {
    /// Those that stand so.
    pub states: Vec<DeliveryState>,
    /// Decided on from then on.
    pub from: Option<DateTime<Utc>>,
    /// Decided on before.
    pub to: Option<DateTime<Utc>>,
    /// Decided on before the delivery of this id, at this instant in microseconds.
    pub before: Option<(i64, String)>,
}

const COLUMNS: &str = "id, state, reason, event, dedup_key, channel, recipient, person, written_at, \
                       coalesce(retried_at, released_at, written_at) AS due_since, attempts, \
                       next_attempt_at, settled_at, last_error";

#[derive(FromRow)]
struct ListedRow {
    id: String,
    state: String,
    reason: Option<String>,
    event: String,
    dedup_key: String,
    channel: String,
    recipient: String,
    person: Option<String>,
    written_at: i64,
    due_since: i64,
    attempts: i64,
    next_attempt_at: i64,
    settled_at: Option<i64>,
    last_error: Option<String>,
}

impl Store {
    /// Deliveries, oldest first: all of them, or those that are not delivered.
    pub async fn deliveries(&self, all: bool) -> anyhow::Result<Vec<Listed>> {
        // Two statements: where one may mean all, no index is used for the other.
        let which = if all { "" } else { "WHERE state IN (SELECT value FROM json_each($1))" };
        let sql = format!("SELECT {COLUMNS} FROM deliveries {which} ORDER BY written_at, id");
        let rows = sqlx::query_as(AssertSqlSafe(sql));
        let rows = match all {
            true => rows,
            false => rows.bind(serde_json::to_string(&DeliveryState::UNSETTLED)?),
        };
        let rows: Vec<ListedRow> =
            rows.fetch_all(&mut *self.read().await?).await.explain("cannot read the outbox")?;
        rows.into_iter().map(listed).collect()
    }

    /// All deliveries about one alert, oldest first.
    pub async fn deliveries_of(&self, dedup_key: &str) -> anyhow::Result<Vec<Listed>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE dedup_key = $1 ORDER BY written_at, id"
        );
        let rows: Vec<ListedRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(dedup_key)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        rows.into_iter().map(listed).collect()
    }

    /// So many deliveries, the newest first.
    pub async fn deliveries_before(
        &self,
        span: &OutboxSpan,
        limit: usize,
    ) -> anyhow::Result<Vec<Listed>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE (written_at, id) < ($1, $2) AND written_at >= $3 \
             AND state IN (SELECT value FROM json_each($4)) \
             ORDER BY written_at DESC, id DESC LIMIT $5"
        );
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        // No id is less than an empty one: what is decided on at that instant is not before it.
        let to = (span.to.map_or(i64::MAX, micros), String::new());
        let (at, id) = span.before.clone().map_or(to.clone(), |before| before.min(to));
        let rows: Vec<ListedRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(at)
            .bind(id)
            .bind(span.from.map_or(i64::MIN, micros))
            .bind(serde_json::to_string(&span.states)?)
            .bind(i64::try_from(limit)?)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        rows.into_iter().map(listed).collect()
    }

    /// Handles a delivery, and writes down who did it. `settle` says what is told to those who
    /// were told that it was given up.
    pub async fn handle(
        &self,
        id: Uuid,
        handling: Handling,
        by: &str,
        now: DateTime<Utc>,
        settle: impl Fn(&GaveUp) -> Option<NewDelivery>,
    ) -> anyhow::Result<Handled> {
        let mut tx = self.begin().await?;
        match state(&mut tx, id).await? {
            Some(Delivered) => return Ok(Handled::Delivered),
            Some(Summarised) => return Ok(Handled::Summarised),
            Some(Overtaken) => return Ok(Handled::Overtaken),
            Some(_) | None => {}
        }
        let action = match handling {
            Handling::Drop => {
                drop_one(&mut tx, id, now).await?;
                AuditAction::DroppedDelivery
            }
            Handling::Retry if is_overtaken(&mut tx, id, now).await? => {
                return Ok(Handled::Overtaken);
            }
            Handling::Retry => {
                retry_one(&mut tx, id, now).await?;
                AuditAction::RetriedDelivery
            }
        };
        let settled: Vec<NewDelivery> =
            gave_up(&mut tx, id).await?.iter().filter_map(settle).collect();
        deliveries::record(&mut tx, &settled, now).await?;
        let by = by.to_owned();
        let entry = AuditEntry { at: now, by, action, of: id.to_string(), detail: None };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await.explain("cannot write the outbox")?;
        Ok(Handled::Done)
    }
}

fn listed(row: ListedRow) -> anyhow::Result<Listed> {
    let state = DeliveryState::parse(&row.state)?;
    Ok(Listed {
        id: delivery_id(&row.id)?,
        state,
        reason: row.reason,
        event: DeliveryEvent::parse(&row.event)?,
        dedup_key: row.dedup_key,
        channel: row.channel,
        recipient: row.recipient,
        person: row.person,
        written_at: instant(row.written_at)?,
        attempts: unsigned(row.attempts),
        next_attempt_at: state.is_tried().then(|| instant(row.next_attempt_at)).transpose()?,
        due_since: instant(row.due_since)?,
        settled_at: row.settled_at.map(instant).transpose()?,
        last_error: row.last_error,
    })
}

/// The notices that a delivery was given up, of which no end was told.
async fn gave_up(tx: &mut SqliteConnection, id: Uuid) -> anyhow::Result<Vec<GaveUp>> {
    let sql = "SELECT dedup_key, channel, recipient, facts FROM deliveries AS notice \
               WHERE event = $2 AND dedup_key LIKE $1 AND NOT EXISTS \
               (SELECT 1 FROM deliveries AS other WHERE other.dedup_key = notice.dedup_key \
                AND other.event = $3 AND other.channel = notice.channel \
                AND other.recipient = notice.recipient)";
    sqlx::query_as(sql)
        .bind(format!("gave_up/{id}/%"))
        .bind(NoticeKind::GaveUp.word())
        .bind(NoticeKind::Settled.word())
        .fetch_all(tx)
        .await
        .explain("cannot read the outbox")
}

async fn state(tx: &mut SqliteConnection, id: Uuid) -> anyhow::Result<Option<DeliveryState>> {
    let sql = "SELECT state FROM deliveries WHERE id = $1";
    let found: Option<(String,)> = sqlx::query_as(sql)
        .bind(id.to_string())
        .fetch_optional(tx)
        .await
        .explain("cannot read the outbox")?;
    found.map(|(state,)| DeliveryState::parse(&state)).transpose()
}

/// A recovery that was heard of, or is about to be, is not followed by the alarm.
async fn is_overtaken(
    tx: &mut SqliteConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = format!(
        "SELECT count(*) FROM deliveries AS old JOIN deliveries AS later \
         ON later.dedup_key = old.dedup_key AND {same_reader} \
         AND (later.state IN ('{Delivered}', '{Summarised}') \
         OR (later.state = '{Pending}' AND later.claimed_until > $2)) \
         AND (later.sequence, later.id) > (old.sequence, old.id) WHERE old.id = $1",
        same_reader = deliveries::same_reader("later", "old"),
    );
    let (later,): (i64,) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(id.to_string())
        .bind(now.timestamp_micros())
        .fetch_one(tx)
        .await
        .explain("cannot read the outbox")?;
    Ok(later > 0)
}

/// What is under way is left to whoever is at it, or it would be made twice.
async fn retry_one(tx: &mut SqliteConnection, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET state = $3, attempts = 0, next_attempt_at = $2, \
               retried_at = $2, reason = NULL, claimed_until = NULL, settled_at = NULL \
               WHERE id = $1 AND (claimed_until IS NULL OR claimed_until <= $2)";
    let retried =
        sqlx::query(sql).bind(id.to_string()).bind(now.timestamp_micros()).bind(Pending.word());
    retried.execute(tx).await.explain("cannot write the outbox")?;
    Ok(())
}

async fn drop_one(tx: &mut SqliteConnection, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET state = $3, claimed_until = NULL, settled_at = $2 \
               WHERE id = $1 AND state <> $4";
    let dropped = sqlx::query(sql)
        .bind(id.to_string())
        .bind(now.timestamp_micros())
        .bind(Dropped.word())
        .bind(Delivered.word());
    dropped.execute(tx).await.explain("cannot write the outbox")?;
    Ok(())
}
