//! The watch over working hours: what waited for them is judged again as soon as they begin. It also
//! looks whether a summary is due.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    engine::{families::Families, owner::Arrival},
    instance::Instance,
    outbox::{daily_summary, held_mail},
};
use kpid_clock::Clock;
use kpid_rules::model::Id;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the watch works with.
pub(crate) struct Watch<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) clock: Clock,
    /// Woken when there may be deliveries.
    pub(crate) deliveries_ready: &'a Notify,
    pub(crate) families: &'a Families,
    /// Where the owner takes what is to be judged.
    pub(crate) arrivals: &'a mpsc::Sender<Arrival>,
}

impl Watch<'_> {
    /// Watches until it is told to stop.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut has_released = false;
        loop {
            // A configuration that is new may have other hours: the first time that they are open,
            // everything that waits is looked at.
            match self.release(!has_released).await {
                Ok(are_open) => has_released |= are_open,
                Err(error) => error!("cannot judge what waited for working hours: {error:#}"),
            }
            match daily_summary::summarise(self.instance, self.clock.now()).await {
                Ok(0) => {}
                Ok(_) => self.deliveries_ready.notify_waiters(),
                Err(error) => error!("cannot write summaries: {error:#}"),
            }
            if timeout(LOOK_EVERY, stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    /// Has what waited for hours that have begun judged again; `all` of it, whenever its hours were
    /// to begin. Says whether the hours are open, so that there was something to be done.
    async fn release(&self, all: bool) -> anyhow::Result<bool> {
        let (store, setup, now) = (&self.instance.store, &self.instance.setup, self.clock.now());
        if now < held_mail::pace(setup, now).opening {
            return Ok(false);
        }
        let mut waiting = store.waiting().await?;
        waiting.retain(|waiting| all || waiting.due_at <= now);
        if waiting.is_empty() {
            return Ok(true);
        }
        let episodes = store.episodes().await?;
        let mut scorecards: HashSet<Id> = HashSet::new();
        let mut orphans = Vec::new();
        for waiting in &waiting {
            match held_mail::scorecard_of(&waiting.dedup_key, episodes.iter()) {
                Some(id) if setup.portfolio.scorecard(&id).is_some() => drop(scorecards.insert(id)),
                _ => orphans.push(waiting.id),
            }
        }
        store.overtaken(&orphans, held_mail::NOT_CONFIGURED, now).await?;
        let families: BTreeSet<usize> =
            scorecards.iter().filter_map(|id| self.families.of_scorecard(id)).collect();
        for family in families {
            // Nobody takes it only when the daemon stops.
            let _ = self.arrivals.send(Arrival::Look(family)).await;
        }
        Ok(true)
    }
}
