//! The tables `readings` and `thinned`: raw readings by period, and the periods whose readings are
//! gone.

use sqlx::{FromRow, SqliteConnection};

use crate::{
    actuals::{
        collected::{Filed, FilingOutcome},
        figures::{figure, parts},
    },
    database::{columns::instant, failure::Explain},
};
use kpid_rules::{
    model::{KpiRef, Period},
    series::Reading,
};

/// Keeps a reading unless it is there; what became of it, and all readings of its period.
pub(crate) async fn keep(
    tx: &mut SqliteConnection,
    kpi: &KpiRef,
    filed: &Filed,
) -> anyhow::Result<(FilingOutcome, Vec<Reading>)> {
    let mut readings = readings(tx, kpi, filed.period).await?;
    let Filed { observed_at, collected_at, figure, .. } = *filed;
    let reading = Reading { observed_at, collected_at, figure };
    let came = match readings.iter_mut().find(|held| held.observed_at == observed_at) {
        Some(held) if held.figure == figure => return Ok((FilingOutcome::Unchanged, readings)),
        Some(held) => {
            *held = reading;
            FilingOutcome::Revised
        }
        None => {
            readings.push(reading);
            FilingOutcome::New
        }
    };
    write(tx, kpi, filed).await?;
    Ok((came, readings))
}

async fn write(tx: &mut SqliteConnection, kpi: &KpiRef, filed: &Filed) -> anyhow::Result<()> {
    let (value, numerator, denominator) = parts(filed.figure);
    let sql = "INSERT INTO readings \
               (kpi, period, observed_at, collected_at, value, numerator, denominator) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) \
               ON CONFLICT (kpi, period, observed_at) DO UPDATE SET \
               collected_at = excluded.collected_at, value = excluded.value, \
               numerator = excluded.numerator, denominator = excluded.denominator";
    sqlx::query(sql)
        .bind(kpi.to_string())
        .bind(filed.period.to_string())
        .bind(filed.observed_at.timestamp_micros())
        .bind(filed.collected_at.timestamp_micros())
        .bind(value)
        .bind(numerator)
        .bind(denominator)
        .execute(tx)
        .await
        .explain("cannot write a reading")?;
    Ok(())
}

async fn readings(
    tx: &mut SqliteConnection,
    kpi: &KpiRef,
    period: Period,
) -> anyhow::Result<Vec<Reading>> {
    let sql = "SELECT observed_at, collected_at, value, numerator, denominator \
               FROM readings WHERE kpi = $1 AND period = $2 ORDER BY observed_at";
    let rows: Vec<ReadingRow> = sqlx::query_as(sql)
        .bind(kpi.to_string())
        .bind(period.to_string())
        .fetch_all(tx)
        .await
        .explain("cannot read readings")?;
    let reading = |row: ReadingRow| {
        Ok(Reading {
            observed_at: instant(row.observed_at)?,
            collected_at: instant(row.collected_at)?,
            figure: figure(row.value, row.numerator, row.denominator)?,
        })
    };
    rows.into_iter().map(reading).collect()
}

#[derive(FromRow)]
struct ReadingRow {
    observed_at: i64,
    collected_at: i64,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
}

/// Whether the raw readings of a period are gone: a late one alone would make another figure.
pub(crate) async fn is_thinned(
    connection: &mut SqliteConnection,
    kpi: &KpiRef,
    period: Period,
) -> anyhow::Result<bool> {
    let sql = "SELECT count(*) FROM thinned WHERE kpi = $1 AND period = $2";
    let (count,): (i64,) = sqlx::query_as(sql)
        .bind(kpi.to_string())
        .bind(period.to_string())
        .fetch_one(connection)
        .await
        .explain("cannot read which periods are closed to readings")?;
    Ok(count > 0)
}
