//! MySQL and MariaDB as a source: each question in a read-only transaction of its own, in the
//! calendar's zone, with a time limit that the server keeps.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{Days, FixedOffset, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, Row, TypeInfo, ValueRef,
    mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlRow, MySqlSslMode},
};

use crate::sql::{
    Query, Server, Tls, number_columns,
    pool::{self, COMPLAINT_CHARS_MAX, Pool},
    power,
};
use crate::{
    cell::{Cell, decimal, shown},
    fault::Fault,
    question::Question,
    table::Table,
};

/// What a server says that does not know a zone.
const UNKNOWN_ZONE: u16 = 1298;

/// Warnings that a value was read as something else: out of range, cut, or not well formed.
const MISREAD: [u32; 4] = [1264, 1265, 1292, 1366];

/// The years of a TIMESTAMP, in which the offset of a zone matters.
const TIMESTAMP_YEARS: (i32, i32) = (1970, 2106);

/// The longest days between two looks at a zone: no offset has held for less.
const OFFSET_DAYS_MIN: u64 = 7;

/// A live MySQL or MariaDB database.
#[derive(Debug)]
pub(crate) struct MySql {
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
    pub(crate) fn new(server: &Server, timeout: Duration, rows_max: usize) -> Self {
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
            options = options.ssl_ca_from_pem(authority.clone());
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
    pub(crate) async fn table(
        &self,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, Fault> {
        let mut connection = self.connect().await?;
        let id = session_id(&mut connection).await.map_err(|error| pool::stale(&error))?;
        let under_way = UnderWay { abandoned: &self.abandoned, id: Some(id) };
        begin(&mut connection, question.calendar.zone).await?;
        number_columns::check(&mut connection, query, question).await?;
        let (text, order) = query.rewrite(|_| "?".to_owned());
        let asked = sqlx::query(AssertSqlSafe(text)).persistent(false);
        let asked = pool::bind(asked, order, question.window, |at| question.local(at));
        let table = pool::collect(asked.fetch(&mut connection), self.rows_max, cell).await?;
        check_warnings(&mut connection).await?;
        if connection.execute("rollback").await.is_ok() {
            under_way.over();
            self.pool.give(connection);
        }
        Ok(table)
    }

    /// Looks whether a query would be read as its author meant it; reads no row.
    pub(crate) async fn try_query(
        &self,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<(), Fault> {
        let mut connection = self.connect().await?;
        begin(&mut connection, question.calendar.zone).await?;
        number_columns::check(&mut connection, query, question).await
    }

    /// Connects, and gets as far as a question would.
    pub(crate) async fn probe(&self, zone: Tz) -> Result<(), Fault> {
        let mut connection = self.connect().await?;
        begin(&mut connection, zone).await?;
        connection.execute("select 1").await.map_err(|error| pool::asked(&error))?;
        Ok(())
    }

    /// What else than reading its user may do, in words.
    pub(crate) async fn power(&self) -> Result<Option<String>, Fault> {
        let mut connection = self.connect().await?;
        power::of_mysql(&mut connection).await.map_err(|error| pool::asked(&error))
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

/// A server without tables of zones gets the offset instead, if the zone has no other.
async fn begin(connection: &mut MySqlConnection, zone: Tz) -> Result<(), Fault> {
    let named = format!("set session time_zone = '{}'", zone.name());
    match connection.execute(AssertSqlSafe(named)).await {
        Ok(_) => {}
        Err(error) if number(&error) == Some(UNKNOWN_ZONE) => {
            let offset = only_offset(zone).ok_or_else(|| Fault::System(unknown_zone(zone)))?;
            let fixed = format!("set session time_zone = '{offset}'");
            let told = |error: sqlx::Error| pool::stale(&error);
            connection.execute(AssertSqlSafe(fixed)).await.map_err(told)?;
        }
        Err(error) => return Err(pool::stale(&error)),
    }
    let begun = connection.execute("start transaction read only").await;
    begun.map(drop).map_err(|error| pool::stale(&error))
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let told = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(told.number())
}

fn unknown_zone(zone: Tz) -> String {
    format!(
        "the server does not know the time zone {zone}, without which its times would count in the \
         wrong period; load its time zone tables: `mariadb-tzinfo-to-sql /usr/share/zoneinfo | \
         mariadb -u root mysql`, of MySQL `mysql_tzinfo_to_sql` and `mysql`"
    )
}

/// The offset of a zone that has had one only, and has it for good, in the years that matter.
fn only_offset(zone: Tz) -> Option<FixedOffset> {
    let (first, last) = TIMESTAMP_YEARS;
    let end = NaiveDate::from_ymd_opt(last, 1, 1)?;
    let mut day = NaiveDate::from_ymd_opt(first, 1, 1)?;
    let offset = |day: NaiveDate| zone.offset_from_utc_date(&day).fix();
    let only = offset(day);
    while day < end {
        if offset(day) != only {
            return None;
        }
        day = day.checked_add_days(Days::new(OFFSET_DAYS_MIN))?;
    }
    Some(only)
}

/// A server goes on with something else where a value cannot be read as what it is compared with
/// or made into, such as a text in UTC compared with a time, and only warns of it.
async fn check_warnings(connection: &mut MySqlConnection) -> Result<(), Fault> {
    let rows = connection.fetch_all("show warnings").await.map_err(|error| pool::asked(&error))?;
    for row in rows {
        let code: u32 = row.try_get_unchecked(1).map_err(|error| pool::words(&error))?;
        if MISREAD.contains(&code) {
            let message: String = row.try_get_unchecked(2).map_err(|error| pool::words(&error))?;
            let message = shown(&message, COMPLAINT_CHARS_MAX);
            return Err(Fault::Question(format!(
                "the server could not read a value as the query needs it, and went on with \
                 another: {message} ({code}); convert it in the query"
            )));
        }
    }
    Ok(())
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

    #[test]
    fn only_a_zone_that_never_changes_is_as_good_as_its_offset() {
        for (zone, offset) in [
            (chrono_tz::UTC, Some("+00:00")),
            (chrono_tz::Etc::GMTMinus2, Some("+02:00")),
            (chrono_tz::Asia::Tokyo, Some("+09:00")),
            (chrono_tz::Asia::Kolkata, Some("+05:30")),
            (chrono_tz::Europe::Amsterdam, None),
            (chrono_tz::Africa::Casablanca, None),
            (chrono_tz::Asia::Singapore, None),
        ] {
            let found = only_offset(zone).map(|offset| offset.to_string());
            assert_eq!(found.as_deref(), offset, "{zone}");
        }
    }
}
