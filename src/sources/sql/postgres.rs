//! PostgreSQL as a source: each question in a read-only transaction of its own, in the calendar's
//! zone, with a time limit that the server keeps.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, Row, TypeInfo, ValueRef,
    postgres::{PgConnectOptions, PgRow, PgSslMode, PgValueFormat},
};

use super::{
    Query, Server, Tls,
    pool::{self, Pool},
};
use crate::sources::{
    Question,
    cell::{Cell, decimal},
    parameter::Parameter,
    table::Table,
};

/// How long a query waits for a lock: a source is not worth blocking a business system's tables.
const LOCK_TIME_MAX: &str = "5000";

/// Ends a session whose client vanished between two statements.
const IDLE_TIME_MAX: &str = "60000";

/// PostgreSQL counts days and microseconds from here.
const EPOCH: (i32, u32, u32) = (2000, 1, 1);

/// A live PostgreSQL database.
#[derive(Debug)]
pub(in crate::sources) struct Postgres {
    options: PgConnectOptions,
    rows_max: usize,
    pool: Pool<PgConnection>,
}

impl Postgres {
    pub(in crate::sources) fn new(server: &Server, timeout: Duration, rows_max: usize) -> Self {
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
            })
            .options([
                ("statement_timeout", timeout.as_millis().to_string().as_str()),
                ("lock_timeout", LOCK_TIME_MAX),
                ("idle_in_transaction_session_timeout", IDLE_TIME_MAX),
                ("default_transaction_read_only", "on"),
            ]);
        if server.host.starts_with('/') {
            options = options.socket(&server.host);
        }
        if let Some(password) = &server.password {
            options = options.password(password.expose_secret());
        }
        Self { options, rows_max, pool: Pool::new() }
    }

    /// Asks, and reads all rows. Starts and ends of periods are bound as `timestamptz`; the
    /// session's zone is the calendar's, so that they compare rightly with columns of local days
    /// and times as well.
    pub(in crate::sources) async fn table(
        &self,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, String> {
        let mut connection = self.connect().await?;
        begin(&mut connection, question.calendar.zone.name())
            .await
            .map_err(|error| pool::words(&error))?;
        let (text, order) = query.numbered('$');
        let mut asked = sqlx::query(AssertSqlSafe(text)).persistent(false);
        let window = question.window;
        for parameter in order {
            asked = match parameter {
                Parameter::Key => asked.bind(window.period.to_string()),
                Parameter::Start => asked.bind(window.start),
                Parameter::End => asked.bind(window.end),
                Parameter::FirstDay => asked.bind(window.first_day),
                Parameter::LastDay => asked.bind(window.last_day),
            };
        }
        let table = pool::collect(asked.fetch(&mut connection), self.rows_max, cell).await?;
        if connection.execute("rollback").await.is_ok() {
            self.pool.give(connection);
        }
        Ok(table)
    }

    /// Connects and asks for nothing.
    pub(in crate::sources) async fn probe(&self) -> Result<(), String> {
        let mut connection = self.connect().await?;
        connection.execute("select 1").await.map_err(|error| pool::words(&error))?;
        Ok(())
    }

    async fn connect(&self) -> Result<PgConnection, String> {
        if let Some(connection) = self.pool.take().await {
            return Ok(connection);
        }
        PgConnection::connect_with(&self.options).await.map_err(|error| pool::unreached(&error))
    }
}

/// Once something was asked in it, a read-only transaction cannot be made a writing one.
async fn begin(connection: &mut PgConnection, zone: &str) -> sqlx::Result<()> {
    connection.execute("begin read only").await?;
    let asked = sqlx::query("select set_config('TimeZone', $1, true)").bind(zone.to_owned());
    connection.execute(asked).await?;
    Ok(())
}

fn cell(row: &PgRow, at: usize) -> sqlx::Result<Cell> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kind = value.type_info().name().to_owned();
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
        "NUMERIC" => numeric(bytes).map_or_else(other, Cell::Float),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => Cell::Text(row.try_get_unchecked(at)?),
        "DATE" => day(bytes).map_or_else(other, Cell::Day),
        "TIMESTAMP" => instant(bytes).map_or_else(other, |at| Cell::Local(at.naive_utc())),
        "TIMESTAMPTZ" => instant(bytes).map_or_else(other, Cell::Instant),
        _ => other(),
    })
}

/// A NUMERIC in binary: digits to the base 10000, where the point is, sign; to the nearest `f64`.
fn numeric(bytes: &[u8]) -> Option<f64> {
    let word =
        |at: usize| Some(i16::from_be_bytes(bytes.get(2 * at..2 * at + 2)?.try_into().ok()?));
    let (count, weight, sign) = (word(0)?, word(1)?, word(2)?.cast_unsigned());
    let sign = match sign {
        0x0000 => "",
        0x4000 => "-",
        0xD000 => return Some(f64::INFINITY),
        0xF000 => return Some(f64::NEG_INFINITY),
        _ => return Some(f64::NAN),
    };
    let mut text = format!("{sign}0");
    for at in 0..usize::try_from(count).ok()? {
        text.push_str(&format!("{:04}", word(4 + at)?));
    }
    let exponent = 4 * (i32::from(weight) + 1 - i32::from(count));
    format!("{text}e{exponent}").parse().ok()
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
    fn sent(weight: i16, sign: u16, digits: &[i16]) -> Vec<u8> {
        let head = [digits.len() as i16, weight, sign.cast_signed(), 0];
        head.iter().chain(digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn a_numeric_is_read_to_the_nearest() {
        for (bytes, value) in [
            (sent(0, 0, &[]), Some(0.0)),
            (sent(0, 0, &[1, 5000]), Some(1.5)),
            (sent(0, 0x4000, &[41, 2500]), Some(-41.25)),
            (sent(-1, 0, &[1000]), Some(0.1)),
            (sent(10, 0, &[1]), Some(1e40)),
            (sent(0, 0xD000, &[]), Some(f64::INFINITY)),
            (vec![0], None),
        ] {
            assert_eq!(numeric(&bytes), value, "{bytes:?}");
        }
        assert!(numeric(&sent(0, 0xC000, &[])).is_some_and(f64::is_nan));
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
