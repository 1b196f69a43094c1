//! The watch over silences, quiet windows and working hours: what one kept back is judged again as
//! soon as it is over, by its end or by a person. It also looks whether a summary is due.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    engine::judgement,
    instance::Instance,
    outbox::{daily_summary, held_mail},
};
use kpid_clock::Clock;
use kpid_rules::model::{Id, Scope};

/// How often is looked. Whoever ends a silence waits no longer for what it kept back.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the watch works with.
pub(crate) struct Watch<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) clock: Clock,
    /// Woken when there may be deliveries.
    pub(crate) deliveries_ready: &'a Notify,
}

impl Watch<'_> {
    /// Watches until it is told to stop.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut silenced = HashSet::new();
        let mut owed: HashSet<Id> = HashSet::new();
        let mut has_released = false;
        loop {
            match self.silenced().await {
                Ok(now) => {
                    let over = silenced.difference(&now).map(|scope: &Scope| scope.scorecard());
                    owed.extend(over.cloned());
                    silenced = now;
                    self.judge(&mut owed).await;
                }
                Err(error) => error!("cannot look at silences: {error:#}"),
            }
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

    async fn silenced(&self) -> anyhow::Result<HashSet<Scope>> {
        let now = self.clock.now();
        let kept = self.instance.store.silences(now).await?;
        let holding = kept.into_iter().map(|kept| kept.silence);
        let holding = holding.filter(|silence| silence.holds(now)).map(|silence| silence.scope);
        Ok(holding.chain(self.quiet(now)).collect())
    }

    /// The nodes that are in a quiet window of their own.
    fn quiet(&self, now: DateTime<Utc>) -> Vec<Scope> {
        let mut quiet = Vec::new();
        for scorecard in self.instance.setup.portfolio.scorecards() {
            let local = now.with_timezone(&scorecard.calendar.zone).naive_local();
            let alerts = scorecard.alerts().into_iter();
            quiet.extend(alerts.filter(|(_, alert)| alert.is_quiet(local)).map(|(scope, _)| scope));
        }
        quiet
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
        for family in setup.portfolio.families() {
            if family.iter().any(|id| scorecards.contains(id)) {
                judgement::live(self.instance, &family, self.deliveries_ready, now).await?;
            }
        }
        Ok(true)
    }

    /// Judges what is owed a judgement; what cannot be judged stays owed.
    async fn judge(&self, owed: &mut HashSet<Id>) {
        for scorecard in owed.clone() {
            let scorecards = std::slice::from_ref(&scorecard);
            match judgement::live(
                self.instance,
                scorecards,
                self.deliveries_ready,
                self.clock.now(),
            )
            .await
            {
                Ok(_) => {
                    info!(%scorecard, "a silence in `{scorecard}` is over");
                    owed.remove(&scorecard);
                }
                Err(error) => error!(%scorecard, "cannot judge `{scorecard}`: {error:#}"),
            }
        }
    }
}
