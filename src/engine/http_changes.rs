//! Changes that came over HTTP, kept one after the other. Each is answered as soon as it is kept;
//! what it concerns is judged then.

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tracing::{error, info};

use crate::{
    engine::{
        collect, judgement,
        push_parser::{self, Readings},
    },
    instance::Instance,
    web::change::{Acknowledge, Change, Push, PushAnswer, WAITING_MAX},
};
use kpid_clock::Clock;
use kpid_rules::model::Id;
use kpid_store::{self, AcknowledgedByLink, Collected, Frozen, Pushed, Receipt};

/// How long a store that refused is left alone.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// What changes are kept with.
pub(crate) struct ChangeWorker {
    pub(crate) instance: Arc<Instance>,
    pub(crate) clock: Clock,
    /// Woken when there may be deliveries.
    pub(crate) deliveries_ready: Arc<Notify>,
}

impl ChangeWorker {
    /// Keeps changes until nobody can make any; what comes together is judged together.
    pub(crate) async fn serve(&self, mut changes: mpsc::Receiver<Change>) {
        let mut unjudged: Vec<Id> = Vec::new();
        loop {
            let next = match unjudged.is_empty() {
                true => changes.recv().await,
                false => match timeout(RETRY_PAUSE, changes.recv()).await {
                    Ok(next) => next,
                    Err(_elapsed) => {
                        self.judge(&mut unjudged).await;
                        continue;
                    }
                },
            };
            let Some(change) = next else { break };
            self.keep(change, &mut unjudged).await;
            for _ in 0..WAITING_MAX {
                let Ok(change) = changes.try_recv() else { break };
                self.keep(change, &mut unjudged).await;
            }
            self.judge(&mut unjudged).await;
        }
    }

    async fn keep(&self, change: Change, unjudged: &mut Vec<Id>) {
        let mut judged_next = |scorecards: Vec<Id>| {
            let further: Vec<Id> =
                scorecards.into_iter().filter(|id| !unjudged.contains(id)).collect();
            unjudged.extend(further);
        };
        match change {
            Change::Push(push, answer) => {
                let (came, scorecards) = self.push(&push).await;
                judged_next(scorecards);
                // Whoever asked may have gone; asking again is answered the same.
                let _ = answer.send(came);
            }
            Change::Acknowledge(change, answer) => {
                let came = self.acknowledge(&change).await;
                if let Ok(AcknowledgedByLink::Done(scope)) = &came {
                    // Channels hear of it with the next judgement.
                    judged_next(vec![scope.scorecard().clone()]);
                }
                if let Err(error) = &came {
                    error!("cannot keep an acknowledgement: {error:#}");
                }
                // Whoever asked may have gone; what is so is shown when it is asked for.
                let _ = answer.send(came.is_ok());
            }
        }
    }

    /// Keeps a push; also says which scorecards it concerns.
    async fn push(&self, push: &Push) -> (PushAnswer, Vec<Id>) {
        let now = self.clock.now();
        let Readings { collected, nulls } = match push_parser::read(&self.instance.setup, push, now)
        {
            Ok(readings) => readings,
            Err(refused) => return (refused, Vec::new()),
        };
        let (kpis, collected): (_, Vec<Collected>) = collected.into_iter().unzip();
        let connection = push.connection.as_str();
        let body: String =
            Sha256::digest(&push.body).iter().map(|byte| format!("{byte:02x}")).collect();
        let named = kpid_store::Push {
            connection,
            by: &push.by,
            key: push.key.as_deref(),
            body: &body,
            nulls,
            at: now,
        };
        match self.instance.store.push(named, &collected).await {
            Ok(Pushed::Kept(receipt)) => {
                tell(connection, &receipt);
                (PushAnswer::Kept(receipt), self.instance.setup.portfolio.affected_by(&kpis))
            }
            Ok(Pushed::Repeated(receipt)) => (PushAnswer::Kept(receipt), Vec::new()),
            Ok(Pushed::KeyTaken) => (PushAnswer::KeyTaken, Vec::new()),
            Err(error) => {
                error!(connection, "cannot keep what `{connection}` pushed: {error:#}");
                (PushAnswer::NotKept, Vec::new())
            }
        }
    }

    async fn acknowledge(&self, change: &Acknowledge) -> anyhow::Result<AcknowledgedByLink> {
        let Acknowledge { dedup_key, acknowledgement } = change;
        let came = self.instance.store.acknowledge_by_link(dedup_key, acknowledgement).await?;
        if let AcknowledgedByLink::Done(scope) = &came {
            let by = &acknowledgement.by;
            info!(%scope, "`{scope}` is acknowledged by `{by}`, by the link in a mail");
        }
        Ok(came)
    }

    /// Judges what is owed a judgement; what cannot be judged stays owed.
    async fn judge(&self, unjudged: &mut Vec<Id>) {
        if unjudged.is_empty() {
            return;
        }
        match judgement::live(&self.instance, unjudged, &self.deliveries_ready, self.clock.now())
            .await
        {
            Ok(_) => unjudged.clear(),
            Err(error) => error!("cannot judge what came over HTTP: {error:#}"),
        }
    }
}

fn tell(connection: &str, receipt: &Receipt) {
    let Receipt { stored, revised, unchanged, null, frozen } = receipt;
    info!(
        connection,
        stored,
        revised,
        unchanged,
        null,
        "`{connection}` pushed: {stored} figures stored, {revised} revised, {unchanged} unchanged"
    );
    for Frozen { kpi, period } in frozen {
        collect::tell_frozen(kpi, period);
    }
}
