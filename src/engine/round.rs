//! A round: the KPIs of one family of scorecards that are due at one instant. What comes goes to the
//! owner as it comes, which files it and frees its KPIs for their next slots; the family is judged
//! when all are in, or when those that are have waited long enough for the others.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use anyhow::Context;
use futures_util::StreamExt;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use tracing::{debug, info, warn};

use crate::{
    engine::{
        agenda::Due,
        collect::Occasion,
        known_periods::KnownPeriods,
        owner::Arrival,
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

/// Answers that are handed over together at most.
const BATCH_MAX: usize = 256;

/// What a round works with.
pub(crate) struct Round<'a> {
    pub(crate) instance: &'a Instance,
    /// The questions that several KPIs ask, also of other families that are due now.
    pub(crate) shared: &'a Shared,
    pub(crate) family: usize,
    /// The family's names, for the log.
    pub(crate) scorecards: &'a str,
    pub(crate) clock: Clock,
    pub(crate) periods: &'a KnownPeriods,
    /// Where the owner takes what comes.
    pub(crate) arrivals: &'a mpsc::Sender<Arrival>,
}

/// What a round came to, for the log.
#[derive(Default)]
struct Tally {
    kpis: usize,
    failed: usize,
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
    /// Collects what is due, and waits until it is judged and committed.
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
        let held = self.periods.of(kpis);
        self.send(Arrival::Asked(self.family)).await?;
        let answers = pull::answers(self.instance, self.shared, &collections, &held, self.clock);
        let at_once = collections.len().clamp(1, BATCH_MAX);
        let mut answers = pin!(answers.ready_chunks(at_once));
        let mut patience = pin!(sleep(JUDGED_WITHIN));
        loop {
            tokio::select! {
                batch = answers.next() => match batch {
                    None => break,
                    Some(batch) => self.hand_over(batch, tally).await?,
                },
                () = patience.as_mut(), if !patience.is_elapsed() => {
                    self.is_due(None).await?;
                }
            }
        }
        let (committed, is_committed) = oneshot::channel();
        self.is_due(Some(committed)).await?;
        is_committed.await.context("what it brought waits, and is tried again")?;
        let Tally { kpis, failed, .. } = *tally;
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
            "round of {scorecards}: {}, {failed} without a figure{left_alone}",
            plural(kpis, "KPI")
        );
        Ok(())
    }

    async fn hand_over(&self, batch: Vec<Pulled>, tally: &mut Tally) -> anyhow::Result<()> {
        for pulled in &batch {
            tally.kpis += 1;
            let Some(attempt) = &pulled.collected.attempt else { continue };
            self.instance
                .metrics
                .collections
                .get_or_create(&Outcome::of(attempt.outcome.word()))
                .inc();
            if let Some(message) = &attempt.message {
                tally.failed += 1;
                let (kpi, outcome) = (&pulled.kpi, attempt.outcome);
                match outcome {
                    AttemptOutcome::Error => tally.fails(&pulled.from, kpi, message),
                    _ => warn!(%kpi, %outcome, "no figure for `{kpi}`: {message}"),
                }
            }
        }
        // A vector of its own: one made in place of the batch keeps the batch's memory, the room of
        // all that could have come at once, for as long as the owner holds what came.
        let mut collected = Vec::with_capacity(batch.len());
        collected.extend(batch.into_iter().map(|pulled| pulled.collected));
        self.send(Arrival::Collected(self.family, collected)).await
    }

    /// What has come is judged, even if more is still asked for.
    async fn is_due(&self, committed: Option<oneshot::Sender<()>>) -> anyhow::Result<()> {
        self.send(Arrival::Due { family: self.family, committed }).await
    }

    async fn send(&self, arrival: Arrival) -> anyhow::Result<()> {
        self.arrivals.send(arrival).await.context("kpid is stopping")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
