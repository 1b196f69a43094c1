//! The table `deliveries`: what is to be told to whom, until it has been.

use std::collections::HashSet;

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
        standing_alerts,
        state::DeliveryState::{Held, Pending},
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
    next_attempt_at: i64,
}

/// Which of the deliveries that wait for their next attempt are due at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hastened {
    /// The one that waits longest.
    Oldest,
    /// All of them.
    All,
}

/// Why a delivery waits whose receiver said for how long it wants to be left alone.
pub const WAITS_AS_ASKED: &str = "its receiver asks for patience";

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
    /// Takes deliveries over a channel that are due, the oldest first; they are the caller's until
    /// `until`.
    pub async fn claim(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> anyhow::Result<Vec<Claimed>> {
        let mut connection = self.read().await?;
        match is_any_due(&mut connection, channel, now).await? {
            true => claim(&mut connection, channel, now, until, limit).await,
            false => Ok(Vec::new()),
        }
    }

    /// Renews claims until `until`. Says which of them still hold: a person may have dropped a
    /// delivery that was taken and not begun.
    pub async fn renew_claims(
        &self,
        ids: &[Uuid],
        until: DateTime<Utc>,
    ) -> anyhow::Result<HashSet<Uuid>> {
        let sql = format!(
            "UPDATE deliveries SET claimed_until = $2 WHERE id IN (SELECT value FROM json_each($1)) \
             AND state = '{Pending}' AND claimed_until IS NOT NULL RETURNING id"
        );
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        let held: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(serde_json::to_string(&ids)?)
            .bind(until.timestamp_micros())
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot write the outbox")?;
        held.into_iter().map(|(id,)| delivery_id(&id)).collect()
    }

    /// Which of these claims still hold.
    pub async fn held_claims(&self, ids: &[Uuid]) -> anyhow::Result<HashSet<Uuid>> {
        let sql = format!(
            "SELECT id FROM deliveries WHERE id IN (SELECT value FROM json_each($1)) \
             AND state = '{Pending}' AND claimed_until IS NOT NULL"
        );
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        let held: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(serde_json::to_string(&ids)?)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        held.into_iter().map(|(id,)| delivery_id(&id)).collect()
    }

    /// What waits for its next attempt over a channel is due now, since its receiver takes again what
    /// it gets, or the oldest of it, to try whether it does. Whoever asked for patience is left alone,
    /// and whoever refuses us is not tried by itself: a login that fails often is locked.
    pub async fn hasten(
        &self,
        channel: &str,
        which: Hastened,
        now: DateTime<Utc>,
    ) -> anyhow::Result<u64> {
        let waits = format!(
            "state = '{Pending}' AND channel = $1 AND next_attempt_at > $2 AND attempts > 0 \
             AND claimed_until IS NULL AND reason IS DISTINCT FROM '{WAITS_AS_ASKED}'"
        );
        let which = match which {
            Hastened::All => waits,
            Hastened::Oldest => format!(
                "id = (SELECT id FROM deliveries WHERE {waits} AND reason IS NULL \
                 ORDER BY coalesce(retried_at, released_at, written_at), id LIMIT 1)"
            ),
        };
        let sql = format!("UPDATE deliveries SET next_attempt_at = $2 WHERE {which}");
        let hastened = sqlx::query(AssertSqlSafe(sql))
            .bind(channel)
            .bind(now.timestamp_micros())
            .execute(&mut *self.read().await?)
            .await
            .explain("cannot write the outbox")?;
        Ok(hastened.rows_affected())
    }

    /// Frees what a process that died had claimed; only the holder of the lock may.
    pub async fn free_claims(&self, _lock: &InstanceLock) -> anyhow::Result<u64> {
        free_claims(&self.pool).await
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
    pub async fn sent_facts(&self, dedup_key: &str) -> anyhow::Result<Vec<String>> {
        let sql =
            "SELECT facts FROM deliveries WHERE dedup_key = $1 GROUP BY facts ORDER BY min(id)";
        let found: Vec<(String,)> = sqlx::query_as(sql)
            .bind(dedup_key)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        Ok(found.into_iter().map(|(facts,)| facts).collect())
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
               state, next_attempt_at, reason, person, is_standing) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
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
            .bind(delivery.event.awaits_its_end())
            .execute(&mut *tx)
            .await
            .explain("cannot write a delivery")?;
        if delivery.event.ends() {
            standing_alerts::end(tx, &delivery.dedup_key, &delivery.channel).await?;
        }
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
         RETURNING id, recipient, person, facts, attempts, next_attempt_at, \
         coalesce(retried_at, released_at, written_at) AS due_since",
        first = first_of_its_episode(),
    );
    let mut rows: Vec<ClaimedRow> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(now.timestamp_micros())
        .bind(until.timestamp_micros())
        .bind(limit)
        .bind(channel)
        .fetch_all(connection)
        .await
        .explain("cannot read the outbox")?;
    // A statement that writes returns its rows in no order.
    rows.sort_by(|one, other| {
        (one.next_attempt_at, &one.id).cmp(&(other.next_attempt_at, &other.id))
    });
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

/// Whether anything may be claimed: most looks find nothing, and must not wait for whoever writes.
pub(crate) async fn is_any_due(
    connection: &mut SqliteConnection,
    channel: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = '{Pending}' AND channel = $1 \
         AND next_attempt_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2))"
    );
    let (is_due,): (bool,) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(channel)
        .bind(now.timestamp_micros())
        .fetch_one(connection)
        .await
        .explain("cannot read the outbox")?;
    Ok(is_due)
}

async fn free_claims(pool: &SqlitePool) -> anyhow::Result<u64> {
    let sql = "UPDATE deliveries SET claimed_until = NULL WHERE claimed_until IS NOT NULL \
               AND state = $1";
    let freed = sqlx::query(sql).bind(Pending.word()).execute(pool).await;
    Ok(freed.explain("cannot write the outbox")?.rows_affected())
}

async fn pending(pool: &SqlitePool) -> anyhow::Result<u64> {
    let sql = "SELECT count(*) FROM deliveries WHERE state = $1";
    let counted = sqlx::query_as(sql).bind(Pending.word()).fetch_one(pool).await;
    let (count,): (i64,) = counted.explain("cannot read the outbox")?;
    Ok(count.unsigned_abs())
}
