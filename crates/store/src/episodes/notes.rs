//! The table `notes`: what people wrote about a node and a period.

use sqlx::{FromRow, SqliteConnection};

use crate::database::{
    columns::{instant, node, node_key},
    failure::Explain,
    store::Store,
};
use kpid_rules::alerting::Note;

/// The newest notes that are read; older ones are history.
const NOTES_MAX: i64 = 1_000;

#[derive(FromRow)]
struct NoteRow {
    scope: String,
    period: String,
    text: String,
    person: String,
    written_at: i64,
}

impl Store {
    /// Notes, the newest first.
    pub async fn notes(&self) -> anyhow::Result<Vec<Note>> {
        load(&mut *self.read().await?).await
    }
}

pub(crate) async fn record(tx: &mut SqliteConnection, note: &Note) -> anyhow::Result<()> {
    let sql = "INSERT INTO notes (scope, period, text, person, written_at) \
               VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(sql)
        .bind(node_key(&note.scope))
        .bind(&note.period)
        .bind(&note.text)
        .bind(&note.by)
        .bind(note.at.timestamp_micros())
        .execute(tx)
        .await
        .explain("cannot write a note")?;
    Ok(())
}

/// Notes, the newest first.
pub(crate) async fn load(connection: &mut SqliteConnection) -> anyhow::Result<Vec<Note>> {
    let sql = "SELECT scope, period, text, person, written_at FROM notes \
               ORDER BY written_at DESC, id DESC LIMIT $1";
    let rows: Vec<NoteRow> = sqlx::query_as(sql)
        .bind(NOTES_MAX)
        .fetch_all(connection)
        .await
        .explain("cannot read notes")?;
    let note = |row: NoteRow| {
        Ok(Note {
            scope: node(&row.scope)?,
            period: row.period,
            text: row.text,
            by: row.person,
            at: instant(row.written_at)?,
        })
    };
    rows.into_iter().map(note).collect()
}
