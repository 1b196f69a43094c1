//! What judgements see, kept in memory by whoever judges: read once, then kept the same as the store
//! by what each batch writes and by what others note that they changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::ensure;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::{
    actuals::{
        attempts::Newest,
        collected::{Collected, Filed, Filing},
        collections,
        filing::FiledFigure,
        history,
        outcome::AttemptOutcome,
        revisions::Written,
    },
    database::{failure::Explain, store::Store},
    episodes::{episode, incidents, notes, silences},
    families::{
        changes::{self, Changed, FamilyId, OF_ALL},
        members,
    },
    judgement::{
        held::{self, Held},
        judge::Judgement,
        reports,
        verdicts::LastKept,
    },
};
use kpid_rules::{
    model::{Id, KpiRef},
    series::History,
};

/// All families of a configuration as the store has them.
#[derive(Debug)]
pub struct Memory {
    pub(crate) held: Held,
    pub(crate) last_kept: LastKept,
    /// Whether a batch began that is not committed.
    is_unsure: bool,
    /// The version of each family that is held.
    versions: BTreeMap<FamilyId, i64>,
    family_of: HashMap<Id, FamilyId>,
    /// The sum of all versions there are. Versions only rise, so it says whether any did.
    sum: i64,
    /// What may differ from the store: a batch changed it and was not committed.
    stale: BTreeSet<Changed>,
}

impl Memory {
    /// Reads everything held of these KPIs and families, and notes who is judged with whom.
    pub async fn load(
        store: &Store,
        families: &[Vec<Id>],
        kpis: &HashSet<KpiRef>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        store.group(families).await?;
        let mut tx = store.begin().await?;
        let family_of: HashMap<Id, FamilyId> = members::pairs(families).collect();
        let names = family_of.values().cloned().chain([OF_ALL.to_owned()]);
        let mut versions: BTreeMap<FamilyId, i64> = names.map(|name| (name, 0)).collect();
        versions.extend(changes::others_than(&mut tx, &versions).await?);
        let sum = changes::sum(&mut tx).await?;
        let held = held::load(&mut tx, kpis, now).await?;
        tx.rollback().await.explain("cannot read the store")?;
        let (last_kept, stale) = (LastKept::default(), BTreeSet::new());
        Ok(Self { held, last_kept, is_unsure: false, versions, family_of, sum, stale })
    }

    /// What is held.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// Whether what was collected says anything that is not held already. A reading that is one of
    /// several in its period does.
    pub fn is_news(&self, collected: &Collected) -> bool {
        let Collected { kpi, attempt, filing, filed } = collected;
        let Some(held) = self.held.history.kpi(kpi) else { return true };
        let outcome = attempt.as_ref().map(|attempt| attempt.outcome);
        let has_failed = outcome.is_some_and(|outcome| outcome != AttemptOutcome::Samples);
        let is_held = |filed: &Filed| {
            let actual = held.actual(filed.period);
            actual.is_some_and(|actual| {
                actual.figure == filed.figure && actual.target == filed.target
            })
        };
        has_failed != held.failure.is_some()
            || (!filed.is_empty() && !matches!(filing, Filing::Actuals))
            || !filed.iter().all(is_held)
    }

    /// Whether somebody else changed something since, or a batch was not committed.
    pub async fn is_behind(&self, store: &Store) -> anyhow::Result<bool> {
        let sum = changes::sum(&mut *store.read().await?).await?;
        Ok(sum != self.sum || !self.stale.is_empty())
    }

    /// Reads again what others changed and what a batch left behind that was not committed. Says
    /// what that is.
    pub(crate) async fn refresh(
        &mut self,
        tx: &mut SqliteConnection,
        now: DateTime<Utc>,
    ) -> anyhow::Result<BTreeSet<Changed>> {
        let sum = changes::sum(tx).await?;
        let mut others = Vec::new();
        if sum != self.sum {
            others = changes::others_than(tx, &self.versions).await?;
            for (family, _) in &others {
                let known = self.versions.get(family).copied().unwrap_or_default();
                self.stale.extend(changes::since(tx, family, known).await?);
            }
        }
        ensure!(
            !self.stale.contains(&Changed::Families),
            "another kpid with a different configuration uses this store; stop one of them"
        );
        if std::mem::replace(&mut self.is_unsure, true) || !self.stale.is_empty() {
            self.last_kept.forget();
        }
        self.read_again(tx, now).await?;
        self.versions.extend(others);
        self.sum = sum;
        Ok(std::mem::take(&mut self.stale))
    }

    async fn read_again(
        &mut self,
        tx: &mut SqliteConnection,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let (mut kpis, mut scorecards) = (Vec::new(), Vec::new());
        for changed in &self.stale {
            match changed {
                Changed::Figures(kpi) => kpis.push(kpi.clone()),
                Changed::Alerts(scorecard) => scorecards.push(scorecard.clone()),
                Changed::Connections | Changed::Families => {}
            }
        }
        if !kpis.is_empty() {
            self.read_figures(tx, &kpis).await?;
        }
        if !scorecards.is_empty() {
            let names = serde_json::to_string(&scorecards)?;
            let episodes = episode::load_of(tx, &names).await?;
            self.held.episodes.retain(|scope, _| !scorecards.contains(scope.scorecard()));
            self.held.episodes.extend(episodes);
            let kept = silences::load(tx, now).await?;
            self.held.silences = kept.into_iter().map(|kept| kept.silence).collect();
            self.held.notes = notes::load(tx).await?;
            self.held.reported = reports::load(tx).await?;
        }
        if self.stale.len() > kpis.len() {
            self.held.incidents = incidents::load(tx).await?;
        }
        Ok(())
    }

    async fn read_figures(
        &mut self,
        tx: &mut SqliteConnection,
        kpis: &[KpiRef],
    ) -> anyhow::Result<()> {
        let names =
            serde_json::to_string(&kpis.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let mut read = History::default();
        history::load(tx, &names, &mut read).await?;
        collections::load(tx, &names, &mut read).await?;
        let mut attempts = collections::newest_of(tx, &names).await?;
        for kpi in kpis {
            self.held.history.take_from(kpi, &mut read);
            self.held.attempts.set(kpi, attempts.remove(kpi));
        }
        Ok(())
    }

    /// Decides with the figures of some KPIs in view, or of all.
    pub(crate) fn see_only<T>(
        &mut self,
        seen: Option<&[&KpiRef]>,
        decide: impl FnOnce(&Held) -> T,
    ) -> T {
        let Some(seen) = seen else { return decide(&self.held) };
        let only = self.held.history.only(seen.iter().copied());
        let all = std::mem::replace(&mut self.held.history, only);
        let decided = decide(&self.held);
        self.held.history = all;
        decided
    }

    /// From now on, and until it is committed or read again, this may differ from the store.
    pub(crate) fn changes(&mut self, changed: &BTreeSet<Changed>) {
        self.stale.extend(changed.iter().cloned());
    }

    /// What was changed is in the store now, under the versions that were raised.
    pub(crate) fn committed(
        &mut self,
        changed: &BTreeSet<Changed>,
        raised: &BTreeMap<FamilyId, i64>,
    ) {
        self.is_unsure = false;
        self.stale.retain(|stale| !changed.contains(stale));
        for (family, version) in raised {
            self.versions.insert(family.clone(), version + 1);
            self.sum += 1;
        }
    }

    /// The versions of the families that something changed in.
    pub(crate) fn versions_of(&self, changed: &BTreeSet<Changed>) -> BTreeMap<FamilyId, i64> {
        let family = |changed: &Changed| match changed.scorecard() {
            Some(scorecard) => self.family_of.get(scorecard).map(String::as_str),
            None => Some(OF_ALL),
        };
        let known = |name: &str| Some((name.to_owned(), *self.versions.get(name)?));
        changed.iter().filter_map(family).filter_map(known).collect()
    }

    /// Takes in what was filed of what was collected.
    pub(crate) fn file(&mut self, collected: &[Collected], filed: &[FiledFigure]) {
        for FiledFigure { kpi, period, written, .. } in filed {
            let held = self.held.history.kpi_mut(kpi);
            match written {
                None => {}
                Some(Written::Appended(actual)) => {
                    held.actuals.entry(*period).or_default().push(*actual);
                }
                Some(Written::Replaced(actual)) => {
                    let revisions = held.actuals.entry(*period).or_default();
                    revisions.pop();
                    revisions.push(*actual);
                }
            }
        }
        for Collected { kpi, attempt, .. } in collected {
            let Some(attempt) = attempt else { continue };
            collections::take_in(attempt, self.held.history.kpi_mut(kpi));
            self.held.attempts.set(kpi, Some(Newest::of(attempt)));
        }
    }

    /// Takes in what a judgement decided.
    pub(crate) fn judged(&mut self, judgement: &Judgement) {
        let changes = judgement.changes.iter();
        let episodes = changes.map(|change| (change.scope.clone(), change.episode.clone()));
        self.held.episodes.extend(episodes);
        self.held.incidents.extend(judgement.incidents.iter().cloned());
        self.held.reported.extend(judgement.reports.iter().cloned());
    }
}
