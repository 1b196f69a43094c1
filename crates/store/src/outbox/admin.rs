//! What people see of the outbox, and do about it.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::{
    audit::{self, Deed},
    database::{
        columns::{delivery_id, instant, unsigned},
        store::Store,
    },
    outbox::deliveries::{self, NewDelivery},
};

/// A delivery as people see it; its serialised keys are a contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// Names it for ever.
    pub id: Uuid,
    /// `pending`, `held` (waits for working hours), `digest` (kept for the summary), `given_up`;
    /// `delivered`, `digested` (told in a summary), `overtaken` (by later news) or `dropped`.
    pub state: String,
    /// Why it is held or kept, or was overtaken.
    pub reason: Option<String>,
    /// What it tells, by its word.
    pub event: String,
    /// What it is about: of an episode, scorecard/perspective/number.
    pub dedup_key: String,
    /// The channel's id.
    pub channel: String,
    /// The address, or the channel's id.
    pub recipient: String,
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
    Summarized,
}

/// A notice that a delivery was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
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

type Row = (
    String,
    String,
    Option<String>,
    String,
    String,
    String,
    String,
    i64,
    i64,
    i64,
    i64,
    Option<i64>,
    Option<String>,
);

impl Store {
    /// Deliveries, oldest first: all of them, or those that are not delivered.
    pub async fn deliveries(&self, all: bool) -> anyhow::Result<Vec<Listed>> {
        let sql = "SELECT id, state, reason, event, dedup_key, channel, recipient, written_at, \
                   coalesce(retried_at, released_at, written_at), attempts, next_attempt_at, \
                   settled_at, last_error FROM deliveries \
                   WHERE $1 OR state IN ('pending', 'held', 'digest', 'given_up') \
                   ORDER BY written_at, id";
        let rows: Vec<Row> = sqlx::query_as(sql)
            .bind(all)
            .fetch_all(&mut *self.read().await?)
            .await
            .context("cannot read the outbox")?;
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
        match state(&mut tx, id).await?.as_deref() {
            Some("delivered") => return Ok(Handled::Delivered),
            Some("digested") => return Ok(Handled::Summarized),
            Some("overtaken") => return Ok(Handled::Overtaken),
            _ => {}
        }
        let action = match handling {
            Handling::Drop => {
                drop_one(&mut tx, id, now).await?;
                "dropped a delivery"
            }
            Handling::Retry if is_overtaken(&mut tx, id, now).await? => {
                return Ok(Handled::Overtaken);
            }
            Handling::Retry => {
                retry_one(&mut tx, id, now).await?;
                "retried a delivery"
            }
        };
        let settled: Vec<NewDelivery> =
            gave_up(&mut tx, id).await?.iter().filter_map(settle).collect();
        deliveries::record(&mut tx, &settled, now).await?;
        let (by, action) = (by.to_owned(), action.to_owned());
        let deed = Deed { at: now, by, action, of: id.to_string(), detail: None };
        audit::record(&mut tx, &deed).await?;
        tx.commit().await.context("cannot write the outbox")?;
        Ok(Handled::Done)
    }
}

fn listed(row: Row) -> anyhow::Result<Listed> {
    let (id, state, reason, event, dedup_key, channel, recipient, written, due, attempts, next, ..) =
        row;
    let (.., settled, error) = row;
    let is_tried = matches!(state.as_str(), "pending" | "held");
    Ok(Listed {
        id: delivery_id(&id)?,
        state,
        reason,
        event,
        dedup_key,
        channel,
        recipient,
        written_at: instant(written)?,
        attempts: unsigned(attempts),
        next_attempt_at: is_tried.then(|| instant(next)).transpose()?,
        due_since: instant(due)?,
        settled_at: settled.map(instant).transpose()?,
        last_error: error,
    })
}

/// The notices that a delivery was given up, of which no end was told.
async fn gave_up(tx: &mut SqliteConnection, id: Uuid) -> anyhow::Result<Vec<GaveUp>> {
    let sql = "SELECT dedup_key, channel, recipient, facts FROM deliveries AS notice \
               WHERE event = 'gave_up' AND dedup_key LIKE $1 AND NOT EXISTS \
               (SELECT 1 FROM deliveries AS other WHERE other.dedup_key = notice.dedup_key \
                AND other.event = 'settled' AND other.channel = notice.channel \
                AND other.recipient = notice.recipient)";
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(sql)
        .bind(format!("gave_up/{id}/%"))
        .fetch_all(tx)
        .await
        .context("cannot read the outbox")?;
    let notice =
        |(dedup_key, channel, recipient, facts)| GaveUp { dedup_key, channel, recipient, facts };
    Ok(rows.into_iter().map(notice).collect())
}

async fn state(tx: &mut SqliteConnection, id: Uuid) -> anyhow::Result<Option<String>> {
    let sql = "SELECT state FROM deliveries WHERE id = $1";
    let found: Option<(String,)> = sqlx::query_as(sql)
        .bind(id.to_string())
        .fetch_optional(tx)
        .await
        .context("cannot read the outbox")?;
    Ok(found.map(|(state,)| state))
}

/// A recovery that was heard of, or is about to be, is not followed by the alarm.
async fn is_overtaken(
    tx: &mut SqliteConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = "SELECT count(*) FROM deliveries AS old JOIN deliveries AS later \
               ON later.dedup_key = old.dedup_key AND later.channel = old.channel \
               AND later.recipient = old.recipient AND (later.state IN ('delivered', 'digested') \
               OR (later.state = 'pending' AND later.claimed_until > $2)) \
               AND (later.sequence, later.id) > (old.sequence, old.id) WHERE old.id = $1";
    let (later,): (i64,) = sqlx::query_as(sql)
        .bind(id.to_string())
        .bind(now.timestamp_micros())
        .fetch_one(tx)
        .await
        .context("cannot read the outbox")?;
    Ok(later > 0)
}

/// What is under way is left to whoever is at it, or it would be made twice.
async fn retry_one(tx: &mut SqliteConnection, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = $2, \
               retried_at = $2, reason = NULL, claimed_until = NULL, settled_at = NULL \
               WHERE id = $1 AND (claimed_until IS NULL OR claimed_until <= $2)";
    let retried = sqlx::query(sql).bind(id.to_string()).bind(now.timestamp_micros());
    retried.execute(tx).await.context("cannot write the outbox")?;
    Ok(())
}

async fn drop_one(tx: &mut SqliteConnection, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET state = 'dropped', claimed_until = NULL, settled_at = $2 \
               WHERE id = $1 AND state <> 'delivered'";
    let dropped = sqlx::query(sql).bind(id.to_string()).bind(now.timestamp_micros());
    dropped.execute(tx).await.context("cannot write the outbox")?;
    Ok(())
}
