//! The table `reports`: the newest period of each scorecard that needs no report any more.

use std::collections::HashMap;

use anyhow::Context;
use sqlx::SqliteConnection;

use crate::database::failure::Explain;
use kpid_rules::model::{Id, Period};

/// The newest period of each scorecard that needs no report any more.
pub(crate) async fn load(connection: &mut SqliteConnection) -> anyhow::Result<HashMap<Id, Period>> {
    let sql = "SELECT scorecard, period FROM reports";
    let rows: Vec<(String, String)> =
        sqlx::query_as(sql).fetch_all(connection).await.explain("cannot read reports")?;
    let row = |(scorecard, period): (String, String)| {
        let id = Id::parse(&scorecard)
            .context("the store has a report of a scorecard without a valid id")?;
        Ok((id, Period::parse(&period).context("the store has a report without a valid period")?))
    };
    rows.into_iter().map(row).collect()
}

/// Keeps up to where scorecards are reported.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    reports: &[(Id, Period)],
) -> anyhow::Result<()> {
    let sql = "INSERT INTO reports (scorecard, period) VALUES ($1, $2) \
               ON CONFLICT (scorecard) DO UPDATE SET period = excluded.period";
    for (scorecard, period) in reports {
        let row = sqlx::query(sql).bind(scorecard.as_str()).bind(period.to_string());
        row.execute(&mut *tx).await.explain("cannot note a report")?;
    }
    Ok(())
}
