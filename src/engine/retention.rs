//! What is old and no rule reads any more, removed once a day at a quiet hour, a few rows at a time,
//! so that no judgement waits for it. Its totals stay.

use std::time::Duration;

use chrono::{DateTime, Datelike, Months, TimeDelta, Utc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{instance::Instance, telemetry::store_health::StorePart, web::session};
use kpid_clock::Clock;
use kpid_rules::model::{Calendar, KpiRef, Period};
use kpid_store::{AuditAction, AuditEntry, Old, OldReadings, Store};

/// Half past three in the morning: after midnight's judgements, before the first figures of the day.
const QUIET_HOUR: TimeDelta = TimeDelta::minutes(3 * 60 + 30);

/// One who was not up at the quiet hour first catches up with everything else.
const AFTER_START: TimeDelta = TimeDelta::hours(1);

/// How often is looked whether it is time: a clock may be set.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Between two transactions, so that whoever writes to the store beside us gets a turn.
const PAUSE: Duration = Duration::from_millis(20);

/// What the daemon is called where it says who did what.
const BY: &str = "kpid";

/// How many rows went, by what they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept(pub Vec<(&'static str, u64)>);

impl Swept {
    fn add(&mut self, what: &'static str, rows: u64) {
        if rows > 0 {
            self.0.push((what, rows));
        }
    }

    fn words(&self) -> String {
        let parts: Vec<String> =
            self.0.iter().map(|(what, rows)| format!("{rows} {what}")).collect();
        parts.join(", ")
    }
}

/// Removes old rows every day until it is told to stop.
pub(crate) async fn run(instance: &Instance, clock: Clock, stop: &CancellationToken) {
    let started = clock.now();
    loop {
        match is_due(instance, started, clock.now()).await {
            Ok(true) => {
                look_over(instance, clock.now()).await;
                if let Err(error) = sweep(instance, clock.now(), stop).await {
                    error!("cannot remove old rows: {error:#}");
                    // Whatever it is, it is not over in a minute.
                    if timeout(LOOK_EVERY * 10, stop.cancelled()).await.is_ok() {
                        return;
                    }
                }
            }
            Ok(false) => {}
            Err(error) => error!("cannot see whether there are old rows: {error:#}"),
        }
        let now = clock.now();
        let next = quiet_after(&instance.setup.calendar, now) - now;
        let pause = next.to_std().unwrap_or(LOOK_EVERY).min(LOOK_EVERY);
        if timeout(pause, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// Looks over the pages of the store, on a connection of its own: damage that nobody comes upon by
/// chance is found before it is in every backup.
async fn look_over(instance: &Instance, now: DateTime<Utc>) {
    let health = &instance.metrics.store;
    match kpid_store::check_pages(&instance.setup.store).await {
        Ok(()) => health.works(StorePart::Pages),
        Err(error) => {
            error!("{error:#}");
            health.fails(StorePart::Pages, &format!("{error:#}"), now);
        }
    }
}

async fn is_due(
    instance: &Instance,
    started: DateTime<Utc>,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let swept = instance.store.swept_at().await?;
    Ok(due(&instance.setup.calendar, swept, started) <= now)
}

/// When old rows are to be removed next.
fn due(calendar: &Calendar, swept: Option<DateTime<Utc>>, started: DateTime<Utc>) -> DateTime<Utc> {
    let quiet = quiet_after(calendar, swept.unwrap_or(started));
    if quiet < started { started + AFTER_START } else { quiet }
}

/// The first quiet hour after an instant.
fn quiet_after(calendar: &Calendar, instant: DateTime<Utc>) -> DateTime<Utc> {
    let day = calendar.local_day(instant);
    let at = |day| calendar.midnight(day) + QUIET_HOUR;
    let today = at(day);
    if today > instant { today } else { at(day.succ_opt().unwrap_or(day)) }
}

/// Removes what is old at `now`, says so in the log and in the audit, and remembers that it did.
pub async fn sweep(
    instance: &Instance,
    now: DateTime<Utc>,
    stop: &CancellationToken,
) -> anyhow::Result<Swept> {
    let (store, keep) = (&instance.store, &instance.setup.retention);
    let before = |span: TimeDelta| now.checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH);
    let mut swept = Swept::default();
    if let Some(span) = keep.readings {
        close_to_readings(instance, span, now).await?;
    }
    let old = OldReadings {
        combined: keep.readings.map(before),
        of_levels: keep.level_readings.map(before),
    };
    swept.add("readings", readings(store, old, stop).await?);
    if let Some(span) = keep.revisions {
        swept.add("revisions", revisions(instance, before(span), stop).await?);
    }
    if let Some(span) = keep.verdicts {
        swept.add("verdicts", verdicts(instance, before(span), stop).await?);
    }
    let others = [
        ("deliveries", keep.deliveries.map(|span| Old::Deliveries(before(span)))),
        ("episode events", keep.episode_events.map(|span| Old::Events(before(span)))),
        ("misses", keep.misses.map(|span| Old::Misses(before(span).date_naive()))),
        ("audit entries", keep.audit.map(|span| Old::AuditEntries(before(span)))),
    ];
    for (what, old) in others {
        if let Some(old) = old {
            swept.add(what, all(store, &old, stop).await?);
        }
    }
    if let Some(oidc) = &instance.setup.web.oidc {
        swept.add("sessions", store.remove_sessions(session::life(oidc), now).await?);
    }
    let words = swept.words();
    let entry = AuditEntry {
        at: now,
        by: BY.to_owned(),
        action: AuditAction::RemovedOldRows,
        of: "store".to_owned(),
        detail: Some(words.clone()),
    };
    let is_any = !words.is_empty();
    store.swept(now, is_any.then_some(&entry)).await?;
    if is_any {
        info!("removed old rows: {words}; their totals stay");
    }
    Ok(swept)
}

/// Removes a few at a time until there are no more.
async fn all(store: &Store, old: &Old<'_>, stop: &CancellationToken) -> anyhow::Result<u64> {
    let mut rows = 0;
    while !stop.is_cancelled() {
        match store.remove_some(old).await? {
            0 => break,
            some => rows += some,
        }
        let _ = timeout(PAUSE, stop.cancelled()).await;
    }
    Ok(rows)
}

/// Periods that ended so long ago, and that no later reading can change, take no more readings: those
/// that they have may go.
async fn close_to_readings(
    instance: &Instance,
    span: TimeDelta,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let store = &instance.store;
    let is_old = |kpi: &str, period: &str| {
        let of = KpiRef::parse(kpi).zip(Period::parse(period).ok());
        of.is_some_and(|(kpi, period)| old_from(instance, &kpi, period, span) <= now)
    };
    let periods = store.reading_periods().await?.into_iter();
    let old: Vec<i64> =
        periods.filter(|(_, kpi, period)| is_old(kpi, period)).map(|(id, ..)| id).collect();
    store.thin(&old).await
}

async fn readings(
    store: &Store,
    old: OldReadings,
    stop: &CancellationToken,
) -> anyhow::Result<u64> {
    let (mut rows, mut from) = (0, DateTime::<Utc>::MIN_UTC);
    while !stop.is_cancelled() {
        let (gone, next) = store.remove_readings(from, old).await?;
        rows += gone;
        let Some(next) = next else { break };
        from = next;
        let _ = timeout(PAUSE, stop.cancelled()).await;
    }
    Ok(rows)
}

fn old_from(instance: &Instance, named: &KpiRef, period: Period, span: TimeDelta) -> DateTime<Utc> {
    let setup = &instance.setup;
    let old = |calendar: &Calendar| {
        let (_, end) = calendar.bounds(period);
        end.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
    };
    let defined = setup.portfolio.scorecard(&named.scorecard);
    match defined.and_then(|scorecard| Some((scorecard, scorecard.kpi(&named.kpi)?))) {
        None => old(&setup.calendar),
        Some((scorecard, kpi)) => {
            let calendar = &scorecard.calendar;
            old(calendar).max(calendar.settled_from(
                period,
                kpi.lag_at_most(),
                scorecard.freeze_after,
            ))
        }
    }
}

async fn revisions(
    instance: &Instance,
    before: DateTime<Utc>,
    stop: &CancellationToken,
) -> anyhow::Result<u64> {
    let store = &instance.store;
    let (mut rows, mut at) = (0, String::new());
    while let Some(kpi) = store.actuals_after(&at).await? {
        rows += all(store, &Old::Revisions(&kpi, before), stop).await?;
        at = kpi;
        if stop.is_cancelled() {
            break;
        }
    }
    Ok(rows)
}

/// Verdicts of months that were over before an instant, but for the last of each month.
async fn verdicts(
    instance: &Instance,
    before: DateTime<Utc>,
    stop: &CancellationToken,
) -> anyhow::Result<u64> {
    let (store, calendar) = (&instance.store, &instance.setup.calendar);
    let mut rows = 0;
    for (scorecard, first) in store.first_judged().await? {
        let Some(mut month) = calendar.local_day(first).with_day(1) else { continue };
        while let Some(next) = month.checked_add_months(Months::new(1)) {
            let (start, end) = (calendar.midnight(month), calendar.midnight(next));
            if end > before || stop.is_cancelled() {
                break;
            }
            rows += all(store, &Old::Verdicts(&scorecard, start..end), stop).await?;
            month = next;
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_due_at_the_quiet_hour_and_an_hour_after_a_start_that_missed_it() {
        let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
        let due = |swept: Option<&str>, started| due(&calendar, swept.map(at), at(started));
        // In June, half past three is 01:30 of UTC.
        assert_eq!(due(None, "2026-06-03T01:29:59Z"), at("2026-06-03T01:30:00Z"));
        assert_eq!(due(None, "2026-06-03T06:00:00Z"), at("2026-06-04T01:30:00Z"));
        let swept = Some("2026-06-03T01:30:00Z");
        assert_eq!(due(swept, "2026-06-01T06:00:00Z"), at("2026-06-04T01:30:00Z"));
        assert_eq!(due(swept, "2026-06-04T06:00:00Z"), at("2026-06-04T07:00:00Z"), "it was off");
    }
}
