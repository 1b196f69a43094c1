//! Open connections kept for the next question. Unlike sqlx's own pool it shows why connecting
//! failed, and a question given up takes its connection with it. How many there are at once is
//! the gate's business, in `connections`.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, TryStreamExt};
use sqlx::{Column, Connection, Row};
use tokio::time;

use super::Query;
use crate::sources::{
    cell::{Cell, shown},
    table::Table,
};

/// A server that takes longer to say that it is there is asked over a new connection.
const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// What is shown of a query.
const QUERY_CHARS_MAX: usize = 80;

/// What is shown of a server's complaint.
const COMPLAINT_CHARS_MAX: usize = 300;

/// Connections that wait for a question.
#[derive(Debug)]
pub(super) struct Pool<C> {
    idle: Mutex<Vec<C>>,
}

impl<C: Connection> Pool<C> {
    pub(super) fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()) }
    }

    /// A connection that still answers, if there is one.
    pub(super) async fn take(&self) -> Option<C> {
        while let Some(mut connection) = self.pop() {
            if let Ok(Ok(())) = time::timeout(PING_TIME_MAX, connection.ping()).await {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection that has nothing left to answer.
    pub(super) fn give(&self, connection: C) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    fn pop(&self) -> Option<C> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// What is asked, for messages.
pub(in crate::sources) fn describe(query: &Query) -> String {
    format!("`{}`", shown(&query.first_line(), QUERY_CHARS_MAX))
}

/// Reads all rows, of which there are at most `rows_max`.
pub(super) async fn collect<R: Row>(
    mut rows: impl Stream<Item = sqlx::Result<R>> + Unpin,
    rows_max: usize,
    cell: impl Fn(&R, usize) -> Result<Cell, sqlx::Error>,
) -> Result<Table, String> {
    let mut table = Table::default();
    while let Some(row) = rows.try_next().await.map_err(|error| words(&error))? {
        if table.rows.len() == rows_max {
            return Err(format!(
                "came with more than {rows_max} rows; group the query by period, or narrow it"
            ));
        }
        if table.rows.is_empty() {
            table.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        let cells = (0..row.len()).map(|at| cell(&row, at)).collect::<Result<_, _>>();
        table.rows.push(cells.map_err(|error| words(&error))?);
    }
    Ok(table)
}

/// Why a connection was not made.
pub(super) fn unreached(error: &sqlx::Error) -> String {
    format!("cannot connect: {}", words(error))
}

/// What the database said.
pub(super) fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(told) => {
            let complaint = shown(told.message(), COMPLAINT_CHARS_MAX);
            match told.code() {
                Some(code) => format!("{complaint} ({code})"),
                None => complaint,
            }
        }
        sqlx::Error::Io(error) => error.to_string(),
        other => shown(&other.to_string(), COMPLAINT_CHARS_MAX),
    }
}
