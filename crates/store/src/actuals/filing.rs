//! How what was collected becomes actuals, whether a figure is one or a reading of one.

use sqlx::SqliteConnection;

use crate::{
    actuals::{
        collected::{Collected, Filed, Filing, FilingOutcome, Precedence},
        collections, readings, revisions,
    },
    audit::{self, AuditEntry},
    database::{failure::Explain, store::Store},
};
use kpid_rules::{
    model::{KpiRef, Period},
    series::reading,
};

impl Store {
    /// Keeps what was collected, all or nothing, but for restatements of frozen periods, which are
    /// returned.
    pub async fn record(&self, collected: &[Collected]) -> anyhow::Result<Vec<(KpiRef, Period)>> {
        let mut tx = self.begin().await?;
        let came = record(&mut tx, collected).await?;
        collections::record(&mut tx, collected).await?;
        tx.commit().await.explain("cannot write what was collected")?;
        let refused = came.into_iter().filter(|(.., came)| *came == FilingOutcome::Frozen);
        Ok(refused.map(|(kpi, period, _)| (kpi, period)).collect())
    }

    /// Keeps what a person brings, and who did it: both, or nothing.
    pub async fn take_in(&self, collected: &[Collected], entry: &AuditEntry) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        record(&mut tx, collected).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await.explain("cannot write what was imported")
    }
}

/// Files figures: readings are kept and made actuals; an actual is a new revision only if it differs.
/// Says of each figure, in their order, what became of it.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    collected: &[Collected],
) -> anyhow::Result<Vec<(KpiRef, Period, FilingOutcome)>> {
    let mut figures: Vec<revisions::FiguredKpi<'_>> = Vec::new();
    let mut came: Vec<(KpiRef, Period, Option<FilingOutcome>)> = Vec::new();
    // Which of them each figure is of.
    let mut of: Vec<usize> = Vec::new();
    for Collected { kpi, filing, filed, .. } in collected {
        for filed in filed {
            let (reading, actual) = match filing {
                Filing::Actuals => (None, Some(*filed)),
                Filing::Readings { .. } if readings::is_thinned(tx, kpi, filed.period).await? => {
                    (Some(FilingOutcome::Frozen), None)
                }
                Filing::Readings { kind, aggregate, scale } => {
                    let (reading, readings) = readings::keep(tx, kpi, filed).await?;
                    let figure = reading::actual(*kind, *aggregate, *scale, &readings);
                    // What is made of all readings is as late as the last of them.
                    let last = readings.iter().map(|held| held.observed_at).max();
                    let observed_at = last.unwrap_or(filed.observed_at);
                    let precedence = Precedence::CollectedLast;
                    (
                        Some(reading),
                        figure.map(|figure| Filed { figure, observed_at, precedence, ..*filed }),
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
            came.get_mut(at).filter(|(.., came)| came.is_none() || actual == FilingOutcome::Frozen)
        {
            *came = Some(actual);
        }
    }
    Ok(came
        .into_iter()
        .map(|(kpi, period, came)| (kpi, period, came.unwrap_or(FilingOutcome::Unchanged)))
        .collect())
}
