//! The table `configuration_uses`: which configuration judged, from when on.

use anyhow::Context;
use chrono::{DateTime, Utc};

use crate::database::{columns::instant, store::Store};

/// A time in which one configuration judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Names the configuration.
    pub digest: String,
    /// From when on the daemon ran on it.
    pub from: DateTime<Utc>,
    /// Until when; `None` is still so.
    pub to: Option<DateTime<Utc>>,
    /// Its KPIs, where that was noted.
    pub kpis: Option<Vec<String>>,
    /// How many changed verdicts on scorecards it made in that time.
    pub verdicts: u64,
}

type Row = (String, i64, Option<i64>, Option<String>, i64);

impl Store {
    /// Notes that a configuration judges from now on, unless it did before.
    pub async fn uses(
        &self,
        digest: &str,
        kpis: &[String],
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let sql = "INSERT INTO configuration_uses (started_at, digest, kpis) SELECT $1, $2, $3 \
                   WHERE $2 IS DISTINCT FROM \
                   (SELECT digest FROM configuration_uses ORDER BY started_at DESC LIMIT 1) \
                   ON CONFLICT (started_at) DO UPDATE SET \
                   digest = excluded.digest, kpis = excluded.kpis";
        let noted = sqlx::query(sql).bind(now.timestamp_micros()).bind(digest);
        let noted = noted.bind(serde_json::to_string(kpis)?);
        noted.execute(&self.pool).await.context("cannot note the configuration")?;
        Ok(())
    }

    /// Which configuration judged when, oldest first.
    pub async fn configurations_used(&self) -> anyhow::Result<Vec<Use>> {
        let sql = "WITH uses AS (SELECT started_at, digest, kpis, removed, \
                     lead(started_at) OVER (ORDER BY started_at) AS ended_at \
                   FROM configuration_uses) \
                   SELECT digest, started_at, ended_at, kpis, removed + \
                     (SELECT count(*) FROM snapshots WHERE snapshots.config = uses.digest \
                      AND as_of >= started_at AND (ended_at IS NULL OR as_of < ended_at)) \
                   FROM uses ORDER BY started_at";
        let rows: Vec<Row> = sqlx::query_as(sql)
            .fetch_all(&mut *self.read().await?)
            .await
            .context("cannot read which configurations were used")?;
        rows.into_iter().map(used).collect()
    }
}

fn used((digest, from, to, kpis, verdicts): Row) -> anyhow::Result<Use> {
    Ok(Use {
        digest,
        from: instant(from)?,
        to: to.map(instant).transpose()?,
        kpis: kpis.map(|kpis| serde_json::from_str(&kpis)).transpose()?,
        verdicts: verdicts.unsigned_abs(),
    })
}
