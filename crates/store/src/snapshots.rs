//! The table `snapshots`: each scorecard as it was judged, whenever that changed.

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use kpid_rules::judgement::Standing;

pub(crate) async fn record(
    tx: &mut SqliteConnection,
    standing: &Standing,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let newest = "SELECT standing FROM snapshots WHERE scorecard = $1 ORDER BY as_of DESC LIMIT 1";
    let insert = "INSERT INTO snapshots (scorecard, as_of, config, standing) \
                  VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (scorecard, as_of) DO UPDATE SET \
                  config = excluded.config, standing = excluded.standing";
    for scorecard in &standing.scorecards {
        let id = scorecard.id.as_str();
        let text = serde_json::to_string(scorecard)?;
        let held: Option<(String,)> = sqlx::query_as(newest)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await
            .context("cannot read a snapshot")?;
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
            .context("cannot write a snapshot")?;
    }
    Ok(())
}
