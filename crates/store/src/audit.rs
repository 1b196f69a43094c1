//! The table `audit`: every change that a person made. Rows are only ever added.

use std::fmt;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use sqlx::{FromRow, SqliteConnection};

use crate::database::{columns::instant, failure::Explain, store::Store};

/// A change that a person made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// What.
    pub action: AuditAction,
    /// To what: a path of ids, or another name.
    pub of: String,
    /// In which words.
    pub detail: Option<String>,
}

/// What somebody did. Its words are in the store and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditAction {
    /// Answered for an alert.
    Acknowledged,
    /// Silenced a node.
    Silenced,
    /// Ended a silence before its time.
    Unsilenced,
    /// Wrote a note.
    Noted,
    /// Took a decision down in a review.
    Decided,
    /// Took an action down in a review.
    Assigned,
    /// Took a success down in a review.
    TookDownSuccess,
    /// Said how far an action is.
    SettledAction,
    /// Brought figures in a file.
    Imported,
    /// Asked a source for its past.
    Backfilled,
    /// Sent figures over HTTP.
    Pushed,
    /// Had a delivery made again.
    RetriedDelivery,
    /// Decided against a delivery.
    DroppedDelivery,
    /// Removed rows that are kept no longer.
    RemovedOldRows,
    /// Logged in to the board.
    LoggedIn,
    /// Logged out of it.
    LoggedOut,
}

impl AuditAction {
    const ALL: [Self; 16] = [
        Self::Acknowledged,
        Self::Silenced,
        Self::Unsilenced,
        Self::Noted,
        Self::Decided,
        Self::Assigned,
        Self::TookDownSuccess,
        Self::SettledAction,
        Self::Imported,
        Self::Backfilled,
        Self::Pushed,
        Self::RetriedDelivery,
        Self::DroppedDelivery,
        Self::RemovedOldRows,
        Self::LoggedIn,
        Self::LoggedOut,
    ];

    /// As the store, JSON and people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Silenced => "silenced",
            Self::Unsilenced => "unsilenced",
            Self::Noted => "noted",
            Self::Decided => "decided",
            Self::Assigned => "assigned an action",
            Self::TookDownSuccess => "took down a success",
            Self::SettledAction => "settled an action",
            Self::Imported => "imported",
            Self::Backfilled => "backfilled",
            Self::Pushed => "pushed",
            Self::RetriedDelivery => "retried a delivery",
            Self::DroppedDelivery => "dropped a delivery",
            Self::RemovedOldRows => "removed old rows",
            Self::LoggedIn => "logged in to",
            Self::LoggedOut => "logged out of",
        }
    }

    fn parse(words: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.into_iter().find(|action| action.words() == words);
        found.with_context(|| {
            format!("the store has an audit entry `{words}`, which this kpid does not know")
        })
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Serialize for AuditAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
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
        .bind(entry.action.words())
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
        Ok(AuditEntry {
            at: instant(at)?,
            by: person,
            action: AuditAction::parse(&action)?,
            of: subject,
            detail,
        })
    };
    rows.into_iter().map(entry).collect()
}
