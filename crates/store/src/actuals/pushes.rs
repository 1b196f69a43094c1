//! The table `pushes`: what systems pushed under a key of their own, and what they were answered.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use crate::{
    actuals::{
        collected::{Collected, FilingOutcome},
        collections,
        filing::{self, FiledFigure},
    },
    audit::{self, AuditAction, AuditEntry},
    database::{failure::Explain, store::Store},
    families::changes,
};

/// Who got no answer over a long weekend asks again within these.
const KEY_DAYS: i64 = 7;

/// A push, as it names itself.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// The connection it came over.
    pub connection: &'a str,
    /// The name of the token that let it in.
    pub by: &'a str,
    /// What names it, if its sender gave it a name.
    pub key: Option<&'a str>,
    /// SHA-256 of its body, in hex.
    pub body: &'a str,
    /// How many of its readings are null, which is no figure.
    pub nulls: u64,
    /// When it came.
    pub at: DateTime<Utc>,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is kept.
    Kept(Receipt),
    /// It was kept before, under the same key.
    Repeated(Receipt),
    /// Its key names another one.
    KeyTaken,
}

/// What became of the readings of a push. Its serialised keys are a contract: `docs/operations.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Figures that were not there before.
    pub stored: u64,
    /// Figures that took the place of another.
    pub revised: u64,
    /// Figures that were there.
    pub unchanged: u64,
    /// Readings without a figure.
    pub null: u64,
    /// Figures of frozen periods, which only a person may restate.
    pub frozen: Vec<Frozen>,
}

/// A figure that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// `scorecard/kpi`
    pub kpi: String,
    /// The period's key.
    pub period: String,
}

impl Receipt {
    fn of(nulls: u64, filed: &[FiledFigure]) -> Self {
        let mut receipt = Self { null: nulls, ..Self::default() };
        for FiledFigure { kpi, period, came, .. } in filed {
            match came {
                FilingOutcome::New => receipt.stored += 1,
                FilingOutcome::Revised => receipt.revised += 1,
                FilingOutcome::Unchanged => receipt.unchanged += 1,
                FilingOutcome::Frozen => {
                    receipt.frozen.push(Frozen { kpi: kpi.to_string(), period: period.to_string() })
                }
            }
        }
        receipt
    }

    fn changed(&self) -> u64 {
        self.stored + self.revised
    }
}

impl Store {
    /// Keeps what was pushed, its key and who did it in one transaction, once for each key.
    pub async fn push(&self, push: Push<'_>, collected: &[Collected]) -> anyhow::Result<Pushed> {
        let mut tx = self.begin().await?;
        let (pushed, _) = keep(&mut tx, push, collected).await?;
        if matches!(pushed, Pushed::Kept(_)) {
            changes::note(&mut tx, &filing::changed(collected)).await?;
        }
        tx.commit().await.explain("cannot write what was pushed")?;
        Ok(pushed)
    }
}

/// Keeps a push unless it was kept before; also says what became of its figures.
pub(crate) async fn keep(
    tx: &mut SqliteConnection,
    push: Push<'_>,
    collected: &[Collected],
) -> anyhow::Result<(Pushed, Vec<FiledFigure>)> {
    forget(tx, push.at - TimeDelta::days(KEY_DAYS)).await?;
    if let Some(key) = push.key {
        match held(tx, push.connection, key).await? {
            Some((body, receipt)) if body == push.body => {
                return Ok((Pushed::Repeated(receipt), Vec::new()));
            }
            Some(_) => return Ok((Pushed::KeyTaken, Vec::new())),
            None => {}
        }
    }
    let filed = filing::record(tx, collected).await?;
    collections::record(tx, &collections::attempts(collected)).await?;
    let receipt = Receipt::of(push.nulls, &filed);
    if let Some(key) = push.key {
        remember(tx, push, key, &receipt).await?;
    }
    // A system that repeats itself every minute changes nothing, and would bury what people do.
    if receipt.changed() > 0 {
        let (stored, revised) = (receipt.stored, receipt.revised);
        let entry = AuditEntry {
            at: push.at,
            by: push.by.to_owned(),
            action: AuditAction::Pushed,
            of: push.connection.to_owned(),
            detail: Some(format!("{stored} figures stored, {revised} revised")),
        };
        audit::record(tx, &entry).await?;
    }
    Ok((Pushed::Kept(receipt), filed))
}

async fn forget(tx: &mut SqliteConnection, before: DateTime<Utc>) -> anyhow::Result<()> {
    sqlx::query("DELETE FROM pushes WHERE at < $1")
        .bind(before.timestamp_micros())
        .execute(tx)
        .await
        .explain("cannot forget old pushes")?;
    Ok(())
}

/// The body and the receipt of what was pushed under a key.
async fn held(
    tx: &mut SqliteConnection,
    connection: &str,
    key: &str,
) -> anyhow::Result<Option<(String, Receipt)>> {
    let sql = "SELECT body, receipt FROM pushes WHERE connection = $1 AND key = $2";
    let row: Option<(String, String)> = sqlx::query_as(sql)
        .bind(connection)
        .bind(key)
        .fetch_optional(tx)
        .await
        .explain("cannot read what was pushed")?;
    let read = |(body, receipt): (String, String)| {
        let receipt = serde_json::from_str(&receipt);
        Ok((body, receipt.context("a receipt in the store cannot be read")?))
    };
    row.map(read).transpose()
}

async fn remember(
    tx: &mut SqliteConnection,
    push: Push<'_>,
    key: &str,
    receipt: &Receipt,
) -> anyhow::Result<()> {
    let sql = "INSERT INTO pushes (connection, key, body, receipt, at) VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(sql)
        .bind(push.connection)
        .bind(key)
        .bind(push.body)
        .bind(serde_json::to_string(receipt)?)
        .bind(push.at.timestamp_micros())
        .execute(tx)
        .await
        .explain("cannot remember a push")?;
    Ok(())
}
