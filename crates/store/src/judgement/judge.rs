//! A judgement in one transaction: what is held goes in, and what was decided is kept.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    database::{failure::Explain, store::Store},
    episodes::{episode, incidents},
    judgement::{
        held::{self, Held},
        reports, snapshots,
    },
    outbox::{
        deliveries::{self, NewDelivery},
        pacing::{self, HoldDecision},
    },
};
use kpid_rules::{
    evaluation::{EpisodeChange, Incident, IncidentKey},
    judgement::Standing,
    model::{Id, KpiRef, Period},
};

/// What a judgement leaves behind.
#[derive(Debug)]
pub struct Judgement {
    /// The scorecards as judged.
    pub standing: Standing,
    /// The episodes that moved.
    pub changes: Vec<EpisodeChange>,
    /// Trouble with data that moved, by its key.
    pub incidents: Vec<(IncidentKey, Incident)>,
    /// Up to where scorecards are reported now, where that moved.
    pub reports: Vec<(Id, Period)>,
    /// What is to be told.
    pub deliveries: Vec<NewDelivery>,
    /// What becomes of news that waited for working hours, and of what came with them.
    pub hold_decisions: Vec<(Uuid, HoldDecision)>,
}

impl Store {
    /// Judges in one transaction: `judge` sees everything held of the KPIs, and what it decides is
    /// kept, or nothing is.
    pub async fn judge(
        &self,
        kpis: &HashSet<KpiRef>,
        now: DateTime<Utc>,
        judge: impl FnOnce(&Held) -> Judgement,
    ) -> anyhow::Result<Judgement> {
        let mut tx = self.begin().await?;
        let held = held::load(&mut tx, kpis, now).await?;
        let judgement = judge(&held);
        snapshots::record(&mut tx, &judgement.standing, now).await?;
        episode::record(&mut tx, &judgement.standing, &judgement.changes, now).await?;
        incidents::record(&mut tx, &judgement.incidents).await?;
        reports::record(&mut tx, &judgement.reports).await?;
        deliveries::record(&mut tx, &judgement.deliveries, now).await?;
        pacing::settle(&mut tx, &judgement.hold_decisions, now).await?;
        tx.commit().await.explain("cannot write a judgement")?;
        Ok(judgement)
    }
}
