//! The table `snapshots`: each scorecard as it was judged, whenever that changed.

use std::ops::Range;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use crate::database::{failure::Explain, store::Store};
use kpid_rules::{judgement::Standing, model::Id};

/// The verdict on a scorecard as it was kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PastVerdict {
    /// The configuration that judged.
    pub config_hash: String,
    /// The scorecard with everything below it, as JSON.
    pub standing: String,
}

impl Store {
    /// The last verdict on a scorecard in a span of time that another configuration than one gave.
    pub async fn verdict_by_another(
        &self,
        scorecard: &Id,
        config_hash: &str,
        within: Range<DateTime<Utc>>,
    ) -> anyhow::Result<Option<PastVerdict>> {
        let sql = "SELECT config_hash, standing FROM snapshots \
                   WHERE scorecard = $1 AND config_hash <> $2 AND as_of >= $3 AND as_of < $4 \
                   ORDER BY as_of DESC LIMIT 1";
        sqlx::query_as(sql)
            .bind(scorecard.as_str())
            .bind(config_hash)
            .bind(within.start.timestamp_micros())
            .bind(within.end.timestamp_micros())
            .fetch_optional(&mut *self.read().await?)
            .await
            .explain("cannot read snapshots")
    }

    /// The newest verdict on each scorecard that had been given at an instant.
    pub async fn verdicts_at(&self, instant: DateTime<Utc>) -> anyhow::Result<Vec<PastVerdict>> {
        let sql = "SELECT config_hash, standing FROM snapshots AS held WHERE as_of = \
                   (SELECT max(as_of) FROM snapshots \
                    WHERE scorecard = held.scorecard AND as_of <= $1) ORDER BY scorecard";
        sqlx::query_as(sql)
            .bind(instant.timestamp_micros())
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read snapshots")
    }
}

pub(crate) async fn record(
    tx: &mut SqliteConnection,
    standing: &Standing,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let newest = "SELECT standing FROM snapshots WHERE scorecard = $1 ORDER BY as_of DESC LIMIT 1";
    let insert = "INSERT INTO snapshots (scorecard, as_of, config_hash, standing) \
                  VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (scorecard, as_of) DO UPDATE SET \
                  config_hash = excluded.config_hash, standing = excluded.standing";
    for scorecard in &standing.scorecards {
        let id = scorecard.id.as_str();
        let text = serde_json::to_string(scorecard)?;
        let held: Option<(String,)> = sqlx::query_as(newest)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await
            .explain("cannot read a snapshot")?;
        if held.is_some_and(|(held,)| held == text) {
            continue;
        }
        sqlx::query(insert)
            .bind(id)
            .bind(now.timestamp_micros())
            .bind(&standing.config)
            .bind(text)
            .execute(&mut *tx)
            .await
            .explain("cannot write a snapshot")?;
    }
    Ok(())
}
