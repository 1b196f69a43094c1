//! The table `incidents`: trouble with data, and who knows of it.

use std::collections::HashMap;

use anyhow::Context;
use sqlx::{FromRow, SqliteConnection};

use crate::database::{columns::instant, failure::Explain};
use kpid_rules::evaluation::{Incident, IncidentKey};

#[derive(FromRow)]
struct IncidentRow {
    key: String,
    opened_at: i64,
    told_at: Option<i64>,
    closed_at: Option<i64>,
}

/// Where every incident stands, by its key.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
) -> anyhow::Result<HashMap<IncidentKey, Incident>> {
    let sql = "SELECT key, opened_at, told_at, closed_at FROM incidents";
    let rows: Vec<IncidentRow> =
        sqlx::query_as(sql).fetch_all(connection).await.explain("cannot read incidents")?;
    let incident = |row: IncidentRow| {
        let incident = Incident {
            opened_at: instant(row.opened_at)?,
            told_at: row.told_at.map(instant).transpose()?,
            closed_at: row.closed_at.map(instant).transpose()?,
        };
        let key = IncidentKey::parse(&row.key).with_context(|| {
            format!("the store has an incident `{}`, which this kpid does not know", row.key)
        })?;
        Ok((key, incident))
    };
    rows.into_iter().map(incident).collect()
}

/// Keeps where incidents stand now.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    incidents: &[(IncidentKey, Incident)],
) -> anyhow::Result<()> {
    let sql = "INSERT INTO incidents (key, opened_at, told_at, closed_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (key) DO UPDATE SET opened_at = excluded.opened_at, \
               told_at = excluded.told_at, closed_at = excluded.closed_at";
    for (key, incident) in incidents {
        sqlx::query(sql)
            .bind(key.to_string())
            .bind(incident.opened_at.timestamp_micros())
            .bind(incident.told_at.map(|at| at.timestamp_micros()))
            .bind(incident.closed_at.map(|at| at.timestamp_micros()))
            .execute(&mut *tx)
            .await
            .explain("cannot write an incident")?;
    }
    Ok(())
}
