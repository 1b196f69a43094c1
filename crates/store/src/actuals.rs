//! The tables `actuals` and `readings`.

use std::collections::{BTreeSet, HashMap};

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::{Collected, micros, retention, revisions};
use kpid_rules::{
    model::{Aggregate, KpiRef, Period},
    series::{Actual, Figure, History, Reading, ReadingKind, reading},
};

/// How the figures collected become actuals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Filing {
    /// Each is the actual of its period.
    Actuals,
    /// Each is a reading; the readings of a period make its actual.
    Readings {
        /// What one reading is.
        kind: ReadingKind,
        /// How several make one.
        aggregate: Aggregate,
        /// Multiplies numerator / denominator.
        scale: f64,
    },
}

/// One figure of one period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filed {
    /// The period.
    pub period: Period,
    /// What was measured.
    pub figure: Figure,
    /// The target that came with it.
    pub target: Option<f64>,
    /// When it was true in the world.
    pub observed_at: DateTime<Utc>,
    /// When kpid got it.
    pub collected_at: DateTime<Utc>,
    /// How far the period had come then.
    pub stage: Stage,
    /// Whether it takes the place of what is held.
    pub stands: Stands,
}

/// Which of two figures of a period stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// The one collected last: a row of a series, or a figure that says no instant of its own.
    CollectedLast,
    /// The one observed last, up to the last instant of the period; equally late, the one collected last.
    ObservedLast(DateTime<Utc>),
}

impl Filed {
    /// Whether a figure of the same period that is held was observed later, and therefore stands.
    pub fn gives_way_to(&self, held_observed_at: DateTime<Utc>) -> bool {
        match self.stands {
            Stands::CollectedLast => false,
            Stands::ObservedLast(last) => self.observed_at.min(last) < held_observed_at.min(last),
        }
    }
}

/// How far a period has come when a figure of it is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Still running: its figure is expected to move.
    Running,
    /// Over: a figure that moves is a restatement.
    Closed,
    /// Over for so long that only a person may restate it.
    Frozen,
}

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// There was none before.
    New,
    /// It took the place of another.
    Revised,
    /// It was there, or is of an earlier instant than what was.
    Unchanged,
    /// It would restate a frozen period, and was not taken.
    Frozen,
}

type ReadingRow = (i64, i64, Option<f64>, Option<f64>, Option<f64>);

type ActualRow = (String, String, Option<f64>, Option<f64>, Option<f64>, Option<f64>, i64, i64);

/// Files figures: readings are kept and made actuals; an actual is a new revision only if it differs.
/// Says of each figure, in their order, what became of it.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    collected: &[Collected],
) -> anyhow::Result<Vec<(KpiRef, Period, Came)>> {
    let mut figures: Vec<revisions::Figure<'_>> = Vec::new();
    let mut came: Vec<(KpiRef, Period, Option<Came>)> = Vec::new();
    // Which of them each figure is of.
    let mut of: Vec<usize> = Vec::new();
    for Collected { kpi, filing, filed, .. } in collected {
        for filed in filed {
            let (reading, actual) = match filing {
                Filing::Actuals => (None, Some(*filed)),
                Filing::Readings { .. } if is_closed_to(tx, kpi, filed.period).await? => {
                    (Some(Came::Frozen), None)
                }
                Filing::Readings { kind, aggregate, scale } => {
                    let (reading, readings) = keep_reading(tx, kpi, filed).await?;
                    let figure = reading::actual(*kind, *aggregate, *scale, &readings);
                    // What is made of all readings is as late as the last of them.
                    let last = readings.iter().map(|held| held.observed_at).max();
                    let observed_at = last.unwrap_or(filed.observed_at);
                    let stands = Stands::CollectedLast;
                    (
                        Some(reading),
                        figure.map(|figure| Filed { figure, observed_at, stands, ..*filed }),
                    )
                }
            };
            if let Some(actual) = actual {
                of.push(came.len());
                figures.push((kpi, actual));
            }
            came.push((kpi.clone(), filed.period, reading));
        }
    }
    for (at, actual) in of.into_iter().zip(revisions::file(tx, &figures).await?) {
        // What became of a reading counts, unless what it makes is not taken.
        if let Some((.., came)) =
            came.get_mut(at).filter(|(.., came)| came.is_none() || actual == Came::Frozen)
        {
            *came = Some(actual);
        }
    }
    Ok(came
        .into_iter()
        .map(|(kpi, period, came)| (kpi, period, came.unwrap_or(Came::Unchanged)))
        .collect())
}

/// Loads all revisions of the KPIs named in a JSON list.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    kpis: &str,
    history: &mut History,
) -> anyhow::Result<()> {
    let sql = "SELECT kpi, period, value, numerator, denominator, target, observed_at, collected_at \
               FROM actuals WHERE kpi IN (SELECT value FROM json_each($1)) \
               ORDER BY kpi, period, revision";
    let rows: Vec<ActualRow> = sqlx::query_as(sql)
        .bind(kpis)
        .fetch_all(connection)
        .await
        .context("cannot read actuals")?;
    for (kpi, period, value, numerator, denominator, target, observed_at, collected_at) in rows {
        let named =
            KpiRef::parse(&kpi).with_context(|| format!("`{kpi}` in the store is no KPI"))?;
        let actual = Actual {
            figure: figure(value, numerator, denominator)?,
            target,
            observed_at: micros(observed_at)?,
            collected_at: micros(collected_at)?,
        };
        let held = history.kpi_mut(&named);
        held.actuals.entry(Period::parse(&period)?).or_default().push(actual);
    }
    Ok(())
}

/// The periods that have an actual, of the KPIs named in a JSON list.
pub(crate) async fn periods(
    connection: &mut SqliteConnection,
    kpis: &str,
) -> anyhow::Result<HashMap<KpiRef, BTreeSet<Period>>> {
    let sql = "SELECT DISTINCT kpi, period FROM actuals \
               WHERE kpi IN (SELECT value FROM json_each($1))";
    let rows: Vec<(String, String)> = sqlx::query_as(sql)
        .bind(kpis)
        .fetch_all(connection)
        .await
        .context("cannot read actuals")?;
    let mut held: HashMap<KpiRef, BTreeSet<Period>> = HashMap::new();
    for (kpi, period) in rows {
        let named =
            KpiRef::parse(&kpi).with_context(|| format!("`{kpi}` in the store is no KPI"))?;
        held.entry(named).or_default().insert(Period::parse(&period)?);
    }
    Ok(held)
}

/// Keeps a reading unless it is there; what became of it, and all readings of its period.
/// What came before is gone, and what comes now alone would be another figure.
async fn is_closed_to(
    tx: &mut SqliteConnection,
    kpi: &KpiRef,
    period: Period,
) -> anyhow::Result<bool> {
    retention::is_thinned(tx, &kpi.to_string(), &period.to_string()).await
}

async fn keep_reading(
    tx: &mut SqliteConnection,
    kpi: &KpiRef,
    filed: &Filed,
) -> anyhow::Result<(Came, Vec<Reading>)> {
    let mut readings = readings(tx, kpi, filed.period).await?;
    let Filed { observed_at, collected_at, figure, .. } = *filed;
    let reading = Reading { observed_at, collected_at, figure };
    let came = match readings.iter_mut().find(|held| held.observed_at == observed_at) {
        Some(held) if held.figure == figure => return Ok((Came::Unchanged, readings)),
        Some(held) => {
            *held = reading;
            Came::Revised
        }
        None => {
            readings.push(reading);
            Came::New
        }
    };
    write_reading(tx, kpi, filed).await?;
    Ok((came, readings))
}

async fn write_reading(
    tx: &mut SqliteConnection,
    kpi: &KpiRef,
    filed: &Filed,
) -> anyhow::Result<()> {
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
        .context("cannot write a reading")?;
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
        .context("cannot read readings")?;
    let reading = |(observed_at, collected_at, value, numerator, denominator): ReadingRow| {
        Ok(Reading {
            observed_at: micros(observed_at)?,
            collected_at: micros(collected_at)?,
            figure: figure(value, numerator, denominator)?,
        })
    };
    rows.into_iter().map(reading).collect()
}

/// Value, numerator and denominator, as columns.
pub(crate) fn parts(figure: Figure) -> (Option<f64>, Option<f64>, Option<f64>) {
    match figure {
        Figure::Value(value) => (Some(value), None, None),
        Figure::Ratio { numerator, denominator } => (None, Some(numerator), Some(denominator)),
    }
}

fn figure(
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
) -> anyhow::Result<Figure> {
    match (value, numerator.zip(denominator)) {
        (Some(value), None) => Ok(Figure::Value(value)),
        (None, Some((numerator, denominator))) => Ok(Figure::Ratio { numerator, denominator }),
        _ => anyhow::bail!("a figure in the store is neither a value nor a ratio"),
    }
}
