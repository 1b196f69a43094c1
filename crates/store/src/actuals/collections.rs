//! The tables `collections` and `misses`: how collecting each KPI goes, and what was left out.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, SqliteConnection};

use crate::{
    actuals::{
        attempts::Newest,
        collected::{Attempt, Collected},
        outcome::AttemptOutcome,
    },
    database::{
        columns::{instant, kpi_ref},
        failure::Explain,
        store::Store,
    },
};
use kpid_rules::{
    model::KpiRef,
    series::{Asked, Failure, History, KpiHistory},
};

/// Up to where a KPI's schedule has been served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSlot {
    /// The newest instant served.
    pub slot: DateTime<Utc>,
    /// How many instants nobody served, in all.
    pub missed: u64,
}

impl Store {
    /// The last slot served of every KPI.
    pub async fn last_slots(&self) -> anyhow::Result<HashMap<KpiRef, LastSlot>> {
        let mut connection = self.read().await?;
        last_slots(&mut connection).await
    }

    /// How many instants of schedules nobody served, by KPI, as noticed from a day (of UTC) on.
    pub async fn missed(&self, since: NaiveDate) -> anyhow::Result<HashMap<KpiRef, u64>> {
        missed(&mut *self.read().await?, since).await
    }
}

/// The attempts among what was collected.
pub(crate) fn attempts(collected: &[Collected]) -> Vec<(&KpiRef, &Attempt)> {
    collected.iter().filter_map(|of| Some((&of.kpi, of.attempt.as_ref()?))).collect()
}

/// Notes attempts, all in one statement: there is one for every reading.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    attempts: &[(&KpiRef, &Attempt)],
) -> anyhow::Result<()> {
    let sql = "INSERT INTO collections (kpi, last_slot, missed, finished_at, outcome, message) \
               SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 \
               FROM json_each($1) WHERE true \
               ON CONFLICT (kpi) DO UPDATE SET \
               last_slot = max(collections.last_slot, excluded.last_slot), \
               missed = collections.missed + excluded.missed, \
               finished_at = excluded.finished_at, outcome = excluded.outcome, \
               message = excluded.message";
    let rows: Vec<_> = attempts
        .iter()
        .map(|(kpi, attempt)| {
            // A person's pull says nothing of what the schedule served.
            let slot = attempt.slot.map_or(0, |slot| slot.timestamp_micros());
            let missed = i64::try_from(attempt.missed).unwrap_or(i64::MAX);
            let finished_at = attempt.finished_at.timestamp_micros();
            let word = attempt.outcome.word();
            (kpi.to_string(), slot, missed, finished_at, word, attempt.message.as_deref())
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let noted = sqlx::query(sql).bind(serde_json::to_string(&rows)?).execute(&mut *tx).await;
    noted.explain("cannot write an attempt")?;
    for (kpi, attempt) in attempts.iter().filter(|(_, attempt)| attempt.missed > 0) {
        note_missed(tx, kpi, attempt).await?;
    }
    Ok(())
}

async fn note_missed(
    tx: &mut SqliteConnection,
    kpi: &KpiRef,
    attempt: &Attempt,
) -> anyhow::Result<()> {
    let sql = "INSERT INTO misses (kpi, day, missed) VALUES ($1, $2, $3) \
               ON CONFLICT (kpi, day) DO UPDATE SET missed = misses.missed + excluded.missed";
    sqlx::query(sql)
        .bind(kpi.to_string())
        .bind(attempt.finished_at.date_naive().to_string())
        .bind(i64::try_from(attempt.missed).unwrap_or(i64::MAX))
        .execute(tx)
        .await
        .explain("cannot store a missed run")?;
    Ok(())
}

/// How many instants of schedules nobody served, by KPI, as noticed from a day (of UTC) on.
pub(crate) async fn missed(
    connection: &mut SqliteConnection,
    since: NaiveDate,
) -> anyhow::Result<HashMap<KpiRef, u64>> {
    // Added up here: a GROUP BY would read the misses of all days in the order of the KPIs.
    let sql = "SELECT kpi, missed FROM misses WHERE day >= $1";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql)
        .bind(since.to_string())
        .fetch_all(connection)
        .await
        .explain("cannot read missed runs")?;
    let mut counts = HashMap::new();
    for (kpi, missed) in rows {
        *counts.entry(kpi_ref(&kpi)?).or_default() += missed.unsigned_abs();
    }
    Ok(counts)
}

/// What a judgement sees of an attempt: as `load` reads it once it was written.
pub(crate) fn take_in(attempt: &Attempt, held: &mut KpiHistory) {
    let at = attempt.finished_at;
    held.failure = (attempt.outcome != AttemptOutcome::Samples)
        .then(|| Failure { at, message: said(attempt.message.clone()) });
    // A person's pull serves no slot.
    let served = held.asked.map(|asked| asked.slot).max(attempt.slot);
    held.asked = served.map(|slot| Asked { slot, over_at: at });
}

fn said(message: Option<String>) -> String {
    message.unwrap_or_else(|| "the source gave nothing".to_owned())
}

/// Loads how the newest attempts went: why they gave nothing, and what the schedule asked for.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    kpis: &str,
    history: &mut History,
) -> anyhow::Result<()> {
    let sql = "SELECT kpi, last_slot, finished_at, outcome, message FROM collections \
               WHERE kpi IN (SELECT value FROM json_each($1))";
    let rows: Vec<AttemptRow> = sqlx::query_as(sql)
        .bind(kpis)
        .fetch_all(connection)
        .await
        .explain("cannot read attempts")?;
    for row in rows {
        let (held, at) = (history.kpi_mut(&kpi_ref(&row.kpi)?), instant(row.finished_at)?);
        if AttemptOutcome::parse(&row.outcome)? != AttemptOutcome::Samples {
            held.failure = Some(Failure { at, message: said(row.message) });
        }
        // A person's pull serves no slot.
        if row.last_slot > 0 {
            held.asked = Some(Asked { slot: instant(row.last_slot)?, over_at: at });
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct AttemptRow {
    kpi: String,
    last_slot: i64,
    finished_at: i64,
    outcome: String,
    message: Option<String>,
}

impl Store {
    /// The last attempts of a KPI that went otherwise than the one before, the newest first. The store
    /// notes them by itself, ten of each.
    pub async fn attempts_of(&self, kpi: &KpiRef) -> anyhow::Result<Vec<Newest>> {
        let sql = "SELECT at, CASE outcome WHEN $1 THEN coalesce(message, '') END FROM attempts \
                   WHERE kpi = $2 ORDER BY at DESC";
        let rows: Vec<(i64, Option<String>)> = sqlx::query_as(sql)
            .bind(AttemptOutcome::Error.word())
            .bind(kpi.to_string())
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read attempts")?;
        let newest = |(at, failure)| Ok(Newest { finished_at: instant(at)?, failure });
        rows.into_iter().map(newest).collect()
    }
}

/// How the newest attempts to collect all KPIs went.
pub(crate) async fn newest(
    connection: &mut SqliteConnection,
) -> anyhow::Result<HashMap<KpiRef, Newest>> {
    let sql = "SELECT kpi, finished_at, CASE outcome WHEN $1 THEN coalesce(message, '') END \
               FROM collections";
    let rows = sqlx::query_as(sql).bind(AttemptOutcome::Error.word()).fetch_all(connection).await;
    by_kpi(rows.explain("cannot read attempts")?)
}

/// How the newest attempts to collect KPIs went that are named in a JSON list.
pub(crate) async fn newest_of(
    connection: &mut SqliteConnection,
    kpis: &str,
) -> anyhow::Result<HashMap<KpiRef, Newest>> {
    let sql = "SELECT kpi, finished_at, CASE outcome WHEN $1 THEN coalesce(message, '') END \
               FROM collections WHERE kpi IN (SELECT value FROM json_each($2))";
    let rows = sqlx::query_as(sql).bind(AttemptOutcome::Error.word()).bind(kpis);
    by_kpi(rows.fetch_all(connection).await.explain("cannot read attempts")?)
}

fn by_kpi(rows: Vec<(String, i64, Option<String>)>) -> anyhow::Result<HashMap<KpiRef, Newest>> {
    let attempt = |(kpi, finished_at, failure): (String, i64, Option<String>)| {
        Ok((kpi_ref(&kpi)?, Newest { finished_at: instant(finished_at)?, failure }))
    };
    rows.into_iter().map(attempt).collect()
}

/// Up to where every KPI's schedule has been served.
pub(crate) async fn last_slots(
    connection: &mut SqliteConnection,
) -> anyhow::Result<HashMap<KpiRef, LastSlot>> {
    let sql = "SELECT kpi, last_slot, missed FROM collections WHERE last_slot > 0";
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as(sql).fetch_all(connection).await.explain("cannot read the slots served")?;
    let slot = |(kpi, slot, missed): (String, i64, i64)| {
        Ok((kpi_ref(&kpi)?, LastSlot { slot: instant(slot)?, missed: missed.unsigned_abs() }))
    };
    rows.into_iter().map(slot).collect()
}
