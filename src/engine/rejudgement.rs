//! Before newer figures are filed: what an edited configuration makes of those that alerts counted
//! last. Otherwise a worsening that comes with the edit would count as made by it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use kpid_config::setup::Setup;
use kpid_rules::{evaluation::rejudge, judgement::Standing, model::KpiRef};
use kpid_store::{Held, Judgement, Store};

/// Keeps what the configuration makes of the figures that open alerts counted last, where another
/// one judged them. Nobody is told of it.
pub async fn keep(setup: &Setup, store: &Store, now: DateTime<Utc>) -> anyhow::Result<()> {
    let (portfolio, config_hash) = (&setup.portfolio, &setup.config_hash);
    let episodes = store.episodes().await?;
    let awaiting = episodes.iter().filter(|(_, episode)| episode.awaits_rejudging(config_hash));
    let scorecards: HashSet<_> = awaiting.map(|(scope, _)| scope.scorecard()).collect();
    if scorecards.is_empty() {
        return Ok(());
    }
    let kpis: HashSet<KpiRef> =
        scorecards.into_iter().flat_map(|id| portfolio.needed_by(id)).collect();
    let rejudged = |held: &Held| Judgement {
        standing: Standing {
            as_of: now.with_timezone(&setup.calendar.zone),
            config: config_hash.clone(),
            scorecards: Vec::new(),
        },
        changes: rejudge(portfolio, &held.history, &held.episodes, config_hash, now),
        incidents: Vec::new(),
        reports: Vec::new(),
        deliveries: Vec::new(),
        hold_decisions: Vec::new(),
    };
    store.judge(&kpis, now, rejudged).await?;
    Ok(())
}
