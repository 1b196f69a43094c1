//! Pulling now: what the timer does for a KPI, when a person asks.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, stream};
use indexmap::IndexMap;

use crate::{
    engine::{
        agenda::Due,
        collect::{self, Occasion, WindowAnswer},
        judgement,
        known_periods::PeriodsByKpi,
        query_window, rejudgement,
    },
    instance::Instance,
};
use kpid_clock::Clock;
use kpid_config::setup::Collection;
use kpid_rules::{
    evaluation::Circumstances,
    model::{Id, KpiRef, Period},
};
use kpid_sources::shared_answers::Shared;
use kpid_store::{Collected, Judgement};

/// KPIs of one connection that wait or are asked at once; connections set limits of their own.
const CONCURRENT_MAX: usize = 64;

/// What pulling one KPI gave.
#[derive(Debug)]
pub struct Pulled {
    /// Which KPI.
    pub kpi: KpiRef,
    /// The connection it was asked of.
    pub from: Id,
    /// What each window gave.
    pub answers: Vec<WindowAnswer>,
    /// What is kept of it.
    pub collected: Collected,
    /// Whether it was asked what the timer would ask now: only then does it say how collecting goes.
    pub current: bool,
}

/// What a person asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// The period; by default what the timer would ask for now.
    pub period: Option<Period>,
    /// Keep what was said, to be looked at.
    pub traced: bool,
}

/// Asks the sources of KPIs, keeps nothing.
pub async fn ask(
    instance: &Instance,
    collections: &[(&Collection, Occasion)],
    manner: Manner,
    clock: Clock,
) -> anyhow::Result<Vec<Pulled>> {
    let kpis = collections.iter().map(|(collection, _)| &collection.kpi);
    let held = instance.store.periods(kpis).await?;
    let shared = Shared::among(collections.iter().map(|(collection, _)| &collection.source));
    let pull = Pull { instance, shared: &shared, manner, clock };
    let asked = collections
        .iter()
        .map(|(collection, occasion)| pull.one(collection, *occasion, held.get(&collection.kpi)));
    Ok(stream::iter(asked).buffered(CONCURRENT_MAX).collect().await)
}

/// The questions that several of those due ask.
pub(crate) fn shared_by(instance: &Instance, due: &[Due]) -> Shared {
    let collections = due.iter().filter_map(|due| instance.setup.collections.get(due.at));
    Shared::among(collections.map(|collection| &collection.source))
}

/// What the timer asks for now, in the order the answers come. KPIs that wait for one connection
/// keep none of another waiting.
pub(crate) fn answers<'a>(
    instance: &'a Instance,
    shared: &'a Shared,
    collections: &'a [(&'a Collection, Occasion)],
    held: &'a PeriodsByKpi,
    clock: Clock,
) -> impl Stream<Item = Pulled> + 'a {
    let pull = Pull { instance, shared, manner: Manner::default(), clock };
    let mut by_connection: IndexMap<&Id, Vec<(&Collection, Occasion)>> = IndexMap::new();
    for (collection, occasion) in collections {
        by_connection.entry(&collection.source.from).or_default().push((*collection, *occasion));
    }
    stream::select_all(by_connection.into_values().map(|collections| {
        let asked = stream::iter(collections).map(move |(collection, occasion)| {
            let held = held.get(&collection.kpi).map(Arc::as_ref);
            pull.one(collection, occasion, held)
        });
        asked.buffer_unordered(CONCURRENT_MAX)
    }))
}

/// Keeps what was pulled, and judges every scorecard it concerns.
pub async fn keep(
    instance: &Instance,
    pulled: &[Pulled],
    circumstances: Circumstances<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<Judgement> {
    let collected = |pulled: &Pulled| {
        let attempt = pulled.collected.attempt.clone().filter(|_| pulled.current);
        Collected { attempt, ..pulled.collected.clone() }
    };
    let collected: Vec<Collected> = pulled.iter().map(collected).collect();
    rejudgement::keep(&instance.setup, &instance.store, now).await?;
    instance.store.record(&collected).await?;
    let kpis: HashSet<KpiRef> = pulled.iter().map(|pulled| pulled.kpi.clone()).collect();
    let scorecards = instance.setup.portfolio.affected_by(&kpis);
    judgement::judge(instance, &scorecards, circumstances, now).await
}

/// How KPIs are pulled together.
#[derive(Clone, Copy)]
struct Pull<'a> {
    instance: &'a Instance,
    shared: &'a Shared,
    manner: Manner,
    clock: Clock,
}

impl Pull<'_> {
    async fn one(
        self,
        collection: &Collection,
        occasion: Occasion,
        held: Option<&BTreeSet<Period>>,
    ) -> Pulled {
        let Self { instance, shared, manner, clock } = self;
        let scorecard = instance.setup.portfolio.scorecard(&collection.kpi.scorecard);
        let defined =
            scorecard.and_then(|held| Some((&held.calendar, held.kpi(&collection.kpi.kpi)?)));
        let (windows, current) = defined.map_or((Vec::new(), true), |(calendar, kpi)| {
            let nothing = BTreeSet::new();
            let held = held.unwrap_or(&nothing);
            let usual = query_window::windows(kpi, &collection.source, calendar, held, clock.now());
            match manner.period {
                None => (usual, true),
                Some(period) => {
                    let current = usual.last().is_some_and(|window| window.period == period);
                    (vec![query_window::of(calendar, period)], current)
                }
            }
        });
        let answers =
            collect::ask(instance, shared, collection, windows, manner.traced, clock).await;
        let collected = collect::file(instance, collection, &answers, occasion, clock);
        let (kpi, from) = (collection.kpi.clone(), collection.source.from.clone());
        Pulled { kpi, from, answers, collected, current }
    }
}

#[cfg(test)]
mod tests {
    use kpid_store::Store;

    use super::*;
    use crate::instance::set_up;

    const DAEMON: &str = "
store: kpid.db
calendar: { timezone: UTC }
connections: { api: { http: { base_url: 'http://127.0.0.1:9/' } } }
people: { you: { name: You, email: you@example.com } }
";

    const SCORECARD: &str = "
scorecard: care
owner: you
perspectives:
  customer:
    objectives:
      answer:
        kpis:
          waiting:
            nature: level
            target: 10
            tolerance: 5
            schedule: { every: 1h }
            source: { http: { from: api, get: waiting, value: $.value } }
";

    /// What one KPI may take while it waits: thousands may, when all of them are due.
    const WAITING_BYTES_MAX: usize = 1_536;

    #[tokio::test]
    async fn a_kpi_that_waits_for_its_turn_takes_little_memory() {
        let folder = tempfile::tempdir().unwrap();
        let setup = set_up(folder.path(), DAEMON, SCORECARD);
        let store = Store::open(&folder.path().join("kpid.db")).await.unwrap();
        let instance = Instance::new(setup, store).unwrap();
        let (shared, clock) = (Shared::nothing(), Clock::System);
        let pull = Pull { instance: &instance, shared: &shared, manner: Manner::default(), clock };
        let collection = instance.setup.collections.first().unwrap();
        let waiting = pull.one(collection, Occasion { slot: None, missed: 0 }, None);
        let bytes = size_of_val(&waiting);
        assert!(bytes <= WAITING_BYTES_MAX, "{bytes} bytes");
    }
}
