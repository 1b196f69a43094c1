//! The table `configuration_uses`: which configuration judged, from when on.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::database::{columns::instant, failure::Explain, store::Store};

/// A time in which one configuration judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The hash that names the configuration.
    pub config_hash: String,
    /// From when on the daemon ran on it.
    pub from: DateTime<Utc>,
    /// Until when; `None` is still so.
    pub to: Option<DateTime<Utc>>,
    /// Its KPIs, where that was noted.
    pub kpis: Option<Vec<String>>,
    /// How often a scorecard was judged otherwise in that time.
    pub verdicts: u64,
}

/// What a configuration changed about the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationChange {
    /// The KPIs that came.
    pub added: Vec<String>,
    /// The KPIs that went.
    pub removed: Vec<String>,
}

impl Use {
    /// What it changed about the one before; nothing where that is not known.
    pub fn change(&self, before: Option<&Self>) -> Option<ConfigurationChange> {
        let (before, now) = (before?.kpis.as_ref()?, self.kpis.as_ref()?);
        let without = |these: &[String], those: &[String]| {
            let those: HashSet<&String> = those.iter().collect();
            these.iter().filter(|kpi| !those.contains(kpi)).cloned().collect()
        };
        Some(ConfigurationChange { added: without(now, before), removed: without(before, now) })
    }
}

#[derive(FromRow)]
struct UseRow {
    config_hash: String,
    started_at: i64,
    ended_at: Option<i64>,
    kpis: Option<String>,
    verdicts: i64,
}

impl Store {
    /// Notes that a configuration judges from now on, unless it did before.
    pub async fn uses(
        &self,
        config_hash: &str,
        kpis: &[String],
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "INSERT INTO configuration_uses (started_at, config_hash, kpis) SELECT $1, $2, $3 \
                   WHERE $2 IS DISTINCT FROM \
                   (SELECT config_hash FROM configuration_uses ORDER BY started_at DESC LIMIT 1) \
                   ON CONFLICT (started_at) DO UPDATE SET \
                   config_hash = excluded.config_hash, kpis = excluded.kpis";
        let noted = sqlx::query(sql).bind(now.timestamp_micros()).bind(config_hash);
        let noted = noted.bind(serde_json::to_string(kpis)?);
        noted.execute(&self.pool).await.explain("cannot note the configuration")?;
        Ok(())
    }

    /// Which configuration judged when, oldest first.
    pub async fn configurations_used(&self) -> anyhow::Result<Vec<Use>> {
        let sql = "SELECT config_hash, started_at, kpis, verdicts, \
                     lead(started_at) OVER (ORDER BY started_at) AS ended_at \
                   FROM configuration_uses ORDER BY started_at";
        let rows: Vec<UseRow> = sqlx::query_as(sql)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read which configurations were used")?;
        rows.into_iter().map(used).collect()
    }
}

fn used(row: UseRow) -> anyhow::Result<Use> {
    Ok(Use {
        config_hash: row.config_hash,
        from: instant(row.started_at)?,
        to: row.ended_at.map(instant).transpose()?,
        kpis: row.kpis.map(|kpis| serde_json::from_str(&kpis)).transpose()?,
        verdicts: row.verdicts.unsigned_abs(),
    })
}
