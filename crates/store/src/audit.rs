//! The table `audit`: every change that a person made. Rows are only ever added.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, SqliteConnection};

use crate::database::{columns::instant, failure::Explain, store::Store};

/// A change that a person made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// What: `acknowledged`, `silenced`, `unsilenced`, `noted`, `imported`, …
    pub action: String,
    /// To what: a path of ids, or another name.
    pub of: String,
    /// In which words.
    pub detail: Option<String>,
}

#[derive(FromRow)]
struct DeedRow {
    at: i64,
    person: String,
    action: String,
    subject: String,
    detail: Option<String>,
}

impl Store {
    /// Writes down that a person changed something.
    pub async fn audit(&self, deed: &Deed) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        record(&mut tx, deed).await?;
        tx.commit().await.explain("cannot write down who did it")
    }

    /// What people changed, the newest first.
    pub async fn deeds(&self, limit: u32) -> anyhow::Result<Vec<Deed>> {
        load(&mut *self.read().await?, limit).await
    }
}

pub(crate) async fn record(tx: &mut SqliteConnection, deed: &Deed) -> anyhow::Result<()> {
    let sql = "INSERT INTO audit (at, person, action, subject, detail) VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(sql)
        .bind(deed.at.timestamp_micros())
        .bind(&deed.by)
        .bind(&deed.action)
        .bind(&deed.of)
        .bind(&deed.detail)
        .execute(tx)
        .await
        .explain("cannot write down who did it")?;
    Ok(())
}

/// The newest deeds first.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    limit: u32,
) -> anyhow::Result<Vec<Deed>> {
    let sql = "SELECT at, person, action, subject, detail FROM audit ORDER BY id DESC LIMIT $1";
    let rows: Vec<DeedRow> = sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await
        .explain("cannot read who did what")?;
    let deed = |row: DeedRow| {
        let DeedRow { at, person, action, subject, detail } = row;
        Ok(Deed { at: instant(at)?, by: person, action, of: subject, detail })
    };
    rows.into_iter().map(deed).collect()
}
