//! What came of deliveries that were taken: written for many of them at once, so that a burst costs a few
//! commits.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use crate::{
    database::{failure::Explain, store::Store},
    outbox::{
        deliveries::{self, NewDelivery},
        state::DeliveryState::{Delivered, GivenUp, Pending},
    },
};

/// What came of one delivery that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// Which one.
    pub id: Uuid,
    /// When that was.
    pub at: DateTime<Utc>,
    /// What became of it.
    pub result: DeliveryResult,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum DeliveryResult {
    /// It was made.
    Delivered,
    /// It failed and is due again.
    DueAgain {
        /// When.
        at: DateTime<Utc>,
        /// Why it failed.
        error: String,
        /// What it waits for, if not only for the time.
        waits_for: Option<&'static str>,
    },
    /// It will never be made.
    GivenUp {
        /// Why it failed.
        error: String,
        /// What is told of that.
        notices: Vec<NewDelivery>,
    },
    /// It was not begun: it is due as before.
    HandedBack,
}

impl Store {
    /// Writes what came of deliveries; all of it, or nothing.
    pub async fn settle(&self, settlements: &[Settlement]) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        for Settlement { id, at, result } in settlements {
            match result {
                DeliveryResult::Delivered => delivered(&mut tx, *id, *at).await?,
                DeliveryResult::DueAgain { at, error, waits_for } => {
                    due_again(&mut tx, *id, *at, error, *waits_for).await?;
                }
                DeliveryResult::GivenUp { error, notices } => {
                    given_up(&mut tx, *id, *at, error).await?;
                    deliveries::record(&mut tx, notices, *at).await?;
                }
                DeliveryResult::HandedBack => handed_back(&mut tx, *id).await?,
            }
        }
        tx.commit().await.explain("cannot settle deliveries")
    }
}

async fn delivered(tx: &mut SqliteConnection, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET state = $3, claimed_until = NULL, settled_at = $2 \
               WHERE id = $1";
    let settled =
        sqlx::query(sql).bind(id.to_string()).bind(now.timestamp_micros()).bind(Delivered.word());
    settled.execute(tx).await.explain("cannot settle a delivery")?;
    Ok(())
}

async fn due_again(
    tx: &mut SqliteConnection,
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
    settled.execute(tx).await.explain("cannot settle a delivery")?;
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

/// Taking it counted an attempt that was not made.
async fn handed_back(tx: &mut SqliteConnection, id: Uuid) -> anyhow::Result<()> {
    let sql = format!(
        "UPDATE deliveries SET claimed_until = NULL, attempts = max(attempts - 1, 0) \
         WHERE id = $1 AND state = '{Pending}' AND claimed_until IS NOT NULL"
    );
    let settled = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string());
    settled.execute(tx).await.explain("cannot settle a delivery")?;
    Ok(())
}
