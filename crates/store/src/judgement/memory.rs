//! What judgements see, kept in memory by whoever judges: read once, then kept the same as the store
//! by what each batch writes and by what others note that they changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::ensure;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::{
    actuals::{
        attempts::Newest,
        collected::{Attempt, Collected, Filed, Filing},
        collections,
        filing::FiledFigure,
        history,
        outcome::AttemptOutcome,
        revisions::Written,
        seen_again::SeenAgain,
    },
    database::{failure::Explain, store::Store},
    episodes::{episode, incidents, notes, review_items, silences},
    families::{
        changes::{self, Changed, FamilyId, OF_ALL},
        members,
    },
    judgement::{
        held::{self, Held},
        judge::Judgement,
        reports,
    },
};
use kpid_rules::{
    alerting::Episode,
    model::{Id, KpiRef, Scope},
    series::History,
};

/// All families of a configuration as the store has them.
#[derive(Debug)]
pub struct Memory {
    pub(crate) held: Held,
    pub(crate) seen_again: SeenAgain,
    /// The nodes of each scorecard whose alerts are open.
    open: HashMap<Id, BTreeSet<Scope>>,
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
        let stale = BTreeSet::new();
        let (seen_again, open) = (SeenAgain::default(), HashMap::new());
        let mut memory = Self { held, seen_again, open, versions, family_of, sum, stale };
        memory.find_open(None);
        Ok(memory)
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

    /// The version of the store that is held: the sum of those of all families.
    pub fn version(&self) -> i64 {
        self.sum
    }

    /// Whether something has waited for long enough to be written.
    pub fn is_owing(&self, now: DateTime<Utc>) -> bool {
        self.seen_again.is_due(now)
    }

    /// Whether nothing in memory may differ from the store by what a batch left that was not committed.
    pub fn is_as_stored(&self) -> bool {
        self.stale.is_empty()
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
            self.find_open(Some(&scorecards));
            let kept = silences::load(tx, now).await?;
            self.held.silences = kept.into_iter().map(|kept| kept.silence).collect();
            self.held.notes = notes::load(tx).await?;
            self.held.review_items = review_items::load(tx).await?;
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
            self.seen_again.renew(kpi, &mut self.held.history, &mut self.held.attempts);
        }
        Ok(())
    }

    /// The open alerts of some scorecards.
    pub(crate) fn open_alerts(&self, scorecards: &[&Id]) -> Vec<(&Scope, &Episode)> {
        let open = scorecards.iter().filter_map(|id| self.open.get(*id)).flatten();
        open.filter_map(|scope| self.held.episodes.get_key_value(scope)).collect()
    }

    /// Takes in where an alert stands now.
    pub(crate) fn set_episode(&mut self, scope: Scope, episode: Episode) {
        let open = self.open.entry(scope.scorecard().clone()).or_default();
        match episode.is_open() {
            true => open.insert(scope.clone()),
            false => open.remove(&scope),
        };
        self.held.episodes.insert(scope, episode);
    }

    /// Finds the open alerts of some scorecards anew, or of all.
    fn find_open(&mut self, scorecards: Option<&[Id]>) {
        let is_one = |id: &Id| scorecards.is_none_or(|some| some.contains(id));
        self.open.retain(|id, _| !is_one(id));
        let open = self.held.episodes.iter().filter(|(_, episode)| episode.is_open());
        for (scope, _) in open.filter(|(scope, _)| is_one(scope.scorecard())) {
            self.open.entry(scope.scorecard().clone()).or_default().insert(scope.clone());
        }
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

    /// Whether an attempt says no more than that collecting goes on as before.
    pub(crate) fn is_as_before(&self, kpi: &KpiRef, attempt: &Attempt) -> bool {
        let held = self.held.history.kpi(kpi);
        let is_known = self.held.attempts.get(kpi).is_some_and(|newest| newest.failure.is_none());
        let has_succeeded = attempt.outcome == AttemptOutcome::Samples && attempt.message.is_none();
        let is_slot = attempt.slot.is_some() && held.is_some_and(|held| held.asked.is_some());
        is_known
            && is_slot
            && has_succeeded
            && attempt.missed == 0
            && held.is_some_and(|held| held.failure.is_none())
    }

    /// Takes in what was filed of what was collected.
    pub(crate) fn file(&mut self, collected: &[Collected], filed: &[FiledFigure]) {
        for FiledFigure { kpi, period, written, .. } in filed {
            let held = self.held.history.kpi_mut(kpi);
            match written {
                None => {}
                Some(Written::Appended(actual)) => held.append(*period, *actual),
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

    /// Takes in that actuals were seen again as they are held.
    pub(crate) fn see_again(&mut self, collected: &[Collected], now: DateTime<Utc>) {
        for Collected { kpi, filed, .. } in collected {
            for filed in filed {
                let held = self.held.history.kpi_mut(kpi).actuals.get_mut(&filed.period);
                let newest = held.and_then(|revisions| revisions.last_mut());
                let Some(newest) = newest.filter(|held| held.observed_at < filed.observed_at)
                else {
                    continue;
                };
                newest.observed_at = filed.observed_at;
                self.seen_again.note(kpi, filed.period, *newest, now);
            }
        }
    }

    /// Takes in what a judgement decided.
    pub(crate) fn judged(&mut self, judgement: &Judgement) {
        for change in &judgement.changes {
            self.set_episode(change.scope.clone(), change.episode.clone());
        }
        self.held.incidents.extend(judgement.incidents.iter().cloned());
        self.held.reported.extend(judgement.reports.iter().cloned());
    }
}
