//! One commit of the owner: files what came, judges what changed by it, and keeps both in one
//! transaction. Who waits is answered, and deliveries are announced, only after it.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    engine::{
        collect,
        http_changes::{self, Kept},
        judgement,
        owner::{Owner, Pending},
        rejudgement,
        step::{Step, Stepped},
    },
    web::change::Change,
};
use kpid_rules::{
    evaluation::{Changes, EpisodeChange, Family, SeriesChange},
    model::{Id, KpiRef, Period},
};
use kpid_store::{Attempts, Changed, Collected};

/// How soon is looked again whether a message has arrived that is on its way: reminders count from then.
const ARRIVAL_LOOK: TimeDelta = TimeDelta::minutes(1);

/// What was committed, to be told.
#[derive(Default)]
pub(super) struct Committed {
    frozen: Vec<(KpiRef, Period)>,
    kept: Vec<Kept>,
    changes: Vec<EpisodeChange>,
    /// KPIs of which something came.
    kpis: HashSet<KpiRef>,
    /// The families that were judged, each with when it is next.
    pub(super) judged: Vec<(usize, Option<DateTime<Utc>>)>,
    /// There may be something to deliver.
    tells: bool,
    work: Work,
}

/// How much was judged.
#[derive(Default)]
struct Work {
    kpis: usize,
    rolled_up: usize,
}

impl Owner {
    /// Commits what has come to these families, and what somebody asked for; or nothing of it.
    pub(super) async fn try_commit(
        &mut self,
        families: &[usize],
        asked: &[Change],
    ) -> anyhow::Result<Committed> {
        let now = self.clock.now();
        let Self { instance, families: index, memory, pending, judged, .. } = self;
        // A step that was not committed: the next one judges anew whatever the store holds then.
        for family in std::mem::take(&mut self.guessed) {
            judged.get_mut(family).into_iter().for_each(Family::forget);
        }
        let mut owe = |scorecard: &Id, note: &dyn Fn(&mut Changes)| {
            if let Some(family) = index.of_scorecard(scorecard) {
                let pending: &mut Pending = pending.entry(family).or_default();
                note(&mut pending.changes);
                (pending.is_due, pending.is_news) = (true, true);
            }
        };
        let (mut batch, others) = instance.store.batch(memory, now).await?;
        let mut committed = Committed::default();
        // Owed until it is committed; it is judged now if its family is among these, else next.
        for changed in &others {
            match changed {
                Changed::Figures(kpi) => {
                    let figures = (kpi.clone(), SeriesChange::All);
                    owe(&kpi.scorecard, &|changes| changes.kpis.push(figures.clone()));
                    committed.kpis.insert(kpi.clone());
                }
                Changed::Alerts(scorecard) => {
                    owe(scorecard, &|changes| changes.alerts.extend([scorecard.clone()]));
                }
                Changed::Connections | Changed::Families => {}
            }
        }
        self.looks_at_others |= !others.is_empty();
        if !self.is_rejudged
            && !rejudgement::awaiting(&instance.setup, &batch.held().episodes).is_empty()
        {
            // Before anything newer is filed.
            let decide = |held: &_| rejudgement::decide(&instance.setup, held, now);
            batch.judge(&[], decide).await?;
        }
        for change in asked {
            let kept = http_changes::keep(instance, &mut batch, change, now).await?;
            for (kpi, figures) in &kept.kpis {
                let figures = (kpi.clone(), *figures);
                owe(&kpi.scorecard, &|changes| changes.kpis.push(figures.clone()));
                committed.kpis.insert(kpi.clone());
            }
            if let Some(scope) = &kept.touched {
                let scorecard = scope.scorecard();
                owe(scorecard, &|changes| changes.alerts.extend([scorecard.clone()]));
            }
            committed.kept.push(kept);
        }
        let come = families.iter().filter_map(|family| pending.get(family));
        let collected: Vec<Collected> =
            come.flat_map(|pending| pending.collected.iter().cloned()).collect();
        if !collected.is_empty() {
            self.looks_at_others |= are_failing_others(&batch.held().attempts, &collected);
            committed.frozen = batch.record(&collected).await?;
            committed.kpis.extend(collected.into_iter().map(|collected| collected.kpi));
        }
        let due = families.iter().filter_map(|family| {
            let pending = pending.get(family).filter(|pending| pending.is_due)?;
            let mut changes = pending.changes.clone();
            let collected = pending.collected.iter();
            changes.kpis.extend(collected.map(|held| (held.kpi.clone(), held.change())));
            Some((*family, changes))
        });
        let due: Vec<(usize, Changes)> = due.collect();
        if !due.is_empty() {
            let today = instance.setup.calendar.local_day(now);
            self.looks_at_others |= self.others_looked_on != Some(today);
            // Until it is committed, what they stand at is no more than a guess.
            self.guessed = due.iter().map(|(family, _)| *family).collect();
            let (instance, families, due) = (&**instance, &**index, &*due);
            let step = Step { instance, families, due, looks_at_others: self.looks_at_others, now };
            let scorecards = due.iter().flat_map(|(family, _)| index.scorecards_of(*family));
            let scorecards: Vec<&Id> = scorecards.collect();
            let mut stepped = None;
            let judgement = batch.judge(&scorecards, |held| {
                let Stepped { judgement, applied, awaited } = step.take(judged, held);
                stepped = Some((applied, awaited));
                judgement
            });
            let judgement = judgement.await?;
            committed.tells =
                !judgement.deliveries.is_empty() || !judgement.hold_decisions.is_empty();
            committed.changes = judgement.changes;
            let (applied, awaited) = stepped.unwrap_or_default();
            for ((family, _), applied) in due.iter().zip(applied) {
                committed.work.kpis += applied.judged.len();
                committed.work.rolled_up += applied.rolled_up.len();
                let look = awaited.contains(family).then(|| now + ARRIVAL_LOOK);
                let deadline = applied.deadline.into_iter().chain(look).min();
                committed.judged.push((*family, deadline));
            }
        }
        batch.commit().await?;
        self.is_rejudged = true;
        self.guessed.clear();
        if !committed.judged.is_empty() {
            self.looks_at_others = false;
            self.others_looked_on = Some(instance.setup.calendar.local_day(now));
        }
        Ok(committed)
    }
}

/// Whether other KPIs fail than before.
fn are_failing_others(attempts: &Attempts, collected: &[Collected]) -> bool {
    collected.iter().any(|collected| {
        let fails = collected.attempt.as_ref().map(|attempt| attempt.has_failed());
        let failed = attempts.failed().contains(&collected.kpi);
        fails.is_some_and(|fails| fails != failed)
    })
}

impl Committed {
    /// Tells whoever waits for it. Says whether there are deliveries.
    pub(super) fn tell(self, owner: &Owner, asked: Vec<Change>) -> bool {
        owner.told.periods.update(&self.kpis, &owner.memory.held().history);
        let metrics = &owner.instance.metrics;
        metrics.commits.inc();
        metrics.judgements.inc_by(self.judged.len() as u64);
        metrics.kpis_judged.inc_by(self.work.kpis as u64);
        metrics.nodes_rolled_up.inc_by(self.work.rolled_up as u64);
        for (kpi, period) in self.frozen {
            collect::tell_frozen(kpi, period);
        }
        self.changes.iter().for_each(judgement::tell);
        if self.tells {
            owner.told.deliveries_ready.notify_waiters();
        }
        for (change, kept) in asked.into_iter().zip(self.kept) {
            http_changes::answer(change, kept);
        }
        self.tells
    }
}
