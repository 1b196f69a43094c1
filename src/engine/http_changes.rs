//! Changes that came over HTTP: each is kept in a commit of the owner, with the judgement of what it
//! concerns, and answered after it.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tracing::info;

use crate::{
    engine::{
        collect,
        push_parser::{self, Readings},
    },
    instance::Instance,
    web::change::{Acknowledge, Change, Push, PushAnswer},
};
use kpid_rules::{
    evaluation::SeriesChange,
    model::{KpiRef, Scope},
};
use kpid_store::{
    self, AcknowledgedByLink, Acted, Batch, Collected, Frozen, OperatorAct, Pushed, Receipt,
    SessionChange,
};

/// What became of a change, and what is to be judged because of it.
#[derive(Default)]
pub(super) struct Kept {
    /// KPIs that a push brought figures of, and what that changes of each.
    pub(super) kpis: Vec<(KpiRef, SeriesChange)>,
    /// The node whose alert somebody acknowledged, or about which they did something else. Channels
    /// hear of it by the judgement.
    pub(super) touched: Option<Scope>,
    push: Option<PushAnswer>,
    acted: Option<Acted>,
}

/// Keeps a change.
pub(super) async fn keep(
    instance: &Instance,
    batch: &mut Batch<'_>,
    change: &Change,
    now: DateTime<Utc>,
) -> anyhow::Result<Kept> {
    match change {
        Change::Push(push, _) => {
            let (answer, kpis) = keep_push(instance, batch, push, now).await?;
            Ok(Kept { kpis, push: Some(answer), ..Kept::default() })
        }
        Change::Acknowledge(change, _) => {
            let Acknowledge { dedup_key, acknowledgement } = change;
            let came = batch.acknowledge_by_link(dedup_key, acknowledgement).await?;
            let acknowledged = match came {
                AcknowledgedByLink::Done(scope) => Some(scope),
                AcknowledgedByLink::Already | AcknowledgedByLink::NotOpen => None,
            };
            Ok(Kept { touched: acknowledged, ..Kept::default() })
        }
        Change::Act(change, _) => {
            let zone = instance.setup.calendar.zone;
            let acted = batch.act(&change.act, &change.way, zone).await?;
            let touched = match &acted {
                Acted::Done(scope, _) => Some(scope.clone()),
                Acted::NotOpen => None,
            };
            Ok(Kept { touched, acted: Some(acted), ..Kept::default() })
        }
        Change::Session(change, _) => {
            batch.session(change).await?;
            Ok(Kept::default())
        }
    }
}

/// Answers a change that was kept. Whoever asked may have gone: asking again is answered the same.
pub(super) fn answer(change: Change, kept: Kept) {
    match (change, kept.push) {
        (Change::Act(change, answer), _) => {
            if let Some(scope) = &kept.touched {
                info!(%scope, "{} {}", told(&change.act, scope), change.way);
            }
            let _ = answer.send(kept.acted);
        }
        (Change::Push(push, answer), Some(came)) => {
            // What was pushed before is not told again.
            if let (PushAnswer::Kept(receipt), false) = (&came, kept.kpis.is_empty()) {
                tell(push.connection.as_str(), receipt);
            }
            let _ = answer.send(came);
        }
        (Change::Push(_, answer), None) => drop(answer.send(PushAnswer::NotKept)),
        (Change::Acknowledge(change, answer), _) => {
            if let Some(scope) = kept.touched {
                let by = change.acknowledgement.by;
                info!(%scope, "`{scope}` is acknowledged by `{by}`, by the link in a mail");
            }
            let _ = answer.send(true);
        }
        (Change::Session(change, answer), _) => {
            tell_login(&change);
            let _ = answer.send(true);
        }
    }
}

fn tell_login(change: &SessionChange) {
    match change {
        SessionChange::Begin { by: (by, way), .. } => info!("`{by}` logged in {way}"),
        SessionChange::End { by: (by, way), .. } => info!("`{by}` logged out {way}"),
        SessionChange::Seen(..) => {}
    }
}

/// Answers changes that could not be kept.
pub(super) fn refuse(changes: Vec<Change>) {
    for change in changes {
        match change {
            Change::Push(_, answer) => drop(answer.send(PushAnswer::NotKept)),
            Change::Acknowledge(_, answer) | Change::Session(_, answer) => {
                let _ = answer.send(false);
            }
            Change::Act(_, answer) => drop(answer.send(None)),
        }
    }
}

/// What was done, for the log.
fn told(act: &OperatorAct, scope: &Scope) -> String {
    match act {
        OperatorAct::Acknowledge { acknowledgement, .. } => {
            format!("`{scope}` is acknowledged by `{}`,", acknowledgement.by)
        }
        OperatorAct::Silence(silence) => format!("`{scope}` is silenced by `{}`,", silence.by),
        OperatorAct::Note(note) => format!("`{}` wrote a note about `{scope}`,", note.by),
        OperatorAct::TakeDown(item) => {
            format!("`{}` took something down about `{scope}` in a review,", item.by)
        }
        OperatorAct::Settle { id, state, by } => {
            format!("`{by}` says that action {id} of `{scope}` is {},", state.word())
        }
    }
}

/// Keeps a push; also says of which KPIs it brought figures.
async fn keep_push(
    instance: &Instance,
    batch: &mut Batch<'_>,
    push: &Push,
    now: DateTime<Utc>,
) -> anyhow::Result<(PushAnswer, Vec<(KpiRef, SeriesChange)>)> {
    let Readings { collected, nulls } = match push_parser::read(&instance.setup, push, now) {
        Ok(readings) => readings,
        Err(refused) => return Ok((refused, Vec::new())),
    };
    let kpis = collected.iter().map(|(kpi, held)| (kpi.clone(), held.change())).collect();
    let collected: Vec<Collected> = collected.into_iter().map(|(_, held)| held).collect();
    let body: String =
        Sha256::digest(&push.body).iter().map(|byte| format!("{byte:02x}")).collect();
    let named = kpid_store::Push {
        connection: push.connection.as_str(),
        by: &push.by,
        key: push.key.as_deref(),
        body: &body,
        nulls,
        at: now,
    };
    Ok(match batch.push(named, &collected).await? {
        Pushed::Kept(receipt) => (PushAnswer::Kept(receipt), kpis),
        Pushed::Repeated(receipt) => (PushAnswer::Kept(receipt), Vec::new()),
        Pushed::KeyTaken => (PushAnswer::KeyTaken, Vec::new()),
    })
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
