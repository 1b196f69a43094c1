//! The table `silences`: when nobody wants to hear of what.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, SqliteConnection};

use crate::database::{
    columns::{instant, node, node_key},
    failure::Explain,
    store::Store,
};
use kpid_rules::{alerting::Silence, model::Scope};

/// A silence that is kept, and the number it goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptSilence {
    /// Names it.
    pub id: i64,
    /// What is silenced, when and why.
    #[serde(flatten)]
    pub silence: Silence,
}

#[derive(FromRow)]
struct SilenceRow {
    id: i64,
    scope: String,
    starts: i64,
    ends: i64,
    reason: String,
    person: String,
}

impl Store {
    /// Silences that are not over at `now`, also those to come, by their end.
    pub async fn silences(&self, now: DateTime<Utc>) -> anyhow::Result<Vec<KeptSilence>> {
        load(&mut *self.read().await?, now).await
    }
}

pub(crate) async fn record(tx: &mut SqliteConnection, silence: &Silence) -> anyhow::Result<i64> {
    let sql = "INSERT INTO silences (scope, starts, ends, reason, person) \
               VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let (id,): (i64,) = sqlx::query_as(sql)
        .bind(node_key(&silence.scope))
        .bind(silence.from.timestamp_micros())
        .bind(silence.until.timestamp_micros())
        .bind(&silence.reason)
        .bind(&silence.by)
        .fetch_one(tx)
        .await
        .explain("cannot write a silence")?;
    Ok(id)
}

/// Ends a silence that is not over, if there is one of that number.
pub(crate) async fn end(
    tx: &mut SqliteConnection,
    id: i64,
    by: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Scope>> {
    let sql = "UPDATE silences SET ended_at = $2, ended_by = $3 \
               WHERE id = $1 AND ended_at IS NULL AND ends > $2 RETURNING scope";
    let row: Option<(String,)> = sqlx::query_as(sql)
        .bind(id)
        .bind(now.timestamp_micros())
        .bind(by)
        .fetch_optional(tx)
        .await
        .explain("cannot end a silence")?;
    row.map(|(path,)| node(&path)).transpose()
}

/// Silences that are not over at `now`, also those to come, by their end.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<KeptSilence>> {
    let sql = "SELECT id, scope, starts, ends, reason, person FROM silences \
               WHERE ends > $1 AND ended_at IS NULL ORDER BY ends, id";
    let rows: Vec<SilenceRow> = sqlx::query_as(sql)
        .bind(now.timestamp_micros())
        .fetch_all(connection)
        .await
        .explain("cannot read silences")?;
    let kept = |row: SilenceRow| {
        let silence = Silence {
            scope: node(&row.scope)?,
            from: instant(row.starts)?,
            until: instant(row.ends)?,
            reason: row.reason,
            by: row.person,
        };
        Ok(KeptSilence { id: row.id, silence })
    };
    rows.into_iter().map(kept).collect()
}
