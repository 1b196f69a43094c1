//! A SQLite file as a source: opened read-only, and interrupted when nobody waits any more.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::{
    AssertSqlSafe, Connection, Row, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use crate::sql::{
    Query,
    pool::{self, Pool},
};
use crate::{Question, cell::Cell, fault::Fault, table::Table};

/// Steps of SQLite's machine between two looks at whether anybody still waits: below a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// A live SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    rows_max: usize,
    pool: Pool<SqliteConnection>,
}

/// Interrupts the query it belongs to when it is dropped before the query is done.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Sqlite {
    pub(crate) fn new(path: &Path, rows_max: usize) -> Self {
        Self { path: path.to_owned(), rows_max, pool: Pool::new() }
    }

    /// Asks, and reads all rows. Starts and ends of periods are bound as local days, such as
    /// `2026-05-01`, which sort rightly among texts of local days and of local times.
    pub(crate) async fn table(
        &self,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, Fault> {
        let mut connection = self.connect().await?;
        let gone = Arc::new(AtomicBool::new(false));
        let waiting = Waiting(Arc::clone(&gone));
        let mut handle = connection.lock_handle().await.map_err(|error| pool::asked(&error))?;
        handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !gone.load(Ordering::Relaxed));
        drop(handle);
        let (text, order) = query.numbered('?');
        let asked = sqlx::query(AssertSqlSafe(text)).persistent(false);
        let day = |at| question.calendar.local_day(at).to_string();
        let asked = pool::bind(asked, order, question.window, day);
        let table = pool::collect(asked.fetch(&mut connection), self.rows_max, cell).await?;
        let mut handle = connection.lock_handle().await.map_err(|error| pool::asked(&error))?;
        handle.remove_progress_handler();
        drop(handle);
        drop(waiting);
        self.pool.give(connection);
        Ok(table)
    }

    /// Opens the file and reads from it.
    pub(crate) async fn probe(&self) -> Result<(), Fault> {
        let mut connection = self.connect().await?;
        let asked = sqlx::query("select count(*) from sqlite_master").fetch_one(&mut connection);
        asked.await.map_err(|error| pool::asked(&error))?;
        Ok(())
    }

    async fn connect(&self) -> Result<SqliteConnection, Fault> {
        if let Some(connection) = self.pool.take().await {
            return Ok(connection);
        }
        let options = SqliteConnectOptions::new().filename(&self.path).read_only(true);
        SqliteConnection::connect_with(&options).await.map_err(|error| {
            let words = format!("cannot connect: {}", pool::words(&error));
            Fault::Question(format!("{words}: {}", self.path.display()))
        })
    }
}

/// By the kind of the value itself: in SQLite a column's type binds nobody.
fn cell(row: &SqliteRow, at: usize) -> sqlx::Result<Cell> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kind = value.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => Ok(Cell::Int(row.try_get_unchecked(at)?)),
        "REAL" => Ok(Cell::Float(row.try_get_unchecked(at)?)),
        "TEXT" => Ok(Cell::Text(row.try_get_unchecked(at)?)),
        other => Ok(Cell::Other(format!("a {other}"))),
    }
}
