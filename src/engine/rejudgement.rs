//! Before newer figures are filed: what an edited configuration makes of those that alerts counted
//! last. Otherwise a worsening that comes with the edit would count as made by it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use kpid_config::setup::Setup;
use kpid_rules::{
    alerting::Episode,
    evaluation::rejudge,
    judgement::Standing,
    model::{Id, KpiRef, Scope},
};
use kpid_store::{Held, Judgement, Store};

/// Keeps what the configuration makes of the figures that open alerts counted last, where another
/// one judged them. Nobody is told of it.
pub async fn keep(setup: &Setup, store: &Store, now: DateTime<Utc>) -> anyhow::Result<()> {
    let episodes = store.episodes().await?;
    let scorecards = awaiting(setup, &episodes);
    if scorecards.is_empty() {
        return Ok(());
    }
    let kpis: HashSet<KpiRef> =
        scorecards.into_iter().flat_map(|id| setup.portfolio.needed_by(id)).collect();
    store.judge(&kpis, now, |held| decide(setup, held, now)).await?;
    Ok(())
}

/// The scorecards of which figures are judged anew.
pub(super) fn awaiting<'e>(
    setup: &Setup,
    episodes: &'e HashMap<Scope, Episode>,
) -> HashSet<&'e Id> {
    let awaiting =
        episodes.iter().filter(|(_, episode)| episode.awaits_rejudging(&setup.config_hash));
    awaiting.map(|(scope, _)| scope.scorecard()).collect()
}

/// What the configuration makes of those figures.
pub(super) fn decide(setup: &Setup, held: &Held, now: DateTime<Utc>) -> Judgement {
    let (portfolio, config_hash) = (&setup.portfolio, &setup.config_hash);
    Judgement {
        standing: Standing {
            as_of: now.with_timezone(&setup.calendar.zone),
            config: config_hash.clone(),
            scorecards: Vec::new(),
        },
        anew: Vec::new(),
        moved: Vec::new(),
        changes: rejudge(portfolio, &held.history, &held.episodes, config_hash, now),
        incidents: Vec::new(),
        reports: Vec::new(),
        deliveries: Vec::new(),
        hold_decisions: Vec::new(),
    }
}
