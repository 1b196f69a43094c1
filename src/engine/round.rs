//! A round: the KPIs of one family of scorecards that are due at one instant. Each is kept and
//! free for its next slot as soon as it is in; the family is judged when all are in, or when those
//! that are have waited long enough for the others.

use std::{
    collections::{BTreeMap, HashSet},
    pin::pin,
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::{
    engine::{
        agenda::Due,
        collect::{self, Occasion},
        judgement,
        pull::{self, Pulled},
    },
    instance::Instance,
    telemetry::metrics::Outcome,
};
use kpid_clock::Clock;
use kpid_message::wording::plural;
use kpid_rules::model::{Id, KpiRef};
use kpid_sources::shared_answers::Shared;
use kpid_store::AttemptOutcome;

/// How long figures that are in wait for those that are not before they are judged without them.
/// Longer than the usual time limit of a source, so that a verdict on a part of the figures is rare.
const JUDGED_WITHIN: Duration = Duration::from_secs(45);

/// How long a store that refused is left alone.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// Figures kept in one transaction at most.
const BATCH_MAX: usize = 256;

/// How the collection of a KPI ended.
#[derive(Debug)]
pub(crate) enum Over {
    /// Its slot is served, whatever came of it.
    Served(KpiRef, DateTime<Utc>),
    /// Its round broke off: unless it is served by now, its slot is still due.
    Lost(KpiRef, DateTime<Utc>),
}

/// What a round works with.
pub(crate) struct Round<'a> {
    pub(crate) instance: &'a Instance,
    /// The questions that several KPIs ask, also of other families that are due now.
    pub(crate) shared: &'a Shared,
    /// The family's names, for the log.
    pub(crate) scorecards: &'a str,
    /// Scorecards judged when the round is over, even if it brought them no figure.
    pub(crate) owed: &'a [Id],
    pub(crate) clock: Clock,
    /// Woken when there may be deliveries.
    pub(crate) deliveries_ready: &'a Notify,
    /// Told of every collection that is over.
    pub(crate) done: &'a mpsc::UnboundedSender<Vec<Over>>,
}

/// What a round came to, for the log.
#[derive(Default)]
struct Tally {
    kpis: usize,
    failed: usize,
    messages: usize,
    /// Connections that failed: the first sentence, and for how many KPIs.
    failures: BTreeMap<Id, (String, usize)>,
}

impl Tally {
    /// A connection that is dead fails for each of its KPIs: a line for all of them is enough.
    fn fails(&mut self, from: &Id, kpi: &KpiRef, message: &str) {
        let sentence = format!("no figure for `{kpi}`: {message}");
        debug!(%kpi, "{sentence}");
        let (_, count) = self.failures.entry(from.clone()).or_insert((sentence, 0));
        *count += 1;
    }

    /// A line for each connection that failed.
    fn lines(&self) -> impl Iterator<Item = (&Id, String)> {
        self.failures.iter().map(|(from, (sentence, count))| match count {
            0 | 1 => (from, sentence.clone()),
            2 => (from, format!("{sentence}; nor for another KPI of `{from}`")),
            more => (from, format!("{sentence}; nor for {} more KPIs of `{from}`", more - 1)),
        })
    }
}

impl Round<'_> {
    /// Collects what is due, keeps what comes, and judges.
    pub(crate) async fn run(&self, due: &[Due]) -> anyhow::Result<()> {
        let (begun, mut tally) = (Instant::now(), Tally::default());
        let result = self.go_round(due, &mut tally).await;
        for (connection, line) in tally.lines() {
            warn!(%connection, "{line}");
        }
        let metrics = &self.instance.metrics;
        metrics.round_seconds.observe(begun.elapsed().as_secs_f64());
        match result {
            Ok(()) => metrics.rounds.inc(),
            Err(_) => metrics.rounds_failed.inc(),
        };
        result
    }

    async fn go_round(&self, due: &[Due], tally: &mut Tally) -> anyhow::Result<()> {
        let collections = due.iter().filter_map(|due| {
            let occasion = Occasion { slot: Some(due.slot), missed: due.missed };
            Some((self.instance.setup.collections.get(due.at)?, occasion))
        });
        let collections: Vec<_> = collections.collect();
        let kpis = collections.iter().map(|(collection, _)| &collection.kpi);
        let held = self.instance.store.periods(kpis).await?;
        let answers = pull::answers(self.instance, self.shared, &collections, &held, self.clock);
        let mut answers = pin!(answers.ready_chunks(BATCH_MAX));
        let mut patience = pin!(sleep(JUDGED_WITHIN));
        let mut unjudged: HashSet<KpiRef> = HashSet::new();
        loop {
            tokio::select! {
                batch = answers.next() => match batch {
                    None => break,
                    Some(batch) => {
                        self.keep(&batch, tally).await?;
                        unjudged.extend(batch.into_iter().map(|pulled| pulled.kpi));
                    }
                },
                () = patience.as_mut(), if !patience.is_elapsed() => {
                    self.judge(&mut unjudged, &[], tally).await?;
                }
            }
        }
        self.judge(&mut unjudged, self.owed, tally).await?;
        let Tally { kpis, failed, messages, .. } = *tally;
        let scorecards = self.scorecards;
        let left_alone = self.instance.connections.left_alone();
        let left_alone: Vec<String> = left_alone.iter().map(|id| format!("`{id}`")).collect();
        let left_alone = match left_alone.as_slice() {
            [] => String::new(),
            ids => format!("; left alone: {}", ids.join(", ")),
        };
        info!(
            scorecards,
            kpis,
            failed,
            messages,
            "round of {scorecards}: {}, {failed} without a figure{left_alone}",
            plural(kpis, "KPI")
        );
        Ok(())
    }

    /// After a round that could not be kept or judged: judges its family as soon as the store
    /// works again, unless it is time to stop.
    pub(crate) async fn make_up(&self, family: &[Id], stop: &CancellationToken) {
        while timeout(RETRY_PAUSE, stop.cancelled()).await.is_err() {
            match judgement::live(self.instance, family, self.deliveries_ready, self.clock.now())
                .await
            {
                Ok(_) => return,
                Err(error) => {
                    let scorecards = self.scorecards;
                    error!(scorecards, "still cannot judge {scorecards}: {error:#}");
                }
            }
        }
    }

    async fn keep(&self, batch: &[Pulled], tally: &mut Tally) -> anyhow::Result<()> {
        let collected: Vec<_> = batch.iter().map(|pulled| pulled.collected.clone()).collect();
        for (kpi, period) in self.instance.store.record(&collected).await? {
            collect::tell_frozen(kpi, period);
        }
        let mut served = Vec::new();
        for pulled in batch {
            tally.kpis += 1;
            let Some(attempt) = &pulled.collected.attempt else { continue };
            self.instance
                .metrics
                .collections
                .get_or_create(&Outcome::of(attempt.outcome.word()))
                .inc();
            served.extend(attempt.slot.map(|slot| Over::Served(pulled.kpi.clone(), slot)));
            if let Some(message) = &attempt.message {
                tally.failed += 1;
                let (kpi, outcome) = (&pulled.kpi, attempt.outcome);
                match outcome {
                    AttemptOutcome::Error => tally.fails(&pulled.from, kpi, message),
                    _ => warn!(%kpi, %outcome, "no figure for `{kpi}`: {message}"),
                }
            }
        }
        // Nobody listens any more only when the daemon stops.
        let _ = self.done.send(served);
        Ok(())
    }

    async fn judge(
        &self,
        unjudged: &mut HashSet<KpiRef>,
        owed: &[Id],
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let kpis = std::mem::take(unjudged);
        let mut scorecards = self.instance.setup.portfolio.affected_by(&kpis);
        let others: Vec<Id> = owed.iter().filter(|id| !scorecards.contains(id)).cloned().collect();
        scorecards.extend(others);
        if scorecards.is_empty() {
            return Ok(());
        }
        let judgement =
            judgement::live(self.instance, &scorecards, self.deliveries_ready, self.clock.now())
                .await?;
        tally.messages += judgement.deliveries.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{engine::import, instance::set_up};
    use kpid_store::Store;

    const DAEMON: &str = "
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections: {}
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { you: { name: You, email: you@example.com } }
";

    const SCORECARD: &str = "
scorecard: care
name: Care
owner: you
perspectives:
  customer:
    name: Customer
    alert: { to: [you] }
    objectives:
      answer:
        name: Answer
        kpis:
          calls: { name: Calls, nature: flow, period: month, target: 95, tolerance: 3, owner: you }
";

    /// An instance that holds a figure nobody has judged, as after a crash between keeping and judging.
    async fn unjudged(folder: &std::path::Path, now: DateTime<Utc>) -> Instance {
        let setup = set_up(folder, DAEMON, SCORECARD);
        let rows = "kpi,period,value\ncare/calls,2026-05,90\n";
        let rows = import::read(&setup, rows.as_bytes(), now).unwrap();
        let store = Store::open(&folder.join("kpid.db")).await.unwrap();
        store.record(&rows).await.unwrap();
        Instance::new(setup, store).unwrap()
    }

    #[test]
    fn a_connection_that_fails_is_one_line_of_a_round_however_many_kpis_it_feeds() {
        let mut tally = Tally::default();
        let [api, books] = ["api", "books"].map(|id| Id::parse(id).unwrap());
        for at in 0..40 {
            let kpi = KpiRef::parse(&format!("care/k{at}")).unwrap();
            tally.fails(&api, &kpi, "it answered 500");
        }
        tally.fails(&books, &KpiRef::parse("care/sold").unwrap(), "it cannot be reached");
        let lines: Vec<String> = tally.lines().map(|(_, line)| line).collect();
        assert_eq!(
            lines,
            [
                "no figure for `care/k0`: it answered 500; nor for 39 more KPIs of `api`",
                "no figure for `care/sold`: it cannot be reached",
            ]
        );
    }

    #[tokio::test]
    async fn a_scorecard_that_is_owed_a_judgement_gets_it_without_a_figure_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let now = "2026-06-20T04:00:00Z".parse().unwrap();
        let instance = unjudged(folder.path(), now).await;
        let (done, _listener) = mpsc::unbounded_channel();
        let deliveries_ready = Notify::new();
        let seen = async |owed: &[Id]| {
            let clock = Clock::set(now);
            let round = Round {
                instance: &instance,
                shared: &Shared::nothing(),
                scorecards: "`care`",
                owed,
                clock,
                deliveries_ready: &deliveries_ready,
                done: &done,
            };
            round.run(&[]).await.unwrap();
            let held = instance.store.held(&HashSet::new()).await.unwrap();
            held.episodes.values().any(|episode| episode.seen)
        };
        assert!(!seen(&[]).await);
        assert!(seen(&[Id::parse("care").unwrap()]).await);
    }
}
