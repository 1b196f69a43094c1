//! Pulling now: what the timer does for a KPI, when a person asks.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use crate::{
    clock::Clock,
    config::setup::Collection,
    daemon::{
        Engine,
        collect::{self, Answer, Occasion},
        judge, window,
    },
    scorecard::{Circumstances, KpiRef, Period},
    store::{Collected, Judgement},
};

/// KPIs asked at once; connections set limits of their own.
const CONCURRENT_MAX: usize = 64;

/// What pulling one KPI gave.
#[derive(Debug)]
pub struct Pulled {
    /// Which KPI.
    pub kpi: KpiRef,
    /// What each window gave.
    pub answers: Vec<Answer>,
    /// What is kept of it.
    pub collected: Collected,
}

/// Asks the sources of KPIs, keeps nothing. Without a period, what the timer would ask for now.
pub async fn ask(
    engine: &Engine,
    collections: &[(&Collection, Occasion)],
    period: Option<Period>,
    clock: Clock,
) -> anyhow::Result<Vec<Pulled>> {
    let newest = engine.store.newest_periods().await?;
    let mut pulled = Vec::new();
    for batch in collections.chunks(CONCURRENT_MAX) {
        let asked = batch.iter().map(|(collection, occasion)| {
            let held = newest.get(&collection.kpi).copied();
            pull_one(engine, collection, *occasion, period, held, clock)
        });
        pulled.extend(join_all(asked).await);
    }
    Ok(pulled)
}

/// Keeps what was pulled, and judges every scorecard it concerns.
pub async fn keep(
    engine: &Engine,
    pulled: &[Pulled],
    circumstances: Circumstances,
    now: DateTime<Utc>,
) -> anyhow::Result<Judgement> {
    let collected: Vec<Collected> = pulled.iter().map(|pulled| pulled.collected.clone()).collect();
    engine.store.record(&collected).await?;
    let kpis: HashSet<KpiRef> = pulled.iter().map(|pulled| pulled.kpi.clone()).collect();
    let scorecards = engine.setup.portfolio.affected_by(&kpis);
    judge::judge(engine, &scorecards, circumstances, now).await
}

async fn pull_one(
    engine: &Engine,
    collection: &Collection,
    occasion: Occasion,
    period: Option<Period>,
    newest: Option<Period>,
    clock: Clock,
) -> Pulled {
    let scorecard = engine.setup.portfolio.scorecard(&collection.kpi.scorecard);
    let defined = scorecard.and_then(|held| Some((&held.calendar, held.kpi(&collection.kpi.kpi)?)));
    let windows = match (defined, period) {
        (None, _) => Vec::new(),
        (Some((calendar, _)), Some(period)) => vec![window::of(calendar, period)],
        (Some((calendar, kpi)), None) => {
            window::windows(kpi, &collection.source, calendar, newest, clock.now())
        }
    };
    let answers = collect::ask(engine, collection, windows).await;
    let collected = collect::file(engine, collection, &answers, occasion, clock);
    Pulled { kpi: collection.kpi.clone(), answers, collected }
}
