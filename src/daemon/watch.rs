//! The watch over silences: what one kept back is judged again as soon as it is over, by its end or
//! by a person.

use std::{collections::HashSet, time::Duration};

use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    clock::Clock,
    daemon::{
        Engine,
        judge::{self, LIVE},
    },
    scorecard::{Id, Scope},
};

/// How often is looked. Whoever ends a silence waits no longer for what it kept back.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the watch works with.
pub(super) struct Watch<'a> {
    pub(super) engine: &'a Engine,
    pub(super) clock: Clock,
    /// Woken when there may be deliveries.
    pub(super) news: &'a Notify,
}

impl Watch<'_> {
    /// Watches until it is told to stop.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        let mut silenced = HashSet::new();
        let mut owed: HashSet<Id> = HashSet::new();
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
            if timeout(LOOK_EVERY, stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    async fn silenced(&self) -> anyhow::Result<HashSet<Scope>> {
        let now = self.clock.now();
        let kept = self.engine.store.silences(now).await?;
        let holding = kept.into_iter().map(|kept| kept.silence);
        Ok(holding.filter(|silence| silence.holds(now)).map(|silence| silence.scope).collect())
    }

    /// Judges what is owed a judgement; what cannot be judged stays owed.
    async fn judge(&self, owed: &mut HashSet<Id>) {
        for scorecard in owed.clone() {
            let scorecards = std::slice::from_ref(&scorecard);
            match judge::judge(self.engine, scorecards, LIVE, self.clock.now()).await {
                Ok(_) => {
                    info!(%scorecard, "a silence in `{scorecard}` is over");
                    owed.remove(&scorecard);
                    self.news.notify_waiters();
                }
                Err(error) => error!(%scorecard, "cannot judge `{scorecard}`: {error:#}"),
            }
        }
    }
}
