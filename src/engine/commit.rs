//! One commit of the owner: files what came, judges what it concerns, and keeps both in one
//! transaction. Who waits is answered, and deliveries are announced, only after it.

use std::collections::{BTreeSet, HashSet};

use crate::{
    engine::{
        collect,
        http_changes::{self, Kept},
        judgement::{self, LIVE},
        owner::Owner,
    },
    web::change::Change,
};
use kpid_rules::{
    evaluation::EpisodeChange,
    model::{Id, KpiRef, Period},
};
use kpid_store::{Changed, Collected};

/// What was committed, to be told.
#[derive(Default)]
pub(super) struct Committed {
    frozen: Vec<(KpiRef, Period)>,
    kept: Vec<Kept>,
    changes: Vec<EpisodeChange>,
    families_judged: u64,
    /// KPIs of which something came.
    kpis: HashSet<KpiRef>,
}

impl Owner {
    /// Commits what has come to these families, and what somebody asked for; or nothing of it.
    pub(super) async fn try_commit(
        &mut self,
        families: &[usize],
        asked: &[Change],
    ) -> anyhow::Result<Committed> {
        let now = self.clock.now();
        let Self { instance, families: index, memory, pending, .. } = self;
        let mut owe = |scorecard: &Id| {
            if let Some(family) = index.of_scorecard(scorecard) {
                let pending = pending.entry(family).or_default();
                pending.owed.insert(scorecard.clone());
                pending.is_due = true;
            }
        };
        let (mut batch, others) = instance.store.batch(memory, now).await?;
        let mut committed = Committed::default();
        // Owed until it is committed; it is judged now if its family is among these, else next.
        for changed in &others {
            match changed {
                Changed::Figures(kpi) => {
                    index.readers(kpi).for_each(&mut owe);
                    committed.kpis.insert(kpi.clone());
                }
                Changed::Alerts(scorecard) => owe(scorecard),
                Changed::Connections | Changed::Families => {}
            }
        }
        for change in asked {
            let kept = http_changes::keep(instance, &mut batch, change, now).await?;
            kept.kpis.iter().flat_map(|kpi| index.readers(kpi)).for_each(&mut owe);
            kept.acknowledged.iter().for_each(|scope| owe(scope.scorecard()));
            committed.kpis.extend(kept.kpis.iter().cloned());
            committed.kept.push(kept);
        }
        let come = families.iter().filter_map(|family| pending.get(family));
        let collected: Vec<Collected> =
            come.flat_map(|pending| pending.collected.iter().cloned()).collect();
        if !collected.is_empty() {
            committed.frozen = batch.record(&collected).await?;
            committed.kpis.extend(collected.into_iter().map(|collected| collected.kpi));
        }
        let mut concerned: HashSet<Id> = HashSet::new();
        for family in families {
            let Some(pending) = pending.get(family).filter(|pending| pending.is_due) else {
                continue;
            };
            let came = pending.collected.iter().map(|collected| &collected.kpi);
            let came = came.chain(&pending.filed);
            concerned.extend(came.flat_map(|kpi| index.readers(kpi)).cloned());
            concerned.extend(pending.owed.iter().cloned());
        }
        let mut judged: HashSet<Id> = HashSet::new();
        let mut next = index.in_order(&concerned);
        while !next.is_empty() {
            judged.extend(next.iter().cloned());
            let of_now: HashSet<Id> = next.iter().cloned().collect();
            let seen = index.seen_by(&of_now);
            let judgement = batch
                .judge(&of_now, seen.as_deref(), |held| {
                    judgement::decide(instance, &next, held, LIVE, now)
                })
                .await?;
            let below = judgement::units_below_ended(&instance.setup.portfolio, &judgement);
            next = index.in_order(below.iter().filter(|id| !judged.contains(*id)));
            committed.changes.extend(judgement.changes);
        }
        batch.commit().await?;
        let families: BTreeSet<_> = judged.iter().map(|id| index.of_scorecard(id)).collect();
        committed.families_judged = families.len() as u64;
        Ok(committed)
    }
}

impl Committed {
    /// Tells whoever waits for it.
    pub(super) fn tell(self, owner: &Owner, asked: Vec<Change>) {
        owner.periods.update(&self.kpis, &owner.memory.held().history);
        let metrics = &owner.instance.metrics;
        metrics.commits.inc();
        metrics.judgements.inc_by(self.families_judged);
        for (kpi, period) in self.frozen {
            collect::tell_frozen(kpi, period);
        }
        self.changes.iter().for_each(judgement::tell);
        if self.families_judged > 0 {
            owner.deliveries_ready.notify_waiters();
        }
        for (change, kept) in asked.into_iter().zip(self.kept) {
            http_changes::answer(change, kept);
        }
    }
}
