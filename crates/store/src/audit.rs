//! The table `audit`: every change that a person made. Rows are only ever added.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, SqliteConnection};

use crate::database::{columns::instant, failure::Explain, store::Store};

/// A change that a person made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
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
struct AuditRow {
    at: i64,
    person: String,
    action: String,
    subject: String,
    detail: Option<String>,
}

impl Store {
    /// Writes down that a person changed something.
    pub async fn audit(&self, entry: &AuditEntry) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        record(&mut tx, entry).await?;
        tx.commit().await.explain("cannot write down who did it")
    }

    /// What people changed, the newest first.
    pub async fn audit_entries(&self, limit: u32) -> anyhow::Result<Vec<AuditEntry>> {
        load(&mut *self.read().await?, limit).await
    }
}

pub(crate) async fn record(tx: &mut SqliteConnection, entry: &AuditEntry) -> anyhow::Result<()> {
    let sql = "INSERT INTO audit (at, person, action, subject, detail) VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(sql)
        .bind(entry.at.timestamp_micros())
        .bind(&entry.by)
        .bind(&entry.action)
        .bind(&entry.of)
        .bind(&entry.detail)
        .execute(tx)
        .await
        .explain("cannot write down who did it")?;
    Ok(())
}

/// The newest entries first.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    limit: u32,
) -> anyhow::Result<Vec<AuditEntry>> {
    let sql = "SELECT at, person, action, subject, detail FROM audit ORDER BY id DESC LIMIT $1";
    let rows: Vec<AuditRow> = sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await
        .explain("cannot read who did what")?;
    let entry = |row: AuditRow| {
        let AuditRow { at, person, action, subject, detail } = row;
        Ok(AuditEntry { at: instant(at)?, by: person, action, of: subject, detail })
    };
    rows.into_iter().map(entry).collect()
}
