//! The table `deliveries`: what is to be told to whom, until it has been.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::{
    database::{
        columns::{delivery_id, instant, unsigned},
        failure::Explain,
        lock::InstanceLock,
        store::Store,
    },
    outbox::{
        delivery_event::DeliveryEvent,
        state::DeliveryState::{Delivered, GivenUp, Held, Pending},
    },
};

/// A delivery decided on.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// Names it for ever, also to its receiver.
    pub id: Uuid,
    /// Names the episode: scorecard/perspective/number.
    pub dedup_key: String,
    /// What it tells of.
    pub event: DeliveryEvent,
    /// Which message of the episode it is: the same word may be told more than once.
    pub sequence: u32,
    /// The channel's id.
    pub channel: String,
    /// The address, or the channel's id.
    pub recipient: String,
    /// The id of the person it is for, who is reached where the configuration says when it leaves.
    pub person: Option<String>,
    /// What the message says, as JSON.
    pub facts: String,
    /// Until when working hours hold it back, if they do.
    pub held_until: Option<DateTime<Utc>>,
}

/// A delivery taken to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Names it for ever, also to its receiver.
    pub id: Uuid,
    /// The address when it was decided on, or the channel's id.
    pub recipient: String,
    /// The id of the person it is for, if it is for one.
    pub person: Option<String>,
    /// What the message says, as JSON.
    pub facts: String,
    /// When it was decided on, or when its hours began, or when a person last took it up again.
    pub written_at: DateTime<Utc>,
    /// How many attempts were made, this one included.
    pub attempts: u32,
}

#[derive(FromRow)]
struct ClaimedRow {
    id: String,
    recipient: String,
    person: Option<String>,
    facts: String,
    due_since: i64,
    attempts: i64,
}

/// Why a delivery is held that is due outside of working hours.
pub(crate) const WAITS_FOR_HOURS: &str = "waits for working hours";

/// A condition: two deliveries have the same reader, who may have been reached otherwise before.
pub(crate) fn same_reader(one: &str, other: &str) -> String {
    format!(
        "(({one}.channel = {other}.channel AND {one}.recipient = {other}.recipient) \
         OR {one}.person = {other}.person)"
    )
}

/// A condition: nothing that happened earlier in the episode of the delivery `due` waits for the same reader; a
/// clock that was set back changes no order.
pub(crate) fn first_of_its_episode() -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM deliveries AS before \
         WHERE before.state IN ('{Pending}', '{Held}') AND before.dedup_key = due.dedup_key \
         AND {same_reader} AND (before.sequence, before.id) < (due.sequence, due.id))",
        same_reader = same_reader("before", "due"),
    )
}

impl Store {
    /// Takes deliveries over a channel that are due; they are the caller's until `until`.
    pub async fn claim(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> anyhow::Result<Vec<Claimed>> {
        claim(&mut *self.read().await?, channel, now, until, limit).await
    }

    /// Frees what a process that died had claimed; only the holder of the lock may.
    pub async fn free_claims(&self, _lock: &InstanceLock) -> anyhow::Result<u64> {
        free_claims(&self.pool).await
    }

    /// A delivery was made.
    pub async fn delivered(&self, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
        delivered(&self.pool, id, now).await
    }

    /// A delivery failed and is due again.
    pub async fn due_again(
        &self,
        id: Uuid,
        at: DateTime<Utc>,
        error: &str,
        waits_for: Option<&str>,
    ) -> anyhow::Result<()> {
        due_again(&self.pool, id, at, error, waits_for).await
    }

    /// A delivery will never be made.
    pub async fn given_up(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        error: &str,
        notices: &[NewDelivery],
    ) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        given_up(&mut tx, id, now, error).await?;
        record(&mut tx, notices, now).await?;
        tx.commit().await.explain("cannot settle a delivery")
    }

    /// Keeps what is to be told beside any judgement; what has been told already is not told again.
    pub async fn tell(&self, notices: &[NewDelivery], now: DateTime<Utc>) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        record(&mut tx, notices, now).await?;
        tx.commit().await.explain("cannot write a delivery")
    }

    /// How many deliveries wait, due or not.
    pub async fn pending(&self) -> anyhow::Result<u64> {
        pending(&self.pool).await
    }

    /// A message by what it is about, as it was decided first.
    pub async fn sent_facts(&self, dedup_key: &str) -> anyhow::Result<Option<String>> {
        let sql = "SELECT facts FROM deliveries WHERE dedup_key = $1 ORDER BY id LIMIT 1";
        let found: Option<(String,)> = sqlx::query_as(sql)
            .bind(dedup_key)
            .fetch_optional(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        Ok(found.map(|(facts,)| facts))
    }
}

/// Writes deliveries; one that is there already, by episode, event, sequence, channel and
/// recipient, stays.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    deliveries: &[NewDelivery],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "INSERT INTO deliveries \
               (id, dedup_key, event, channel, recipient, facts, written_at, sequence, \
               state, next_attempt_at, reason, person) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (dedup_key, event, sequence, channel, recipient) DO NOTHING";
    for delivery in deliveries {
        let (state, due_at, reason) = match delivery.held_until {
            Some(until) => (Held, until, Some(WAITS_FOR_HOURS)),
            None => (Pending, now, None),
        };
        sqlx::query(sql)
            .bind(delivery.id.to_string())
            .bind(&delivery.dedup_key)
            .bind(delivery.event.word())
            .bind(&delivery.channel)
            .bind(&delivery.recipient)
            .bind(&delivery.facts)
            .bind(now.timestamp_micros())
            .bind(delivery.sequence)
            .bind(state.word())
            .bind(due_at.timestamp_micros())
            .bind(reason)
            .bind(&delivery.person)
            .execute(&mut *tx)
            .await
            .explain("cannot write a delivery")?;
    }
    Ok(())
}

/// Takes what is due. What happened later in an episode waits until its recipient heard of what
/// happened before: by its number, since a clock may be set back between the two.
pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    channel: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: u32,
) -> anyhow::Result<Vec<Claimed>> {
    let sql = format!(
        "UPDATE deliveries SET claimed_until = $2, attempts = attempts + 1 \
         WHERE id IN (SELECT due.id FROM deliveries AS due \
             WHERE due.state = '{Pending}' AND due.channel = $4 AND due.next_attempt_at <= $1 \
             AND (due.claimed_until IS NULL OR due.claimed_until <= $1) \
             AND {first} ORDER BY due.next_attempt_at, due.id LIMIT $3) \
         RETURNING id, recipient, person, facts, attempts, \
         coalesce(retried_at, released_at, written_at) AS due_since",
        first = first_of_its_episode(),
    );
    let rows: Vec<ClaimedRow> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(now.timestamp_micros())
        .bind(until.timestamp_micros())
        .bind(limit)
        .bind(channel)
        .fetch_all(connection)
        .await
        .explain("cannot read the outbox")?;
    let claimed = |row: ClaimedRow| {
        Ok(Claimed {
            id: delivery_id(&row.id)?,
            recipient: row.recipient,
            person: row.person,
            facts: row.facts,
            written_at: instant(row.due_since)?,
            attempts: unsigned(row.attempts),
        })
    };
    rows.into_iter().map(claimed).collect()
}

async fn free_claims(pool: &SqlitePool) -> anyhow::Result<u64> {
    let sql = "UPDATE deliveries SET claimed_until = NULL WHERE claimed_until IS NOT NULL \
               AND state = $1";
    let freed = sqlx::query(sql).bind(Pending.word()).execute(pool).await;
    Ok(freed.explain("cannot write the outbox")?.rows_affected())
}

async fn delivered(pool: &SqlitePool, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET state = $3, claimed_until = NULL, settled_at = $2 \
               WHERE id = $1";
    let settled =
        sqlx::query(sql).bind(id.to_string()).bind(now.timestamp_micros()).bind(Delivered.word());
    settled.execute(pool).await.explain("cannot settle a delivery")?;
    Ok(())
}

async fn due_again(
    pool: &SqlitePool,
    id: Uuid,
    at: DateTime<Utc>,
    error: &str,
    waits_for: Option<&str>,
) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET next_attempt_at = $2, claimed_until = NULL, last_error = $3, \
               reason = $5 WHERE id = $1 AND state = $4";
    let settled = sqlx::query(sql)
        .bind(id.to_string())
        .bind(at.timestamp_micros())
        .bind(error)
        .bind(Pending.word())
        .bind(waits_for);
    settled.execute(pool).await.explain("cannot settle a delivery")?;
    Ok(())
}

async fn given_up(
    tx: &mut SqliteConnection,
    id: Uuid,
    now: DateTime<Utc>,
    error: &str,
) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET state = $4, claimed_until = NULL, settled_at = $2, \
               last_error = $3 WHERE id = $1 AND state = $5";
    let settled = sqlx::query(sql)
        .bind(id.to_string())
        .bind(now.timestamp_micros())
        .bind(error)
        .bind(GivenUp.word())
        .bind(Pending.word());
    settled.execute(tx).await.explain("cannot settle a delivery")?;
    Ok(())
}

async fn pending(pool: &SqlitePool) -> anyhow::Result<u64> {
    let sql = "SELECT count(*) FROM deliveries WHERE state = $1";
    let counted = sqlx::query_as(sql).bind(Pending.word()).fetch_one(pool).await;
    let (count,): (i64,) = counted.explain("cannot read the outbox")?;
    Ok(count.unsigned_abs())
}
