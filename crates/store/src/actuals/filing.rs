//! How what was collected becomes actuals, whether a figure is one or a reading of one.

use std::collections::BTreeSet;

use sqlx::SqliteConnection;

use crate::{
    actuals::{
        collected::{Collected, Filed, Filing, FilingOutcome},
        collections,
        readings::{self, ReadingPeriods},
        revisions::{self, Written},
    },
    audit::{self, AuditEntry},
    database::{failure::Explain, store::Store},
    families::changes::{self, Changed},
};
use kpid_rules::{
    model::{KpiRef, Period},
    series::Combination,
};

impl Store {
    /// Keeps what was collected, all or nothing, but for restatements of frozen periods, which are
    /// returned.
    pub async fn record(&self, collected: &[Collected]) -> anyhow::Result<Vec<(KpiRef, Period)>> {
        let mut tx = self.begin().await?;
        let filed = record(&mut tx, collected).await?;
        collections::record(&mut tx, &collections::attempts(collected)).await?;
        changes::note(&mut tx, &changed(collected)).await?;
        tx.commit().await.explain("cannot write what was collected")?;
        Ok(frozen(&filed))
    }

    /// Keeps what a person brings, and who did it: both, or nothing.
    pub async fn take_in(&self, collected: &[Collected], entry: &AuditEntry) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        record(&mut tx, collected).await?;
        changes::note(&mut tx, &changed(collected)).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await.explain("cannot write what was imported")
    }
}

/// The KPIs that something was collected of.
pub(crate) fn changed(collected: &[Collected]) -> BTreeSet<Changed> {
    collected.iter().map(|collected| Changed::Figures(collected.kpi.clone())).collect()
}

/// What became of a figure.
#[derive(Clone, Debug)]
pub(crate) struct FiledFigure {
    pub(crate) kpi: KpiRef,
    pub(crate) period: Period,
    pub(crate) came: FilingOutcome,
    /// What was written of the actual of its period.
    pub(crate) written: Option<Written>,
}

/// The figures that were not taken, since their periods are frozen.
pub(crate) fn frozen(filed: &[FiledFigure]) -> Vec<(KpiRef, Period)> {
    let refused = filed.iter().filter(|filed| filed.came == FilingOutcome::Frozen);
    refused.map(|filed| (filed.kpi.clone(), filed.period)).collect()
}

/// Files figures: readings are kept and made actuals; an actual is a new revision only if it differs.
/// Says of each figure, in their order, what became of it.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    collected: &[Collected],
) -> anyhow::Result<Vec<FiledFigure>> {
    let mut periods = ReadingPeriods::load(tx, collected).await?;
    let mut newest: Vec<(&KpiRef, &Filed)> = Vec::new();
    let mut figures: Vec<revisions::FiguredKpi<'_>> = Vec::new();
    let mut all: Vec<FiledFigure> = Vec::new();
    // Which of them each figure is of, and whether a reading of it says already what became of it.
    let mut of: Vec<(usize, bool)> = Vec::new();
    for Collected { kpi, filing, filed, .. } in collected {
        for filed in filed {
            let (reading, actual) = match filing {
                Filing::Actuals => (None, Some(*filed)),
                Filing::Newest => {
                    newest.push((kpi, filed));
                    (None, Some(*filed))
                }
                Filing::Readings { kind, aggregate, scale } => {
                    let combination =
                        Combination { kind: *kind, aggregate: *aggregate, scale: *scale };
                    match periods.of(kpi, filed.period).filter(|period| !period.is_thinned) {
                        None => (Some(FilingOutcome::Frozen), None),
                        Some(period) => {
                            let combined = period.combine(tx, combination, filed).await?;
                            (Some(combined.outcome), combined.actual(filed))
                        }
                    }
                }
            };
            if let Some(actual) = actual {
                of.push((all.len(), reading.is_some()));
                figures.push((kpi, actual));
            }
            let (kpi, period) = (kpi.clone(), filed.period);
            let came = reading.unwrap_or(FilingOutcome::Unchanged);
            all.push(FiledFigure { kpi, period, came, written: None });
        }
    }
    readings::keep_newest(tx, &mut periods, &newest).await?;
    periods.write(tx).await?;
    for ((at, is_reading), (actual, written)) in
        of.into_iter().zip(revisions::file(tx, &figures).await?)
    {
        let Some(filed) = all.get_mut(at) else { continue };
        filed.written = written;
        // What became of a reading counts, unless what it makes is not taken.
        if !is_reading || actual == FilingOutcome::Frozen {
            filed.came = actual;
        }
    }
    Ok(all)
}

/// Keeps the readings among figures whose actuals are held as they are.
pub(crate) async fn record_again(
    tx: &mut SqliteConnection,
    collected: &[Collected],
) -> anyhow::Result<()> {
    let mut periods = ReadingPeriods::load(tx, collected).await?;
    let newest = collected.iter().filter(|of| of.filing == Filing::Newest);
    let newest = newest.flat_map(|of| of.filed.iter().map(|filed| (&of.kpi, filed)));
    readings::keep_newest(tx, &mut periods, &newest.collect::<Vec<_>>()).await?;
    periods.write(tx).await
}
