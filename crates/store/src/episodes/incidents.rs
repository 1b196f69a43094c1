//! The table `incidents`: trouble with data, and who knows of it.

use std::collections::{BTreeSet, HashMap};

use anyhow::Context;
use sqlx::{FromRow, SqliteConnection};

use crate::database::{columns::instant, failure::Explain};
use kpid_rules::{
    evaluation::{Incident, IncidentKey},
    model::KpiRef,
};

/// Where every incident stands. Which are open is known without a look at the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incidents {
    all: HashMap<IncidentKey, Incident>,
    /// By the KPI that they are of, if they are of one.
    open: HashMap<Option<KpiRef>, BTreeSet<IncidentKey>>,
}

impl Incidents {
    /// Where an incident stands, if it ever began.
    pub fn get(&self, key: &IncidentKey) -> Option<&Incident> {
        self.all.get(key)
    }

    /// Those of a KPI that are open; of none, those of connections.
    pub fn open_of(&self, kpi: Option<&KpiRef>) -> impl Iterator<Item = &IncidentKey> {
        self.open.get(&kpi.cloned()).into_iter().flatten()
    }

    /// All that are open.
    pub fn open(&self) -> impl Iterator<Item = &IncidentKey> {
        self.open.values().flatten()
    }

    fn set(&mut self, key: IncidentKey, incident: Incident) {
        let of = key.kpi().cloned();
        match incident.closed_at {
            None => drop(self.open.entry(of).or_default().insert(key.clone())),
            Some(_) => {
                if let Some(open) = self.open.get_mut(&of) {
                    open.remove(&key);
                    if open.is_empty() {
                        self.open.remove(&of);
                    }
                }
            }
        }
        self.all.insert(key, incident);
    }
}

impl Extend<(IncidentKey, Incident)> for Incidents {
    fn extend<I: IntoIterator<Item = (IncidentKey, Incident)>>(&mut self, incidents: I) {
        incidents.into_iter().for_each(|(key, incident)| self.set(key, incident));
    }
}

impl FromIterator<(IncidentKey, Incident)> for Incidents {
    fn from_iter<I: IntoIterator<Item = (IncidentKey, Incident)>>(incidents: I) -> Self {
        let mut all = Self::default();
        all.extend(incidents);
        all
    }
}

#[derive(FromRow)]
struct IncidentRow {
    key: String,
    opened_at: i64,
    told_at: Option<i64>,
    closed_at: Option<i64>,
}

/// Where every incident stands, by its key.
pub(crate) async fn load(connection: &mut SqliteConnection) -> anyhow::Result<Incidents> {
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
