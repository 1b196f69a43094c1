//! Old rows, removed a few at a time, and the tables `removed` and `sweeps`, which keep
//! what they added up to. What may go is decided elsewhere; what something still leans on is not
//! found here.

use std::{collections::BTreeMap, ops::Range};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::{
    audit::{self, AuditEntry},
    database::{
        columns::{instant, kpi_ref},
        failure::Explain,
        store::Store,
    },
    episodes::episode,
    families::changes::{self, Changed},
    outbox::state::DeliveryState::{Batched, Held, Pending},
};

/// Rows of one transaction: a few milliseconds, for which a judgement can wait.
const ROWS_AT_ONCE: u32 = 500;

/// Raw readings that one transaction looks at: they are small, and lie side by side.
const READINGS_AT_ONCE: u32 = 2_000;

/// Threads of deliveries of one transaction: some rows each, with large texts.
const THREADS_AT_ONCE: u32 = 50;

/// Rows that are old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Old<'a> {
    /// Counts of missed instants of the days before one.
    Misses(NaiveDate),
    /// What people did before an instant.
    AuditEntries(DateTime<Utc>),
    /// What happened to episodes that were over and silent before an instant, but for the newest
    /// of each node.
    Events(DateTime<Utc>),
    /// Threads of deliveries in which all is settled since before an instant, but for that of the
    /// newest episode of each node: its later messages belong to them.
    Deliveries(DateTime<Utc>),
    /// The verdicts on the nodes of a scorecard in a span of time but for the last of each.
    Verdicts(&'a str, Range<DateTime<Utc>>),
    /// Revisions of a KPI's actuals that came before an instant and were superseded twice; the
    /// first of each period stays, which says what was reported then.
    Revisions(&'a str, DateTime<Utc>),
}

/// Which raw readings are old: those that were observed before an instant. Where there is none, none
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldReadings {
    /// Of those that make an actual together; they go once their period takes no more.
    pub combined: Option<DateTime<Utc>>,
    /// Of those of a level.
    pub of_levels: Option<DateTime<Utc>>,
}

/// What of a table is gone, in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The table.
    pub name: String,
    /// A delivery's state, a entry's action, an event's word; else nothing.
    pub kind: String,
    /// How many.
    pub count: u64,
}

const OF_AUDIT: &str = "DELETE FROM audit WHERE id IN \
    (SELECT id FROM audit WHERE at < $1 ORDER BY id LIMIT $2) RETURNING at, action";

const OF_EVENTS: &str = "DELETE FROM episode_events WHERE (scope, number, sequence) IN \
    (SELECT scope, number, sequence FROM episode_events AS old WHERE at < $1 \
     AND number < (SELECT max(number) FROM episode_events AS newest \
                   WHERE newest.scope = old.scope) \
     AND NOT EXISTS (SELECT 1 FROM episode_events AS later \
                     WHERE later.scope = old.scope AND later.number = old.number \
                     AND later.at >= $1) \
     LIMIT $2) RETURNING at, event";

/// What of a table is gone, in words: by kind, and nothing where nothing is.
pub fn removed_words(removed: &[Removed], table: &str) -> Option<String> {
    let of = removed.iter().filter(|removed| removed.name == table);
    let parts: Vec<String> =
        of.map(|removed| format!("{} {}", removed.count, removed.kind.replace('_', " "))).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// How many went, by month and kind.
type Sums = BTreeMap<(String, String), u64>;

impl Store {
    /// Removes some of what is old, in one short transaction, and keeps its sums. None are left
    /// when it removed none.
    pub async fn remove_some(&self, old: &Old<'_>) -> anyhow::Result<u64> {
        match old {
            Old::Misses(before) => self.remove_misses(*before).await,
            Old::AuditEntries(before) => self.remove("audit", OF_AUDIT, *before).await,
            Old::Events(before) => self.remove("episode_events", OF_EVENTS, *before).await,
            Old::Deliveries(before) => self.remove_deliveries(*before).await,
            Old::Verdicts(scorecard, within) => {
                self.remove_verdicts(scorecard, within.clone()).await
            }
            Old::Revisions(kpi, before) => self.remove_revisions(kpi, *before).await,
        }
    }

    async fn remove_misses(&self, before: NaiveDate) -> anyhow::Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM misses WHERE (kpi, day) IN \
                   (SELECT kpi, day FROM misses WHERE day < $1 LIMIT $2) RETURNING day, missed";
        let gone = sqlx::query_as(sql).bind(before.to_string()).bind(ROWS_AT_ONCE);
        let gone: Vec<(String, i64)> =
            gone.fetch_all(&mut *tx).await.explain("cannot remove old missed runs")?;
        let mut sums = Sums::new();
        for (day, missed) in &gone {
            let month = day.get(..7).unwrap_or(day);
            *sums.entry((month.to_owned(), String::new())).or_default() += missed.unsigned_abs();
        }
        keep_sums(&mut tx, "misses", &sums).await?;
        tx.commit().await.explain("cannot remove old missed runs")?;
        Ok(rows(&gone))
    }

    async fn remove(
        &self,
        table: &'static str,
        sql: &'static str,
        before: DateTime<Utc>,
    ) -> anyhow::Result<u64> {
        let what = || format!("cannot remove old rows of `{table}`");
        let mut tx = self.begin().await?;
        let gone = sqlx::query_as(sql).bind(before.timestamp_micros()).bind(ROWS_AT_ONCE);
        let gone: Vec<(i64, String)> = gone.fetch_all(&mut *tx).await.explain(what())?;
        keep_sums(&mut tx, table, &summed(&gone)?).await?;
        tx.commit().await.explain(what())?;
        Ok(rows(&gone))
    }

    async fn remove_deliveries(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let mut tx = self.begin().await?;
        let newest = episode::load(&mut tx).await?;
        let newest: Vec<String> =
            newest.iter().map(|(scope, episode)| episode.dedup_key(scope)).collect();
        // A thread goes as a whole: what is left of one would not know what overtook it.
        let sql = format!(
            "DELETE FROM deliveries WHERE dedup_key IN \
             (SELECT DISTINCT dedup_key FROM deliveries AS old WHERE old.settled_at < $1 \
              AND old.dedup_key NOT IN (SELECT value FROM json_each($3)) \
              AND NOT EXISTS (SELECT 1 FROM deliveries AS other \
                              WHERE other.dedup_key = old.dedup_key \
                              AND (other.settled_at IS NULL OR other.settled_at >= $1 \
                                   OR other.state IN ('{Pending}', '{Held}', '{Batched}'))) \
              LIMIT $2) RETURNING written_at, state"
        );
        let gone: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(before.timestamp_micros())
            .bind(THREADS_AT_ONCE)
            .bind(serde_json::to_string(&newest)?)
            .fetch_all(&mut *tx)
            .await
            .explain("cannot remove old deliveries")?;
        keep_sums(&mut tx, "deliveries", &summed(&gone)?).await?;
        tx.commit().await.explain("cannot remove old deliveries")?;
        Ok(rows(&gone))
    }

    /// The scorecards that have been judged, and when each was first.
    pub async fn first_judged(&self) -> anyhow::Result<Vec<(String, DateTime<Utc>)>> {
        let sql = "SELECT scorecard, min(started_at) FROM judging GROUP BY scorecard";
        let first: Vec<(String, i64)> = sqlx::query_as(sql)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read verdicts")?;
        first.into_iter().map(|(scorecard, at)| Ok((scorecard, instant(at)?))).collect()
    }

    async fn remove_verdicts(
        &self,
        scorecard: &str,
        within: Range<DateTime<Utc>>,
    ) -> anyhow::Result<u64> {
        let what = "cannot remove old verdicts";
        let mut tx = self.begin().await?;
        let mut gone: Vec<(i64, String)> = Vec::new();
        for table in ["verdicts", "measures"] {
            let sql = format!(
                "DELETE FROM {table} WHERE (node, at) IN (SELECT old.node, old.at FROM nodes \
                 JOIN {table} AS old ON old.node = nodes.id AND old.at >= $2 AND old.at < $3 \
                 WHERE scorecard = $1 AND EXISTS (SELECT 1 FROM {table} AS later \
                   WHERE later.node = old.node AND later.at > old.at AND later.at < $3) \
                 LIMIT $4) RETURNING at, ''"
            );
            let removed: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
                .bind(scorecard)
                .bind(within.start.timestamp_micros())
                .bind(within.end.timestamp_micros())
                .bind(ROWS_AT_ONCE)
                .fetch_all(&mut *tx)
                .await
                .explain(what)?;
            gone.extend(removed);
        }
        keep_sums(&mut tx, "verdicts", &summed(&gone)?).await?;
        tx.commit().await.explain(what)?;
        Ok(rows(&gone))
    }

    /// The periods of KPIs that have raw readings: number, KPI and period.
    pub async fn reading_periods(&self) -> anyhow::Result<Vec<(i64, String, String)>> {
        let sql = "SELECT id, kpi, period FROM reading_periods WHERE NOT is_thinned";
        let periods = sqlx::query_as(sql).fetch_all(&mut *self.read().await?).await;
        periods.explain("cannot read the periods of readings")
    }

    /// From now on, these periods take no more readings, and those that they have may go.
    pub async fn thin(&self, periods: &[i64]) -> anyhow::Result<()> {
        let sql = "UPDATE reading_periods SET is_thinned = 1, combination = NULL \
                   WHERE id IN (SELECT value FROM json_each($1))";
        let thinned = sqlx::query(sql).bind(serde_json::to_string(periods)?);
        thinned.execute(&self.pool).await.explain("cannot close periods to further readings")?;
        Ok(())
    }

    /// Looks at some of the raw readings from an instant on, in one short transaction, and removes those
    /// that are old. How many went, and from where on to look next, if there are more.
    pub async fn remove_readings(
        &self,
        from: DateTime<Utc>,
        old: OldReadings,
    ) -> anyhow::Result<(u64, Option<DateTime<Utc>>)> {
        let what = "cannot remove old readings";
        let Some(end) = old.combined.max(old.of_levels) else { return Ok((0, None)) };
        let (start, end) = (from.timestamp_micros(), end.timestamp_micros());
        let mut tx = self.begin().await?;
        let sql = "SELECT max(at) FROM (SELECT at FROM readings WHERE at >= $1 AND at < $2 \
                                        ORDER BY at LIMIT $3)";
        let last = sqlx::query_as(sql).bind(start).bind(end).bind(READINGS_AT_ONCE);
        let (last,): (Option<i64>,) = last.fetch_one(&mut *tx).await.explain(what)?;
        let Some(last) = last else { return Ok((0, None)) };
        // One of several that make an actual has a delay.
        let sql = "DELETE FROM readings WHERE at >= $1 AND at <= $2 \
                   AND (delay IS NULL AND at < $4 OR delay IS NOT NULL AND at < $3 AND EXISTS \
                   (SELECT 1 FROM reading_periods WHERE id = readings.period AND is_thinned)) \
                   RETURNING at, ''";
        let micros = |before: Option<DateTime<Utc>>| before.map(|at| at.timestamp_micros());
        let gone = sqlx::query_as(sql).bind(start).bind(last);
        let gone = gone.bind(micros(old.combined)).bind(micros(old.of_levels));
        let gone: Vec<(i64, String)> = gone.fetch_all(&mut *tx).await.explain(what)?;
        keep_sums(&mut tx, "readings", &summed(&gone)?).await?;
        tx.commit().await.explain(what)?;
        Ok((rows(&gone), Some(instant(last.saturating_add(1))?)))
    }

    /// The first KPI with actuals after another, in the order of the store.
    pub async fn actuals_after(&self, kpi: &str) -> anyhow::Result<Option<String>> {
        let sql = "SELECT kpi FROM actuals WHERE kpi > $1 ORDER BY kpi LIMIT 1";
        let next: Option<(String,)> = sqlx::query_as(sql)
            .bind(kpi)
            .fetch_optional(&mut *self.read().await?)
            .await
            .explain("cannot read actuals")?;
        Ok(next.map(|(kpi,)| kpi))
    }

    async fn remove_revisions(&self, kpi: &str, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM actuals WHERE kpi = $1 AND (period, revision) IN \
                   (SELECT period, revision FROM actuals AS old \
                    WHERE old.kpi = $1 AND old.collected_at < $2 AND EXISTS \
                    (SELECT 1 FROM actuals AS first WHERE first.kpi = $1 \
                     AND first.period = old.period AND first.revision < old.revision) \
                    AND (SELECT count(*) FROM actuals AS later WHERE later.kpi = $1 \
                         AND later.period = old.period AND later.revision > old.revision) > 1 \
                    LIMIT $3) RETURNING collected_at, ''";
        let gone: Vec<(i64, String)> = sqlx::query_as(sql)
            .bind(kpi)
            .bind(before.timestamp_micros())
            .bind(ROWS_AT_ONCE)
            .fetch_all(&mut *tx)
            .await
            .explain("cannot remove superseded revisions")?;
        keep_sums(&mut tx, "revisions", &summed(&gone)?).await?;
        if !gone.is_empty() {
            // Whoever holds them in memory lets go of them, too.
            changes::note(&mut tx, &[Changed::Figures(kpi_ref(kpi)?)].into()).await?;
        }
        tx.commit().await.explain("cannot remove superseded revisions")?;
        Ok(rows(&gone))
    }

    /// When old rows were last looked for.
    pub async fn swept_at(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        let row: Option<(i64,)> = sqlx::query_as("SELECT swept_at FROM sweeps")
            .fetch_optional(&mut *self.read().await?)
            .await
            .explain("cannot read when old rows were removed")?;
        row.map(|(at,)| instant(at)).transpose()
    }

    /// Old rows were looked for, and this was done about them.
    pub async fn swept(
        &self,
        now: DateTime<Utc>,
        entry: Option<&AuditEntry>,
    ) -> anyhow::Result<()> {
        let what = "cannot write when old rows were removed";
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO sweeps (id, swept_at) VALUES (1, $1) \
                   ON CONFLICT (id) DO UPDATE SET swept_at = excluded.swept_at";
        sqlx::query(sql).bind(now.timestamp_micros()).execute(&mut *tx).await.explain(what)?;
        if let Some(entry) = entry {
            audit::record(&mut tx, entry).await?;
        }
        tx.commit().await.explain(what)
    }

    /// What is gone, by table and kind.
    pub async fn removed(&self) -> anyhow::Result<Vec<Removed>> {
        let sql = "SELECT name, kind, sum(count) FROM removed GROUP BY name, kind \
                   ORDER BY name, kind";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(sql)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read what was removed")?;
        let removed = rows.into_iter();
        Ok(removed
            .map(|(name, kind, count)| Removed { name, kind, count: count.unsigned_abs() })
            .collect())
    }
}

async fn keep_sums(tx: &mut SqliteConnection, name: &str, sums: &Sums) -> anyhow::Result<()> {
    let sql = "INSERT INTO removed (name, month, kind, count) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (name, month, kind) DO UPDATE SET count = removed.count + excluded.count";
    for ((month, kind), count) in sums {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        let kept = sqlx::query(sql).bind(name).bind(month).bind(kind).bind(count);
        kept.execute(&mut *tx).await.explain("cannot keep the sum of what is removed")?;
    }
    Ok(())
}

fn summed(gone: &[(i64, String)]) -> anyhow::Result<Sums> {
    let mut sums = Sums::new();
    for (at, kind) in gone {
        *sums.entry((month(*at)?, kind.clone())).or_default() += 1;
    }
    Ok(sums)
}

fn month(at: i64) -> anyhow::Result<String> {
    Ok(instant(at)?.format("%Y-%m").to_string())
}

fn rows<T>(gone: &[T]) -> u64 {
    u64::try_from(gone.len()).unwrap_or(u64::MAX)
}
