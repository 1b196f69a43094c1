//! Open connections kept for the next question. Unlike sqlx's own pool it shows why connecting
//! failed, and a question given up takes its connection with it. How many there are at once is
//! the gate's business, in `connections`.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{Stream, TryStreamExt};
use sqlx::{Column, Connection, Database, Encode, Row, Type};
use tokio::time;

use super::Query;
use crate::sources::{
    Window,
    cell::{Cell, shown},
    parameter::Parameter,
    table::Table,
};

/// A server that takes longer to say that it is there is asked over a new connection.
const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// What is shown of a query.
const QUERY_CHARS_MAX: usize = 80;

/// What is shown of a server's complaint.
const COMPLAINT_CHARS_MAX: usize = 300;

/// A figure, a period and an instant are short; a longer text is the wrong column.
const CELL_BYTES_MAX: usize = 1024;

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

/// Binds the part of the window that each parameter names; what an instant is bound as differs
/// between servers.
pub(super) fn bind<'q, DB, I>(
    asked: sqlx::query::Query<'q, DB, DB::Arguments>,
    order: Vec<Parameter>,
    window: &Window,
    instant: impl Fn(DateTime<Utc>) -> I,
) -> sqlx::query::Query<'q, DB, DB::Arguments>
where
    DB: Database,
    I: Encode<'q, DB> + Type<DB> + 'q,
    String: Encode<'q, DB> + Type<DB> + 'q,
    NaiveDate: Encode<'q, DB> + Type<DB> + 'q,
{
    order.into_iter().fold(asked, |asked, parameter| match parameter {
        Parameter::Key => asked.bind(window.period.to_string()),
        Parameter::Start => asked.bind(instant(window.start)),
        Parameter::End => asked.bind(instant(window.end)),
        Parameter::FirstDay => asked.bind(window.first_day),
        Parameter::LastDay => asked.bind(window.last_day),
    })
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
        let cells = (0..row.len()).map(|at| cell(&row, at)).collect::<Result<Vec<_>, _>>();
        let cells = cells.map_err(|error| words(&error))?;
        for (name, cell) in table.columns.iter().zip(&cells) {
            check_size(name, cell)?;
        }
        table.rows.push(cells);
    }
    Ok(table)
}

fn check_size(name: &str, cell: &Cell) -> Result<(), String> {
    match cell {
        Cell::Text(text) if text.len() > CELL_BYTES_MAX => Err(format!(
            "came with {} bytes in the column `{name}`, where {CELL_BYTES_MAX} are the most; select \
             only figures and periods",
            text.len()
        )),
        _ => Ok(()),
    }
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
