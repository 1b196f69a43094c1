//! Open connections kept for the next question. Unlike sqlx's own pool it shows why connecting
//! failed, and a question given up takes its connection with it. How many there are at once is
//! the gate's business, in `connections`.

use std::{
    io::ErrorKind,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{Stream, TryStreamExt};
use sqlx::{Column, Connection, Database, Encode, Row, Type};
use tokio::time;

use crate::sql::Query;
use crate::{
    cell::{Cell, shown},
    fault::Fault,
    parameter::Parameter,
    question::Window,
    table::Table,
    tls_error::{self, Peer},
};

/// A server that takes longer to say that it is there is asked over a new connection.
const PING_TIME_MAX: Duration = Duration::from_secs(2);

/// What is shown of a query.
const QUERY_CHARS_MAX: usize = 80;

/// What is shown of a server's complaint.
pub(crate) const COMPLAINT_CHARS_MAX: usize = 300;

/// A figure, a period and an instant are short; a longer text is the wrong column.
const CELL_BYTES_MAX: usize = 1024;

/// SQLSTATEs, or their beginnings, of a server that goes away: connection lost, shut down, crashed.
const GONE: [&str; 2] = ["08", "57P0"];

/// Those of a server that has no place for us yet: starting up or full.
const PASSING: [&str; 3] = ["57P03", "53300", "08004"];

/// Connections that wait for a question.
#[derive(Debug)]
pub(crate) struct Pool<C> {
    idle: Mutex<Vec<C>>,
}

impl<C: Connection> Pool<C> {
    pub(crate) fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()) }
    }

    /// A connection that still answers, if there is one.
    pub(crate) async fn take(&self) -> Option<C> {
        while let Some(mut connection) = self.pop() {
            if let Ok(Ok(())) = time::timeout(PING_TIME_MAX, connection.ping()).await {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection that has nothing left to answer.
    pub(crate) fn give(&self, connection: C) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    fn pop(&self) -> Option<C> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// What is asked, for messages.
pub(crate) fn describe(query: &Query) -> String {
    format!("`{}`", shown(&query.first_line(), QUERY_CHARS_MAX))
}

/// Binds the part of the window that each parameter names; what an instant is bound as differs
/// between servers.
pub(crate) fn bind<'q, DB, I>(
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

/// Why there are no rows.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// The server or the driver says so.
    Driver(sqlx::Error),
    /// They do not fit.
    Misfit(String),
}

impl From<sqlx::Error> for Unanswered {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Unanswered> for Fault {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Driver(error) => asked(&error),
            Unanswered::Misfit(words) => Self::Question(words),
        }
    }
}

/// Reads all rows, of which there are at most `rows_max`.
pub(crate) async fn collect<R: Row>(
    mut rows: impl Stream<Item = sqlx::Result<R>> + Unpin,
    rows_max: usize,
    cell: impl Fn(&R, usize) -> Result<Cell, sqlx::Error>,
) -> Result<Table, Unanswered> {
    let mut table = Table::default();
    while let Some(row) = rows.try_next().await? {
        if table.rows.len() == rows_max {
            return Err(Unanswered::Misfit(format!(
                "came with more than {rows_max} rows; group the query by period, or narrow it"
            )));
        }
        if table.rows.is_empty() {
            table.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        let cells = (0..row.len()).map(|at| cell(&row, at)).collect::<Result<Vec<_>, _>>();
        let cells = cells.map_err(|error| Unanswered::Misfit(words(&error)))?;
        for (name, cell) in table.columns.iter().zip(&cells) {
            check_size(name, cell).map_err(Unanswered::Misfit)?;
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

/// Why a connection was not made: nobody is there, or we are not let in.
pub(crate) fn unreached(error: &sqlx::Error) -> Fault {
    let words = format!("cannot connect: {}", words(error));
    if is_passing(error) { Fault::Unreached(words) } else { Fault::System(words) }
}

/// Why a question could not be put, before it was: a connection kept from before may be stale.
pub(crate) fn stale(error: &sqlx::Error) -> Fault {
    match asked(error) {
        Fault::BrokeOff(words) => Fault::Unreached(words),
        other => other,
    }
}

/// Why a question that was put has no answer. What was under way is not asked again: somebody may
/// have ended it on purpose. Whether the server is gone for others, too, is seen when they connect.
pub(crate) fn asked(error: &sqlx::Error) -> Fault {
    let is_gone = match error {
        sqlx::Error::Database(told) => told.code().is_some_and(|code| is_one_of(&GONE, &code)),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    };
    let words = words(error);
    if is_gone { Fault::BrokeOff(words) } else { Fault::Question(words) }
}

/// Whether the next moment may be better: a server that starts up, has no place left, or has left
/// its port for a restart.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(told) => told.code().is_some_and(|code| is_one_of(&PASSING, &code)),
        // A certificate that is not trusted is no better the next moment.
        sqlx::Error::Io(error) => error.kind() != ErrorKind::InvalidData,
        _ => false,
    }
}

fn is_one_of(codes: &[&str], code: &str) -> bool {
    codes.iter().any(|begin| code.starts_with(begin))
}

/// What the database said.
pub(crate) fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(told) => {
            let complaint = shown(told.message(), COMPLAINT_CHARS_MAX);
            match told.code() {
                Some(code) => format!("{complaint} ({code})"),
                None => complaint,
            }
        }
        sqlx::Error::Io(error) => {
            tls_error::words(error, Peer::Database).unwrap_or_else(|| error.to_string())
        }
        other => shown(&other.to_string(), COMPLAINT_CHARS_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_next_moment_may_mend_is_asked_again() {
        let io = |kind: ErrorKind| sqlx::Error::Io(kind.into());
        let refused = || io(ErrorKind::ConnectionRefused);
        let told = |words: &Fault| words.words().to_owned();
        assert!(matches!(unreached(&refused()), Fault::Unreached(_)));
        assert!(told(&unreached(&refused())).starts_with("cannot connect: "));
        let certificate = io(ErrorKind::InvalidData);
        assert!(matches!(unreached(&certificate), Fault::System(_)), "no better in a moment");
        assert!(matches!(stale(&io(ErrorKind::BrokenPipe)), Fault::Unreached(_)));
        assert!(matches!(asked(&io(ErrorKind::UnexpectedEof)), Fault::BrokeOff(_)), "under way");
        assert!(matches!(asked(&sqlx::Error::RowNotFound), Fault::Question(_)));
    }
}
