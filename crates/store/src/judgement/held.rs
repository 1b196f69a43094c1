//! Everything held of the KPIs, as a judgement sees it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::{
    actuals::{attempts::Attempts, collections, history},
    database::store::Store,
    episodes::{
        episode,
        incidents::{self, Incidents},
        notes, review_items, silences,
    },
    judgement::reports,
    outbox::{
        pacing::{self, WaitingDelivery},
        receipts::{self, Known},
    },
};
use kpid_rules::{
    alerting::{Episode, KeptReviewItem, Note, Silence},
    model::{Id, KpiRef, Period, Scope},
    series::History,
};

/// What is held, as a judgement sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// Everything collected.
    pub history: History,
    /// Where alerts stand.
    pub episodes: HashMap<Scope, Episode>,
    /// Silences that are not over, also those to come.
    pub silences: Vec<Silence>,
    /// What people wrote, the newest first.
    pub notes: Vec<Note>,
    /// What reviews took down, the newest first.
    pub review_items: Vec<KeptReviewItem>,
    /// Where trouble with data stands.
    pub incidents: Incidents,
    /// How the newest attempts to collect all KPIs went.
    pub attempts: Attempts,
    /// What is known of the messages of open alerts.
    pub known: HashMap<Scope, Known>,
    /// News that wait for working hours.
    pub waiting: Vec<WaitingDelivery>,
    /// The newest period of each scorecard that needs no report any more.
    pub reported: HashMap<Id, Period>,
}

impl Held {
    /// Holds something that a review took down as it is now.
    pub(crate) fn put(&mut self, kept: KeptReviewItem) {
        let at = self.review_items.partition_point(|held| held.id > kept.id);
        match self.review_items.get_mut(at).filter(|held| held.id == kept.id) {
            Some(held) => *held = kept,
            None => self.review_items.insert(at, kept),
        }
    }

    /// What nobody wants to hear of at `now`.
    pub fn silenced(&self, now: DateTime<Utc>) -> Vec<Scope> {
        let holding = self.silences.iter().filter(|silence| silence.holds(now));
        holding.map(|silence| silence.scope.clone()).collect()
    }
}

impl Store {
    /// Everything held of the KPIs, to look at.
    pub async fn held(&self, kpis: &HashSet<KpiRef>) -> anyhow::Result<Held> {
        let mut connection = self.read().await?;
        load(&mut connection, kpis, DateTime::UNIX_EPOCH).await
    }
}

/// What is held of some KPIs, and where the alerts of some scorecards stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldOf {
    /// What was collected of the KPIs.
    pub history: History,
    /// Where alerts of the scorecards stand.
    pub episodes: HashMap<Scope, Episode>,
}

impl Store {
    /// What the standing of some scorecards depends on, whose judgement looks at these KPIs; nothing
    /// is read of others.
    pub async fn held_of(
        &self,
        scorecards: &[Id],
        kpis: &HashSet<KpiRef>,
    ) -> anyhow::Result<HeldOf> {
        let mut connection = self.read().await?;
        let names: Vec<String> = kpis.iter().map(ToString::to_string).collect();
        let names = serde_json::to_string(&names)?;
        let mut history = History::default();
        history::load(&mut connection, &names, &mut history).await?;
        collections::load(&mut connection, &names, &mut history).await?;
        let scorecards = serde_json::to_string(scorecards)?;
        Ok(HeldOf { history, episodes: episode::load_of(&mut connection, &scorecards).await? })
    }
}

/// Reads it, within one transaction or none.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    kpis: &HashSet<KpiRef>,
    now: DateTime<Utc>,
) -> anyhow::Result<Held> {
    let names: Vec<String> = kpis.iter().map(ToString::to_string).collect();
    let names = serde_json::to_string(&names)?;
    let mut history = History::default();
    history::load(connection, &names, &mut history).await?;
    collections::load(connection, &names, &mut history).await?;
    let silences = silences::load(connection, now).await?;
    let episodes = episode::load(connection).await?;
    Ok(Held {
        history,
        known: receipts::load(connection, episodes.iter()).await?,
        episodes,
        silences: silences.into_iter().map(|kept| kept.silence).collect(),
        notes: notes::load(connection).await?,
        review_items: review_items::load(connection).await?,
        incidents: incidents::load(connection).await?,
        attempts: collections::newest(connection).await?.into_iter().collect(),
        waiting: pacing::waiting(connection).await?,
        reported: reports::load(connection).await?,
    })
}
