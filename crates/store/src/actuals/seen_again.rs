//! What says no more than that all is as before: an actual that is seen again as it is held, an attempt
//! that succeeded like the one before. Memory has it at once, and the store now and then: a figure that
//! stays costs no row of its actual, and a source that works none of its attempts.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;

use crate::{
    actuals::{
        attempts::{Attempts, Newest},
        collected::{Attempt, Collected, Filed, Filing},
        collections,
    },
    database::failure::Explain,
};
use kpid_rules::{
    model::{KpiRef, Period},
    series::{Actual, History},
};

/// How long it waits. Whoever reads the store takes a level for so much older than it is, and so does
/// whoever starts after a crash, until it is collected once more.
const WRITTEN_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// What was seen later than the store says.
#[derive(Debug, Default)]
pub(crate) struct SeenAgain {
    actuals: HashMap<KpiRef, BTreeMap<Period, Actual>>,
    attempts: HashMap<KpiRef, Attempt>,
    /// Since when the first of them waits.
    since: Option<DateTime<Utc>>,
}

impl SeenAgain {
    /// The KPIs of which everything that was collected is held already, and was only seen again. One
    /// that also changed is filed in order.
    pub(crate) fn only_again<'c>(
        collected: &'c [Collected],
        history: &History,
    ) -> HashSet<&'c KpiRef> {
        let mut again: HashSet<&KpiRef> = collected.iter().map(|of| &of.kpi).collect();
        for of in collected {
            let is_held = |filed: &Filed| {
                let actual = history.kpi(&of.kpi).and_then(|held| held.actual(filed.period));
                actual.is_some_and(|actual| {
                    (actual.figure, actual.target) == (filed.figure, filed.target)
                        && !filed.gives_way_to(actual.observed_at)
                })
            };
            let is_combined = matches!(of.filing, Filing::Readings { .. });
            if is_combined || !of.filed.iter().all(is_held) {
                again.remove(&of.kpi);
            }
        }
        again
    }

    /// Notes that the actual of a period was seen again.
    pub(crate) fn note(
        &mut self,
        kpi: &KpiRef,
        period: Period,
        actual: Actual,
        now: DateTime<Utc>,
    ) {
        self.actuals.entry(kpi.clone()).or_default().insert(period, actual);
        self.since.get_or_insert(now);
    }

    /// Notes that an attempt succeeded like the one before.
    pub(crate) fn note_attempt(&mut self, kpi: KpiRef, attempt: Attempt, now: DateTime<Utc>) {
        let before = self.attempts.get(&kpi).and_then(|before| before.slot);
        let slot = attempt.slot.max(before);
        self.attempts.insert(kpi, Attempt { slot, ..attempt });
        self.since.get_or_insert(now);
    }

    /// Whether they have waited for long enough, or the clock was set back.
    pub(crate) fn is_due(&self, now: DateTime<Utc>) -> bool {
        let waits = |since: DateTime<Utc>| since <= now && now < since + WRITTEN_WITHIN;
        self.since.is_some_and(|since| !waits(since))
    }

    /// Those of some KPIs.
    pub(crate) fn of<'c>(
        &self,
        kpis: impl Iterator<Item = &'c KpiRef>,
    ) -> Vec<(KpiRef, Period, Actual)> {
        let named: HashSet<&KpiRef> = kpis.collect();
        let waiting = named.into_iter().filter_map(|kpi| Some(rows(kpi, self.actuals.get(kpi)?)));
        waiting.flatten().collect()
    }

    /// The attempts.
    pub(crate) fn attempts(&self) -> Vec<(KpiRef, Attempt)> {
        self.attempts.iter().map(|(kpi, attempt)| (kpi.clone(), attempt.clone())).collect()
    }

    /// All actuals.
    pub(crate) fn all(&self) -> Vec<(KpiRef, Period, Actual)> {
        self.actuals.iter().flat_map(|(kpi, actuals)| rows(kpi, actuals)).collect()
    }

    /// These are written, and kept.
    pub(crate) fn written(
        &mut self,
        rows: &[(KpiRef, Period, Actual)],
        attempts: &[(KpiRef, Attempt)],
    ) {
        for (kpi, attempt) in attempts {
            if self.attempts.get(kpi) == Some(attempt) {
                self.attempts.remove(kpi);
            }
        }
        for (kpi, period, actual) in rows {
            let Some(actuals) = self.actuals.get_mut(kpi) else { continue };
            if actuals.get(period) == Some(actual) {
                actuals.remove(period);
            }
            if actuals.is_empty() {
                self.actuals.remove(kpi);
            }
        }
        if self.actuals.is_empty() && self.attempts.is_empty() {
            self.since = None;
        }
    }

    /// What was read again from the store was seen later, unless it is another by now.
    pub(crate) fn renew(&mut self, kpi: &KpiRef, history: &mut History, newest: &mut Attempts) {
        if let Some(attempt) = self.attempts.get(kpi)
            && newest.get(kpi).is_some_and(|held| held.finished_at < attempt.finished_at)
        {
            collections::take_in(attempt, history.kpi_mut(kpi));
            newest.set(kpi, Some(Newest::of(attempt)));
        }
        let Some(actuals) = self.actuals.get_mut(kpi) else { return };
        actuals.retain(|period, seen| {
            let held = history.kpi(kpi).and_then(|held| held.actual(*period)).copied();
            let is_same = |held: Actual| Actual { observed_at: seen.observed_at, ..held } == *seen;
            held.is_some_and(is_same)
        });
        for (period, seen) in actuals {
            let revisions = history.kpi_mut(kpi).actuals.get_mut(period);
            if let Some(newest) = revisions.and_then(|revisions| revisions.last_mut()) {
                newest.observed_at = newest.observed_at.max(seen.observed_at);
            }
        }
    }
}

fn rows(kpi: &KpiRef, actuals: &BTreeMap<Period, Actual>) -> Vec<(KpiRef, Period, Actual)> {
    actuals.iter().map(|(period, actual)| (kpi.clone(), *period, *actual)).collect()
}

/// Writes when attempts succeeded last, and which slots they served.
pub(crate) async fn write_attempts(
    tx: &mut SqliteConnection,
    attempts: &[(KpiRef, Attempt)],
) -> anyhow::Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    // A command may have tried since.
    let sql = "UPDATE collections SET last_slot = max(collections.last_slot, seen.value ->> 1), \
               finished_at = max(collections.finished_at, seen.value ->> 2) \
               FROM json_each($1) AS seen WHERE kpi = seen.value ->> 0";
    let rows: Vec<_> = attempts
        .iter()
        .map(|(kpi, attempt)| {
            let slot = attempt.slot.map_or(0, |slot| slot.timestamp_micros());
            (kpi.to_string(), slot, attempt.finished_at.timestamp_micros())
        })
        .collect();
    let written = sqlx::query(sql).bind(serde_json::to_string(&rows)?).execute(tx).await;
    written.explain("cannot write when figures were collected last")?;
    Ok(())
}

/// Writes when actuals were last seen.
pub(crate) async fn write(
    tx: &mut SqliteConnection,
    rows: &[(KpiRef, Period, Actual)],
) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    // Only the revision that was seen: a command may have added another.
    let sql = "UPDATE actuals SET observed_at = max(actuals.observed_at, seen.value ->> 3) \
               FROM json_each($1) AS seen WHERE kpi = seen.value ->> 0 \
               AND period = seen.value ->> 1 AND collected_at = seen.value ->> 2";
    let rows: Vec<_> = rows
        .iter()
        .map(|(kpi, period, actual)| {
            let (collected, observed) = (actual.collected_at, actual.observed_at);
            let at = (collected.timestamp_micros(), observed.timestamp_micros());
            (kpi.to_string(), period.to_string(), at.0, at.1)
        })
        .collect();
    let written = sqlx::query(sql).bind(serde_json::to_string(&rows)?).execute(tx).await;
    written.explain("cannot write when actuals were seen")?;
    Ok(())
}
