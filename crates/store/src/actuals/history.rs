//! The table `actuals`, as a judgement reads it: all revisions of every period.

use std::collections::{BTreeSet, HashMap};

use sqlx::{FromRow, SqliteConnection};

use crate::{
    actuals::figures::figure,
    database::{
        columns::{instant, kpi_ref},
        failure::Explain,
        store::Store,
    },
};
use kpid_rules::{
    model::{KpiRef, Period},
    series::{Actual, History},
};

#[derive(FromRow)]
struct ActualRow {
    kpi: String,
    period: String,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    target: Option<f64>,
    observed_at: i64,
    collected_at: i64,
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
        .explain("cannot read actuals")?;
    for row in rows {
        let actual = Actual {
            figure: figure(row.value, row.numerator, row.denominator)?,
            target: row.target,
            observed_at: instant(row.observed_at)?,
            collected_at: instant(row.collected_at)?,
        };
        let held = history.kpi_mut(&kpi_ref(&row.kpi)?);
        held.append(Period::parse(&row.period)?, actual);
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
        .explain("cannot read actuals")?;
    let mut held: HashMap<KpiRef, BTreeSet<Period>> = HashMap::new();
    for (kpi, period) in rows {
        let named = kpi_ref(&kpi)?;
        held.entry(named).or_default().insert(Period::parse(&period)?);
    }
    Ok(held)
}

impl Store {
    /// The periods of these KPIs that have an actual.
    pub async fn periods(
        &self,
        kpis: impl Iterator<Item = &KpiRef>,
    ) -> anyhow::Result<HashMap<KpiRef, BTreeSet<Period>>> {
        let names = serde_json::to_string(&kpis.map(ToString::to_string).collect::<Vec<_>>())?;
        let mut connection = self.read().await?;
        periods(&mut connection, &names).await
    }
}
