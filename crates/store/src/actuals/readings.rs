//! The tables `readings` and `reading_periods`: raw readings in the order of time, and the periods
//! that they are of: by number, with what they come to, and whether they are gone.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use crate::{
    actuals::collected::{Collected, Filed, Filing, FilingOutcome, Precedence},
    database::{
        columns::{instant, unsigned},
        failure::Explain,
    },
};
use kpid_rules::{
    model::{KpiRef, Period},
    series::{Combination, Figure, Reading, RunningTotal},
};

/// Rows of one statement; times the columns below SQLite's limit of 32,766 parameters.
const ROWS_AT_ONCE: usize = 1_000;

/// The periods that readings are of, by KPI and period as the store names them.
pub(crate) struct ReadingPeriods(HashMap<(String, String), ReadingPeriod>);

/// A period that readings are of.
#[derive(Clone, Debug)]
pub(crate) struct ReadingPeriod {
    id: i64,
    /// Whether its raw readings are gone: a late one alone would make another figure.
    pub(crate) is_thinned: bool,
    /// What its readings come to, and by which combination.
    total: Option<(String, RunningTotal)>,
    /// Whether that is to be written.
    is_changed: bool,
}

#[derive(FromRow)]
struct PeriodRow {
    id: i64,
    kpi: String,
    period: String,
    is_thinned: bool,
    combination: Option<String>,
    count: Option<i64>,
    newest_at: Option<i64>,
    newest: Option<f64>,
    denominator: Option<f64>,
    sum: Option<f64>,
    denominators: Option<f64>,
}

#[derive(FromRow)]
struct ReadingRow {
    at: i64,
    value: f64,
    denominator: Option<f64>,
    delay: i64,
}

/// What became of a reading, and what those of its period come to.
pub(crate) struct Combined {
    pub(crate) outcome: FilingOutcome,
    /// The actual, if they make one.
    pub(crate) figure: Option<Figure>,
    /// When the last of them was observed.
    pub(crate) observed_at: DateTime<Utc>,
}

impl ReadingPeriods {
    /// The periods that readings among what was collected are of; those that are new get a number.
    pub(crate) async fn load(
        tx: &mut SqliteConnection,
        collected: &[Collected],
    ) -> anyhow::Result<Self> {
        let are_readings = collected.iter().filter(|of| of.filing != Filing::Actuals);
        let names: HashSet<(String, String)> = are_readings
            .flat_map(|of| of.filed.iter().map(|filed| name(&of.kpi, filed.period)))
            .collect();
        if names.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        // Joined crosswise, so that every name is looked up in the key.
        let sql = "SELECT reading_periods.id, kpi, period, is_thinned, combination, count, newest_at, newest, \
                   denominator, sum, denominators \
                   FROM json_each($1) AS asked CROSS JOIN reading_periods \
                   WHERE kpi = asked.value ->> 0 AND period = asked.value ->> 1";
        let rows: Vec<PeriodRow> = sqlx::query_as(sql)
            .bind(serde_json::to_string(&names)?)
            .fetch_all(&mut *tx)
            .await
            .explain("cannot read the periods of readings")?;
        let mut periods = HashMap::with_capacity(names.len());
        for row in rows {
            let period = row.parse()?;
            periods.insert((row.kpi, row.period), period);
        }
        let new: Vec<_> = names.into_iter().filter(|name| !periods.contains_key(name)).collect();
        for rows in new.chunks(ROWS_AT_ONCE) {
            let mut sql: QueryBuilder<Sqlite> =
                QueryBuilder::new("INSERT INTO reading_periods (kpi, period) ");
            sql.push_values(rows, |mut row, (kpi, period)| {
                row.push_bind(kpi).push_bind(period);
            });
            sql.push(" RETURNING id, kpi, period");
            let added: Vec<(i64, String, String)> = sql
                .build_query_as()
                .fetch_all(&mut *tx)
                .await
                .explain("cannot write the periods of readings")?;
            periods.extend(added.into_iter().map(|(id, kpi, period)| {
                let new = ReadingPeriod { id, is_thinned: false, total: None, is_changed: false };
                ((kpi, period), new)
            }));
        }
        Ok(Self(periods))
    }

    /// The period that a reading is of.
    pub(crate) fn of(&mut self, kpi: &KpiRef, period: Period) -> Option<&mut ReadingPeriod> {
        self.0.get_mut(&name(kpi, period))
    }

    /// Keeps what the readings of periods come to now.
    pub(crate) async fn write(&self, tx: &mut SqliteConnection) -> anyhow::Result<()> {
        let sql = "UPDATE reading_periods SET combination = $2, count = $3, newest_at = $4, \
                   newest = $5, denominator = $6, sum = $7, denominators = $8 WHERE id = $1";
        for period in self.0.values().filter(|period| period.is_changed) {
            let total = period.total.as_ref().map(|(_, total)| total);
            let newest = total.map(|total| parts(total.newest));
            sqlx::query(sql)
                .bind(period.id)
                .bind(period.total.as_ref().map(|(combination, _)| combination))
                .bind(total.map(|total| i64::try_from(total.count).unwrap_or(i64::MAX)))
                .bind(total.map(|total| total.newest_at.timestamp_micros()))
                .bind(newest.map(|(value, _)| value))
                .bind(newest.and_then(|(_, denominator)| denominator))
                .bind(total.map(|total| total.sum))
                .bind(total.map(|total| total.denominators))
                .execute(&mut *tx)
                .await
                .explain("cannot write what readings come to")?;
        }
        Ok(())
    }
}

impl Combined {
    /// What they come to, as the actual of their period.
    pub(crate) fn actual(&self, filed: &Filed) -> Option<Filed> {
        let figure = self.figure?;
        // What is made of all readings is as late as the last of them.
        let (observed_at, precedence) = (self.observed_at, Precedence::CollectedLast);
        Some(Filed { figure, observed_at, precedence, ..*filed })
    }
}

impl PeriodRow {
    fn parse(&self) -> anyhow::Result<ReadingPeriod> {
        let total = || {
            let total = RunningTotal {
                count: unsigned(self.count?).into(),
                newest_at: instant(self.newest_at?).ok()?,
                newest: figure(self.newest?, self.denominator),
                sum: self.sum?,
                denominators: self.denominators?,
            };
            Some((self.combination.clone()?, total))
        };
        Ok(ReadingPeriod {
            id: self.id,
            is_thinned: self.is_thinned,
            // Without it, all readings are looked at again.
            total: total(),
            is_changed: false,
        })
    }
}

impl ReadingPeriod {
    /// Keeps one of several readings that make an actual, unless it is there. One that was observed
    /// after all others is added to what they come to; for another one all are read again.
    pub(crate) async fn combine(
        &mut self,
        tx: &mut SqliteConnection,
        combination: Combination,
        filed: &Filed,
    ) -> anyhow::Result<Combined> {
        let Filed { observed_at, collected_at, figure, .. } = *filed;
        let reading = Reading { observed_at, collected_at, figure };
        let by = combination.to_string();
        let total = self.total.as_ref().filter(|(total_by, _)| *total_by == by);
        if let Some(total) = total.and_then(|(_, total)| combination.add(total, &reading)) {
            write(tx, &[(self.id, filed)], true).await?;
            let figure = combination.actual_of(&total);
            self.total = Some((by, total));
            self.is_changed = true;
            return Ok(Combined { outcome: FilingOutcome::New, figure, observed_at });
        }
        let mut readings = self.readings(tx).await?;
        let outcome = match readings.iter_mut().find(|held| held.observed_at == observed_at) {
            Some(held) if held.figure == figure => FilingOutcome::Unchanged,
            Some(held) => {
                *held = reading;
                FilingOutcome::Revised
            }
            None => {
                readings.push(reading);
                FilingOutcome::New
            }
        };
        if outcome != FilingOutcome::Unchanged {
            write(tx, &[(self.id, filed)], true).await?;
        }
        let total = combination.total(&readings).map(|total| (by, total));
        self.is_changed |= total != self.total;
        self.total = total;
        let last = readings.iter().map(|held| held.observed_at).max().unwrap_or(observed_at);
        let figure = combination.actual(&readings);
        Ok(Combined { outcome, figure, observed_at: last })
    }

    async fn readings(&self, tx: &mut SqliteConnection) -> anyhow::Result<Vec<Reading>> {
        let sql = "SELECT at, value, denominator, delay FROM readings \
                   WHERE period = $1 AND delay IS NOT NULL ORDER BY at";
        let rows: Vec<ReadingRow> = sqlx::query_as(sql)
            .bind(self.id)
            .fetch_all(tx)
            .await
            .explain("cannot read readings")?;
        let reading = |row: ReadingRow| {
            let observed_at = instant(row.at)?;
            let collected_at = observed_at
                .checked_add_signed(TimeDelta::microseconds(row.delay))
                .unwrap_or(observed_at);
            let figure = figure(row.value, row.denominator);
            Ok(Reading { observed_at, collected_at, figure })
        };
        rows.into_iter().map(reading).collect()
    }
}

/// Keeps readings of which the newest is the actual, but for those of periods whose readings are
/// gone.
pub(crate) async fn keep_newest(
    tx: &mut SqliteConnection,
    periods: &mut ReadingPeriods,
    readings: &[(&KpiRef, &Filed)],
) -> anyhow::Result<()> {
    let mut rows: Vec<(i64, &Filed)> = Vec::with_capacity(readings.len());
    for (kpi, filed) in readings {
        let period = periods.of(kpi, filed.period).filter(|period| !period.is_thinned);
        rows.extend(period.map(|period| (period.id, *filed)));
    }
    for rows in rows.chunks(ROWS_AT_ONCE) {
        write(tx, rows, false).await?;
    }
    Ok(())
}

async fn write(
    tx: &mut SqliteConnection,
    readings: &[(i64, &Filed)],
    is_combined: bool,
) -> anyhow::Result<()> {
    let mut sql: QueryBuilder<Sqlite> =
        QueryBuilder::new("INSERT INTO readings (at, period, value, denominator, delay) ");
    sql.push_values(readings, |mut row, (period, filed)| {
        let (value, denominator) = parts(filed.figure);
        let delay = (filed.collected_at - filed.observed_at).num_microseconds();
        let delay = is_combined.then_some(delay.unwrap_or_default());
        row.push_bind(filed.observed_at.timestamp_micros()).push_bind(*period);
        row.push_bind(value).push_bind(denominator).push_bind(delay);
    });
    sql.push(
        " ON CONFLICT (at, period) DO UPDATE SET value = excluded.value, \
         denominator = excluded.denominator, delay = excluded.delay",
    );
    sql.build().execute(tx).await.explain("cannot write a reading")?;
    Ok(())
}

/// KPI and period, as the store names them.
fn name(kpi: &KpiRef, period: Period) -> (String, String) {
    (kpi.to_string(), period.to_string())
}

/// A figure as two columns: a value, or a numerator and a denominator.
fn parts(figure: Figure) -> (f64, Option<f64>) {
    match figure {
        Figure::Value(value) => (value, None),
        Figure::Ratio { numerator, denominator } => (numerator, Some(denominator)),
    }
}

fn figure(value: f64, denominator: Option<f64>) -> Figure {
    match denominator {
        None => Figure::Value(value),
        Some(denominator) => Figure::Ratio { numerator: value, denominator },
    }
}
