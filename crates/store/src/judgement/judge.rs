//! A judgement in one transaction: what is held goes in, and what was decided is kept.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::{
    database::{failure::Explain, store::Store},
    episodes::{episode, incidents},
    families::changes::{self, Changed},
    judgement::{
        held::{self, Held},
        reports, verdicts,
    },
    outbox::{
        deliveries::{self, NewDelivery},
        pacing::{self, HoldDecision},
    },
};
use kpid_rules::{
    evaluation::{EpisodeChange, Incident, IncidentKey, MovedNode},
    judgement::{ScorecardStanding, Standing},
    model::{Id, KpiRef, Period},
};

/// What a judgement leaves behind.
#[derive(Debug)]
pub struct Judgement {
    /// The scorecards as judged.
    pub standing: Standing,
    /// Those of which nothing was known before: they are compared with what is kept of them.
    pub anew: Vec<Arc<ScorecardStanding>>,
    /// Nodes of the others that stand otherwise than before.
    pub moved: Vec<MovedNode>,
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

impl Judgement {
    /// What it changes of what is held.
    pub(crate) fn changed(&self) -> BTreeSet<Changed> {
        let alerts = self.changes.iter().map(|change| change.scope.scorecard());
        let reports = self.reports.iter().map(|(scorecard, _)| scorecard);
        let of_scorecards = alerts.chain(reports).map(|id| Changed::Alerts(id.clone()));
        let incidents = self.incidents.iter().map(|(key, _)| match key.kpi() {
            Some(kpi) => Changed::Alerts(kpi.scorecard.clone()),
            None => Changed::Connections,
        });
        of_scorecards.chain(incidents).collect()
    }
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
        changes::note(&mut tx, &judgement.changed()).await?;
        write(&mut tx, &judgement, now).await?;
        tx.commit().await.explain("cannot write a judgement")?;
        Ok(judgement)
    }
}

/// Keeps what a judgement decided.
pub(crate) async fn write(
    tx: &mut SqliteConnection,
    judgement: &Judgement,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let (anew, config_hash) = (&judgement.anew, &judgement.standing.config);
    verdicts::record(tx, (anew, &judgement.moved), config_hash, now).await?;
    episode::record(tx, &judgement.standing, &judgement.changes, now).await?;
    incidents::record(tx, &judgement.incidents).await?;
    reports::record(tx, &judgement.reports).await?;
    deliveries::record(tx, &judgement.deliveries, now).await?;
    pacing::settle(tx, &judgement.hold_decisions, now).await
}
