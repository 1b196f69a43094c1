//! Where messages that wait are to go, and how they come to go elsewhere: a configuration may change
//! while they wait.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, FromRow};

use crate::{
    database::{columns::unsigned, failure::Explain, store::Store},
    outbox::state::DeliveryState::{Batched, Held, Overtaken, Pending},
};

/// A route that messages wait to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRoute {
    /// The channel's id.
    pub channel: String,
    /// The address, or the channel's id.
    pub recipient: String,
    /// The id of the person it is for, if it is for one.
    pub person: Option<String>,
    /// How many messages wait.
    pub count: u32,
}

#[derive(FromRow)]
struct WaitingRouteRow {
    channel: String,
    recipient: String,
    person: Option<String>,
    count: i64,
}

/// Why a message is not sent that another one brings to the same mailbox.
const SAME_MAILBOX: &str = "the same mailbox gets it already";

impl Store {
    /// All routes that messages wait to take.
    pub async fn waiting_routes(&self) -> anyhow::Result<Vec<WaitingRoute>> {
        let sql = format!(
            "SELECT channel, recipient, person, count(*) AS count FROM deliveries \
             WHERE state IN ('{Pending}', '{Held}', '{Batched}') \
             GROUP BY channel, recipient, person ORDER BY channel, recipient, person"
        );
        let rows: Vec<WaitingRouteRow> = sqlx::query_as(AssertSqlSafe(sql))
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        let route = |row: WaitingRouteRow| WaitingRoute {
            channel: row.channel,
            recipient: row.recipient,
            person: row.person,
            count: unsigned(row.count),
        };
        Ok(rows.into_iter().map(route).collect())
    }

    /// Sends what waits on one route over another one. What is told there already is not told twice.
    pub async fn send_over(
        &self,
        route: &WaitingRoute,
        channel: &str,
        recipient: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let waits = format!(
            "state IN ('{Pending}', '{Held}', '{Batched}') AND channel = $1 AND recipient = $2 \
             AND person IS NOT DISTINCT FROM $3"
        );
        let redirect = format!(
            "UPDATE deliveries SET channel = $4, recipient = $5 WHERE {waits} AND NOT EXISTS \
             (SELECT 1 FROM deliveries AS other WHERE other.dedup_key = deliveries.dedup_key \
             AND other.event = deliveries.event AND other.sequence = deliveries.sequence \
             AND other.channel = $4 AND other.recipient = $5)"
        );
        let mut tx = self.begin().await?;
        let redirected = sqlx::query(AssertSqlSafe(redirect))
            .bind(&route.channel)
            .bind(&route.recipient)
            .bind(&route.person)
            .bind(channel)
            .bind(recipient);
        redirected.execute(&mut *tx).await.explain("cannot write the outbox")?;
        let overtake = format!(
            "UPDATE deliveries SET state = '{Overtaken}', reason = $5, settled_at = $4, \
             claimed_until = NULL WHERE {waits}"
        );
        let overtaken = sqlx::query(AssertSqlSafe(overtake))
            .bind(&route.channel)
            .bind(&route.recipient)
            .bind(&route.person)
            .bind(now.timestamp_micros())
            .bind(SAME_MAILBOX);
        overtaken.execute(&mut *tx).await.explain("cannot write the outbox")?;
        tx.commit().await.explain("cannot write the outbox")
    }
}
