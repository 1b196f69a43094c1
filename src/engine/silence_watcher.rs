//! The watch over silences, quiet windows and working hours: what one kept back is judged again as
//! soon as it is over, by its end or by a person. It also looks whether a summary is due.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use chrono_tz::Tz;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    engine::{families::Families, owner::Arrival},
    instance::Instance,
    outbox::{daily_summary, held_mail},
};
use kpid_clock::Clock;
use kpid_rules::model::{AlertPolicy, Id, Portfolio, Scope};

/// How often is looked. Whoever ends a silence waits no longer for what it kept back.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A node with quiet windows, and the zone they are in.
type Quiet<'s> = (Scope, &'s AlertPolicy, Tz);

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
        let quiet = quiet(&self.instance.setup.portfolio);
        let mut silenced = HashSet::new();
        let mut owed: HashSet<Id> = HashSet::new();
        let mut has_released = false;
        loop {
            match self.silenced(&quiet).await {
                Ok(now) => {
                    let over = silenced.difference(&now).map(|scope: &Scope| scope.scorecard());
                    owed.extend(over.cloned());
                    silenced = now;
                    for scorecard in owed.drain() {
                        info!(%scorecard, "a silence in `{scorecard}` is over");
                        if let Some(family) = self.families.of_scorecard(&scorecard) {
                            self.judge(family, vec![scorecard]).await;
                        }
                    }
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

    async fn silenced(&self, quiet: &[Quiet<'_>]) -> anyhow::Result<HashSet<Scope>> {
        let now = self.clock.now();
        let kept = self.instance.store.silences(now).await?;
        let holding = kept.into_iter().map(|kept| kept.silence);
        let holding = holding.filter(|silence| silence.holds(now)).map(|silence| silence.scope);
        let quiet = quiet
            .iter()
            .filter(|(_, alert, zone)| alert.is_quiet(now.with_timezone(zone).naive_local()));
        Ok(holding.chain(quiet.map(|(scope, ..)| scope.clone())).collect())
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
            self.judge(family, self.families.scorecards_of(family).to_vec()).await;
        }
        Ok(true)
    }

    /// Has scorecards of a family judged.
    async fn judge(&self, family: usize, owed: Vec<Id>) {
        // Nobody takes it only when the daemon stops.
        let _ = self.arrivals.send(Arrival::Due { family, owed, committed: None }).await;
    }
}

/// The nodes that have quiet windows of their own.
fn quiet(portfolio: &Portfolio) -> Vec<Quiet<'_>> {
    let mut quiet = Vec::new();
    for scorecard in portfolio.scorecards() {
        let alerts = scorecard.alerts().into_iter().filter(|(_, alert)| !alert.quiet.is_empty());
        quiet.extend(alerts.map(|(scope, alert)| (scope, alert, scorecard.calendar.zone)));
    }
    quiet
}
