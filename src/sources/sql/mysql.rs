//! MySQL and MariaDB as a source: each question in a read-only transaction of its own, in the
//! calendar's zone, with a time limit that the server keeps.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone, Utc};
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, Row, TypeInfo, ValueRef,
    mysql::{MySqlConnectOptions, MySqlRow, MySqlSslMode},
};

use super::{
    Query, Server, Tls,
    pool::{self, Pool},
};
use crate::sources::{
    Question,
    cell::{Cell, decimal},
    fault::Fault,
    table::Table,
};

/// A live MySQL or MariaDB database.
#[derive(Debug)]
pub(in crate::sources) struct MySql {
    options: MySqlConnectOptions,
    timeout: Duration,
    rows_max: usize,
    pool: Pool<MySqlConnection>,
    /// Sessions that nobody listens to any more, and whose queries the server may still work on.
    abandoned: Mutex<Vec<u64>>,
}

/// A question in a session; dropped before it is over, it leaves the session abandoned.
struct UnderWay<'a> {
    abandoned: &'a Mutex<Vec<u64>>,
    id: Option<u64>,
}

impl UnderWay<'_> {
    fn over(mut self) {
        self.id = None;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let abandoned = self.abandoned.lock();
        abandoned.unwrap_or_else(PoisonError::into_inner).extend(self.id);
    }
}

impl MySql {
    pub(in crate::sources) fn new(server: &Server, timeout: Duration, rows_max: usize) -> Self {
        let mut options = MySqlConnectOptions::new()
            .host(&server.host)
            .port(server.port)
            .database(&server.database)
            .username(&server.user)
            // Queries mean what they mean in the author's own client.
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .ssl_mode(match server.tls {
                Tls::Disable => MySqlSslMode::Disabled,
                Tls::Prefer => MySqlSslMode::Preferred,
                Tls::Require => MySqlSslMode::Required,
                Tls::Verify => MySqlSslMode::VerifyIdentity,
            });
        if server.host.starts_with('/') {
            options = options.socket(&server.host);
        }
        if let Some(authority) = &server.authority {
            options = options.ssl_ca(authority);
        }
        let password = server.password.as_ref().map(|held| held.expose_secret());
        // To the server an empty password is none, to the driver it is one.
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            options = options.password(password);
        }
        Self { options, timeout, rows_max, pool: Pool::new(), abandoned: Mutex::default() }
    }

    /// Asks, and reads all rows. Starts and ends of periods are bound as local times, and the
    /// session's zone is the calendar's, so that they compare rightly with DATE, DATETIME and
    /// TIMESTAMP columns.
    pub(in crate::sources) async fn table(
        &self,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, Fault> {
        let mut connection = self.connect().await?;
        let told = |error: sqlx::Error| pool::stale(&error);
        let id = session_id(&mut connection).await.map_err(told)?;
        let under_way = UnderWay { abandoned: &self.abandoned, id: Some(id) };
        begin(&mut connection, question).await.map_err(told)?;
        let (text, order) = query.rewrite(|_| "?".to_owned());
        let asked = sqlx::query(AssertSqlSafe(text)).persistent(false);
        let asked = pool::bind(asked, order, question.window, |at| local(question, at));
        let table = pool::collect(asked.fetch(&mut connection), self.rows_max, cell).await?;
        if connection.execute("rollback").await.is_ok() {
            under_way.over();
            self.pool.give(connection);
        }
        Ok(table)
    }

    /// Connects and asks for nothing.
    pub(in crate::sources) async fn probe(&self) -> Result<(), Fault> {
        let mut connection = self.connect().await?;
        connection.execute("select 1").await.map_err(|error| pool::asked(&error))?;
        Ok(())
    }

    async fn connect(&self) -> Result<MySqlConnection, Fault> {
        let mut connection = match self.pool.take().await {
            Some(connection) => connection,
            None => self.open().await?,
        };
        self.end_abandoned(&mut connection).await;
        Ok(connection)
    }

    /// Ends the queries of sessions that were given up: the server would not notice before their
    /// time limit.
    async fn end_abandoned(&self, connection: &mut MySqlConnection) {
        let ids =
            std::mem::take(&mut *self.abandoned.lock().unwrap_or_else(PoisonError::into_inner));
        for id in ids {
            // Refused where the session has ended by itself, which is as good.
            let _ = connection.execute(AssertSqlSafe(format!("kill {id}"))).await;
        }
    }

    async fn open(&self) -> Result<MySqlConnection, Fault> {
        let opened = async {
            let mut connection = MySqlConnection::connect_with(&self.options).await?;
            let row = connection.fetch_one("select version()").await?;
            let limit = time_limit(&row.try_get_unchecked::<String, _>(0)?, self.timeout);
            connection.execute(AssertSqlSafe(limit)).await?;
            connection.execute("set session transaction read only").await?;
            Ok(connection)
        };
        opened.await.map_err(|error: sqlx::Error| pool::unreached(&error))
    }
}

/// How the server is told its time limit: MariaDB counts seconds, MySQL milliseconds.
fn time_limit(version: &str, timeout: Duration) -> String {
    if version.to_ascii_lowercase().contains("mariadb") {
        format!("set session max_statement_time = {}", timeout.as_secs_f64())
    } else {
        format!("set session max_execution_time = {}", timeout.as_millis())
    }
}

async fn session_id(connection: &mut MySqlConnection) -> sqlx::Result<u64> {
    connection.fetch_one("select connection_id()").await?.try_get_unchecked(0)
}

/// A server without tables of zones gets the offset that holds at the start of the window; where
/// clocks change within the window, its TIMESTAMP columns are off by that change after it.
async fn begin(connection: &mut MySqlConnection, question: &Question<'_>) -> sqlx::Result<()> {
    let zone = question.calendar.zone;
    let named = format!("set session time_zone = '{}'", zone.name());
    if connection.execute(AssertSqlSafe(named)).await.is_err() {
        let start = question.window.start.naive_utc();
        let offset = zone.offset_from_utc_datetime(&start).fix();
        let fixed = format!("set session time_zone = '{offset}'");
        connection.execute(AssertSqlSafe(fixed)).await?;
    }
    connection.execute("start transaction read only").await?;
    Ok(())
}

fn local(question: &Question<'_>, at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&question.calendar.zone).naive_local()
}

fn cell(row: &MySqlRow, at: usize) -> sqlx::Result<Cell> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kind = value.type_info().name().to_owned();
    Ok(match kind.as_str() {
        // TINYINT(1) by any value: the server has no booleans.
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Cell::Int(row.try_get_unchecked(at)?)
        }
        "YEAR" | "BIT" => Cell::Unsigned(row.try_get_unchecked(at)?),
        unsigned if unsigned.ends_with(" UNSIGNED") => Cell::Unsigned(row.try_get_unchecked(at)?),
        // As the server shows it: the shortest decimal that is this number.
        "FLOAT" => {
            let value: f32 = row.try_get_unchecked(at)?;
            Cell::Float(decimal(&value.to_string()).unwrap_or_else(|| value.into()))
        }
        "DOUBLE" => Cell::Float(row.try_get_unchecked(at)?),
        // Sent as text, and exact.
        "DECIMAL" => Cell::Text(row.try_get_unchecked(at)?),
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "SET" => {
            Cell::Text(row.try_get_unchecked(at)?)
        }
        // What functions on JSON, and on texts of mixed collations, give.
        "JSON" | "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            match String::from_utf8(row.try_get_unchecked(at)?) {
                Ok(text) => Cell::Text(text),
                Err(_) => Cell::Other(format!("of the type {kind}")),
            }
        }
        "DATE" => Cell::Day(row.try_get_unchecked(at)?),
        // A TIMESTAMP is sent in the session's zone, which is the calendar's.
        "DATETIME" | "TIMESTAMP" => Cell::Local(row.try_get_unchecked(at)?),
        other => Cell::Other(format!("of the type {other}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_told_its_limit_in_its_unit() {
        let timeout = Duration::from_millis(1500);
        for (version, limit) in [
            ("10.11.6-MariaDB-0+deb12u1", "set session max_statement_time = 1.5"),
            ("8.4.3", "set session max_execution_time = 1500"),
        ] {
            assert_eq!(time_limit(version, timeout), limit);
        }
    }
}
