//! PostgreSQL as a source: each question in a read-only transaction of its own, in the calendar's
//! zone, with a time limit that the server keeps.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, Row, TypeInfo, ValueRef,
    postgres::{PgConnectOptions, PgRow, PgSslMode, PgTypeKind, PgValueFormat, types::Oid},
};

use crate::sql::{
    Query, Server, Tls,
    pool::{self, Pool, Unanswered},
    power,
};
use crate::{
    cell::{Cell, decimal},
    fault::Fault,
    json,
    question::Question,
    table::Table,
};

/// How long a query waits for a lock: a source is not worth blocking a business system's tables.
const LOCK_TIME_MAX: &str = "5000";

/// Ends a session whose client vanished between two statements.
const IDLE_TIME_MAX: &str = "60000";

/// Lets a server that can (from 14 on) end a query within a second after we are gone; for the whole
/// session, or for a transaction.
fn look_for_us(is_local: bool) -> String {
    format!(
        "select set_config(name, '1000', {is_local}) from pg_settings \
         where name = 'client_connection_check_interval'"
    )
}

/// What a pooler such as PgBouncer says that does not pass our limits on when a session starts.
const REFUSES_LIMITS: &str = "unsupported startup parameter";

/// What a server says when the driver looked up a type between preparing a question and asking it.
const FORGOTTEN: &str = "26000";

/// PostgreSQL counts days and microseconds from here.
const EPOCH: (i32, u32, u32) = (2000, 1, 1);

/// Decimal digits in a digit to the base 10000.
const GROUP_DIGITS: usize = 4;

/// A live PostgreSQL database.
#[derive(Debug)]
pub(crate) struct Postgres {
    options: PgConnectOptions,
    timeout: Duration,
    /// Whether sessions are shared out by a pooler: limits then hold for a transaction each.
    is_pooled: AtomicBool,
    rows_max: usize,
    pool: Pool<PgConnection>,
}

impl Postgres {
    pub(crate) fn new(server: &Server, timeout: Duration, rows_max: usize) -> Self {
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&server.host)
            .port(server.port)
            .database(&server.database)
            .username(&server.user)
            .application_name("kpid")
            .ssl_mode(match server.tls {
                Tls::Disable => PgSslMode::Disable,
                Tls::Prefer => PgSslMode::Prefer,
                Tls::Require => PgSslMode::Require,
                Tls::Verify => PgSslMode::VerifyFull,
            });
        if server.host.starts_with('/') {
            options = options.socket(&server.host);
        }
        if let Some(authority) = &server.authority {
            options = options.ssl_root_cert_from_pem(authority.clone());
        }
        // Without one the driver would take that of `PGPASSWORD`, which is meant for somebody else.
        options =
            options.password(server.password.as_ref().map_or("", |held| held.expose_secret()));
        let is_pooled = AtomicBool::new(false);
        Self { options, timeout, is_pooled, rows_max, pool: Pool::new() }
    }

    /// Asks, and reads all rows. Starts and ends of periods are bound as `timestamptz`; the
    /// session's zone is the calendar's, so that they compare rightly with columns of local days
    /// and times as well.
    pub(crate) async fn table(
        &self,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, Fault> {
        let mut connection = self.connect().await?;
        let zone = question.calendar.zone.name();
        let begun = self.begin(&mut connection, zone).await;
        begun.map_err(|error| pool::stale(&error))?;
        let mut rows = self.rows(&mut connection, query, question).await;
        if let Err(Unanswered::Driver(error)) = &rows
            && is_forgotten(error)
        {
            // By now the driver knows the types, and need not look them up.
            connection.execute("rollback").await.map_err(|error| pool::asked(&error))?;
            self.begin(&mut connection, zone).await.map_err(|error| pool::asked(&error))?;
            rows = self.rows(&mut connection, query, question).await;
        }
        let table = rows?;
        if connection.execute("rollback").await.is_ok() {
            self.pool.give(connection);
        }
        Ok(table)
    }

    /// All rows, asked for in the transaction that has begun.
    async fn rows(
        &self,
        connection: &mut PgConnection,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, Unanswered> {
        let (text, order) = query.numbered('$');
        let asked = sqlx::query(AssertSqlSafe(text)).persistent(false);
        let asked = pool::bind(asked, order, question.window, |at| at);
        pool::collect(asked.fetch(connection), self.rows_max, cell).await
    }

    /// Connects, and gets as far as a question would.
    pub(crate) async fn probe(&self, zone: Tz) -> Result<(), Fault> {
        let mut connection = self.connect().await?;
        let begun = self.begin(&mut connection, zone.name()).await;
        begun.map_err(|error| pool::asked(&error))?;
        connection.execute("select 1").await.map_err(|error| pool::asked(&error))?;
        // A pooler throws away the session of whoever leaves in the middle of a transaction.
        connection.execute("rollback").await.map_err(|error| pool::asked(&error))?;
        Ok(())
    }

    /// What else than reading its user may do, in words.
    pub(crate) async fn power(&self) -> Result<Option<String>, Fault> {
        let mut connection = self.connect().await?;
        power::of_postgres(&mut connection).await.map_err(|error| pool::asked(&error))
    }

    async fn connect(&self) -> Result<PgConnection, Fault> {
        if let Some(connection) = self.pool.take().await {
            return Ok(connection);
        }
        let opened = self.open().await.map_err(|error| pool::unreached(&error));
        let mut connection = opened?;
        if !self.is_pooled.load(Ordering::Relaxed) {
            // A server that cannot do this, or not on its platform, ends what we gave up by its own
            // time limit.
            let _ = connection.execute(AssertSqlSafe(look_for_us(false))).await;
        }
        Ok(connection)
    }

    /// A session that keeps our limits from its start, unless it is a pooler's, which says no.
    async fn open(&self) -> sqlx::Result<PgConnection> {
        if !self.is_pooled.load(Ordering::Relaxed) {
            let limits = self.limits();
            let limits = limits.iter().map(|(name, value)| (*name, value.as_str()));
            let options = self.options.clone().options(limits);
            match PgConnection::connect_with(&options).await {
                Err(sqlx::Error::Database(told)) if told.message().contains(REFUSES_LIMITS) => {
                    self.is_pooled.store(true, Ordering::Relaxed);
                }
                opened => return opened,
            }
        }
        // Numbers come in binary: their digits in text are of no account.
        let options = self.options.clone().extra_float_digits(None);
        PgConnection::connect_with(&options).await
    }

    fn limits(&self) -> [(&'static str, String); 4] {
        [
            ("statement_timeout", self.timeout.as_millis().to_string()),
            ("lock_timeout", LOCK_TIME_MAX.to_owned()),
            ("idle_in_transaction_session_timeout", IDLE_TIME_MAX.to_owned()),
            ("default_transaction_read_only", "on".to_owned()),
        ]
    }

    /// Once something was asked in it, a read-only transaction cannot be made a writing one.
    async fn begin(&self, connection: &mut PgConnection, zone: &str) -> sqlx::Result<()> {
        connection.execute("begin read only").await?;
        let mut settings = vec![("TimeZone", zone.to_owned())];
        if self.is_pooled.load(Ordering::Relaxed) {
            settings.extend(self.limits());
            connection.execute(AssertSqlSafe(look_for_us(true))).await?;
        }
        for (name, value) in settings {
            // What is prepared under a name may be asked of another session behind a pooler.
            let asked = sqlx::query("select set_config($1, $2, true)").persistent(false);
            connection.execute(asked.bind(name).bind(value)).await?;
        }
        Ok(())
    }
}

fn is_forgotten(error: &sqlx::Error) -> bool {
    let told = error.as_database_error();
    told.and_then(|told| told.code()).is_some_and(|code| code == FORGOTTEN)
}

fn cell(row: &PgRow, at: usize) -> sqlx::Result<Cell> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kind = value.type_info().name().to_owned();
    let is_enum = matches!(value.type_info().kind(), PgTypeKind::Enum(_));
    let other = || Cell::Other(format!("of the type {kind}"));
    // Read by hand where sqlx would refuse what the type can hold: NaN, infinity, 1e40.
    let bytes = match value.format() {
        PgValueFormat::Binary => value.as_bytes().unwrap_or_default(),
        PgValueFormat::Text => return Ok(other()),
    };
    Ok(match kind.as_str() {
        "BOOL" => Cell::Bool(row.try_get(at)?),
        "INT2" => Cell::Int(row.try_get::<i16, _>(at)?.into()),
        "INT4" => Cell::Int(row.try_get::<i32, _>(at)?.into()),
        "INT8" => Cell::Int(row.try_get(at)?),
        // As the server shows it: the shortest decimal that is this number.
        "FLOAT4" => {
            let value = row.try_get::<f32, _>(at)?;
            Cell::Float(decimal(&value.to_string()).unwrap_or_else(|| value.into()))
        }
        "FLOAT8" => Cell::Float(row.try_get(at)?),
        "NUMERIC" => numeric(bytes).unwrap_or_else(other),
        "OID" => Cell::Unsigned(row.try_get::<Oid, _>(at)?.0.into()),
        "MONEY" => Cell::Other("of the type MONEY (cast it to numeric)".to_owned()),
        "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "UNKNOWN" => {
            Cell::Text(row.try_get_unchecked(at)?)
        }
        // A type of an extension, in whatever schema that is.
        name if is_enum || name.rsplit('.').next() == Some("citext") => {
            Cell::Text(row.try_get_unchecked(at)?)
        }
        "JSON" => json(bytes).unwrap_or_else(other),
        "JSONB" => bytes.split_first().and_then(|(_, text)| json(text)).unwrap_or_else(other),
        "DATE" => day(bytes).map_or_else(other, Cell::Day),
        "TIMESTAMP" => instant(bytes).map_or_else(other, |at| Cell::Local(at.naive_utc())),
        "TIMESTAMPTZ" => instant(bytes).map_or_else(other, Cell::Instant),
        _ => other(),
    })
}

/// A number, text or null taken out of a document.
fn json(text: &[u8]) -> Option<Cell> {
    json::parse(str::from_utf8(text).ok()?).ok().map(|value| Cell::from(&value))
}

/// A NUMERIC in binary: digits to the base 10000, where the point is, sign, digits shown after the
/// point. Exact.
fn numeric(bytes: &[u8]) -> Option<Cell> {
    let word =
        |at: usize| Some(i16::from_be_bytes(bytes.get(2 * at..2 * at + 2)?.try_into().ok()?));
    let (count, weight, sign) = (word(0)?, word(1)?, word(2)?.cast_unsigned());
    let sign = match sign {
        0x0000 => "",
        0x4000 => "-",
        0xD000 => return Some(Cell::Float(f64::INFINITY)),
        0xF000 => return Some(Cell::Float(f64::NEG_INFINITY)),
        _ => return Some(Cell::Float(f64::NAN)),
    };
    let (count, scale) = (i32::from(count), usize::try_from(word(3)?).ok()?);
    let group = |at: i32| match usize::try_from(at) {
        Ok(place) if at < count => word(4 + place),
        // Zeros at either end are not sent.
        _ => Some(0),
    };
    let weight = i32::from(weight);
    let groups = |from: i32, to: i32| -> Option<String> {
        (from..=to).map(|at| Some(format!("{:04}", group(at)?))).collect()
    };
    let whole = groups(0, weight)?;
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let last = weight + i32::try_from(scale.div_ceil(GROUP_DIGITS)).ok()?;
    let fraction = groups(weight + 1, last)?;
    let fraction = fraction.get(..scale)?;
    let point = if fraction.is_empty() { "" } else { "." };
    Some(Cell::Text(format!("{sign}{whole}{point}{fraction}")))
}

/// A DATE in binary; none of infinity and of years beyond ours.
fn day(bytes: &[u8]) -> Option<NaiveDate> {
    let days = i32::from_be_bytes(bytes.try_into().ok()?);
    let (year, month, day) = EPOCH;
    let epoch = NaiveDate::from_ymd_opt(year, month, day)?;
    let count = Days::new(days.unsigned_abs().into());
    if days < 0 { epoch.checked_sub_days(count) } else { epoch.checked_add_days(count) }
}

/// A TIMESTAMP or TIMESTAMPTZ in binary; none of infinity.
fn instant(bytes: &[u8]) -> Option<DateTime<chrono::Utc>> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    let (year, month, day) = EPOCH;
    let epoch = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)?.and_utc();
    epoch.checked_add_signed(TimeDelta::microseconds(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the server would send it.
    fn sent(weight: i16, sign: u16, scale: i16, digits: &[i16]) -> Vec<u8> {
        let head = [digits.len() as i16, weight, sign.cast_signed(), scale];
        head.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn a_numeric_is_read_exactly() {
        for (bytes, value) in [
            (sent(0, 0, 0, &[]), Some("0")),
            (sent(0, 0, 2, &[]), Some("0.00")),
            (sent(0, 0, 1, &[1, 5000]), Some("1.5")),
            (sent(0, 0x4000, 2, &[41, 2500]), Some("-41.25")),
            (sent(-1, 0, 1, &[1000]), Some("0.1")),
            (sent(-2, 0, 8, &[12]), Some("0.00000012")),
            (sent(1, 0, 0, &[12]), Some("120000")),
            (sent(1, 0, 6, &[12, 3456, 7890, 1200]), Some("123456.789012")),
            (sent(4, 0, 0, &[1234, 5678, 9012, 3456, 7890]), Some("12345678901234567890")),
            (vec![0], None),
        ] {
            let expected = value.map(|text| Cell::Text(text.to_owned()));
            assert_eq!(numeric(&bytes), expected, "{bytes:?}");
        }
        assert_eq!(numeric(&sent(0, 0xD000, 0, &[])), Some(Cell::Float(f64::INFINITY)));
        let nan = numeric(&sent(0, 0xC000, 0, &[]));
        assert!(matches!(nan, Some(Cell::Float(value)) if value.is_nan()));
    }

    #[test]
    fn days_and_instants_beyond_ours_are_none() {
        assert_eq!(day(&0_i32.to_be_bytes()), NaiveDate::from_ymd_opt(2000, 1, 1));
        assert_eq!(day(&(-1_i32).to_be_bytes()), NaiveDate::from_ymd_opt(1999, 12, 31));
        assert_eq!(day(&i32::MAX.to_be_bytes()), None);
        assert_eq!(instant(&i64::MAX.to_be_bytes()), None);
        assert_eq!(instant(&i64::MIN.to_be_bytes()), None);
        assert!(instant(&0_i64.to_be_bytes()).is_some());
    }
}
