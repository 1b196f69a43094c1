//! The watch over working hours: what waited for them is judged again as soon as they begin. It also
//! sees to summaries in the morning. It sleeps until then, or until there is news that may have to wait.

use std::{
    collections::{BTreeSet, HashSet},
    pin::pin,
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    engine::{families::Families, owner::Arrival},
    instance::Instance,
    outbox::{daily_summary, held_mail},
};
use kpid_clock::Clock;
use kpid_rules::model::{Calendar, Id, WorkingHours};

/// It sleeps no longer: somebody may set the clock, and a command beside the daemon may keep mail back.
const SLEEPS_AT_MOST: Duration = Duration::from_secs(60);

/// What is due and still there is being judged, or failed: it is looked at again after so long. In a
/// storm of news it looks no more often.
const RESTS_AT_LEAST: Duration = Duration::from_secs(2);

/// What the watch works with.
pub(crate) struct Watch<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) clock: Clock,
    /// Woken when there may be deliveries.
    pub(crate) deliveries_ready: &'a Notify,
    pub(crate) families: &'a Families,
    /// Where the owner takes what is to be judged.
    pub(crate) arrivals: &'a mpsc::Sender<Arrival>,
}

impl Watch<'_> {
    /// Watches until it is told to stop.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut has_released = false;
        let mut news = pin!(self.deliveries_ready.notified());
        loop {
            // What comes from here on is not missed.
            news.set(self.deliveries_ready.notified());
            news.as_mut().enable();
            let next = self.look(&mut has_released).await;
            let until = next.map(|next| self.clock.until(next)).unwrap_or_default();
            let sleep = if until.is_zero() { RESTS_AT_LEAST } else { until.min(SLEEPS_AT_MOST) };
            if timeout(sleep.min(RESTS_AT_LEAST), stop.cancelled()).await.is_ok() {
                return;
            }
            let woken = async {
                tokio::select! {
                    () = news.as_mut() => {}
                    () = stop.cancelled() => {}
                }
            };
            // Over either way: woken, or rested.
            let _ = timeout(sleep.saturating_sub(RESTS_AT_LEAST), woken).await;
        }
    }

    /// Does what is due; says when to look again, unless something failed.
    async fn look(&self, has_released: &mut bool) -> Option<DateTime<Utc>> {
        // What falls due during the look is after it.
        let looked_at = self.clock.now();
        let (setup, store) = (&self.instance.setup, &self.instance.store);
        // A configuration that is new may have other hours: the first time that they are open,
        // everything that waits is looked at.
        let released = self.release(!*has_released).await;
        match &released {
            Ok(are_open) => *has_released |= are_open,
            Err(error) => error!("cannot judge what waited for working hours: {error:#}"),
        }
        let summaries = daily_summary::summarise(self.instance, self.clock.now()).await;
        match &summaries {
            Ok(0) => {}
            Ok(_) => self.deliveries_ready.notify_waiters(),
            Err(error) => error!("cannot write summaries: {error:#}"),
        }
        let held_until = store.held_until().await;
        if let Err(error) = &held_until {
            error!("cannot see what waits for working hours: {error:#}");
        }
        let (Ok(_), Ok(0), Ok(held_until)) = (released, summaries, held_until) else {
            return None;
        };
        let (calendar, hours) = (&setup.calendar, setup.alerts.hours.as_ref());
        next_look(calendar, hours, held_until, looked_at)
    }

    /// Has what waited for hours that have begun judged again; `all` of it, whenever its hours were
    /// to begin. Says whether the hours are open, so that there was something to be done.
    async fn release(&self, all: bool) -> anyhow::Result<bool> {
        let (store, setup, now) = (&self.instance.store, &self.instance.setup, self.clock.now());
        if now < held_mail::pace(setup, now).opening {
            return Ok(false);
        }
        let mut waiting = store.waiting().await?;
        waiting.retain(|waiting| all || waiting.due_at <= now);
        if waiting.is_empty() {
            return Ok(true);
        }
        let episodes = store.episodes().await?;
        let mut scorecards: HashSet<Id> = HashSet::new();
        let mut orphans = Vec::new();
        for waiting in &waiting {
            match held_mail::scorecard_of(&waiting.dedup_key, episodes.iter()) {
                Some(id) if setup.portfolio.scorecard(&id).is_some() => drop(scorecards.insert(id)),
                _ => orphans.push(waiting.id),
            }
        }
        store.overtaken(&orphans, held_mail::NOT_CONFIGURED, now).await?;
        let families: BTreeSet<usize> =
            scorecards.iter().filter_map(|id| self.families.of_scorecard(id)).collect();
        for family in families {
            // Nobody takes it only when the daemon stops.
            let _ = self.arrivals.send(Arrival::Look(family)).await;
        }
        Ok(true)
    }
}

/// When there is something to do next: working hours begin, or the morning of a day of work comes, or,
/// while the hours are open, what is held until an instant is due.
fn next_look(
    calendar: &Calendar,
    hours: Option<&WorkingHours>,
    held_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let opening = hours.map(|hours| hours.opening(calendar, now)).filter(|begin| now < *begin);
    let held_until = held_until.filter(|_| opening.is_none());
    let morning = daily_summary::next_morning(calendar, now);
    [opening, held_until, morning].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use kpid_rules::model::HoursOn;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn it_sleeps_until_hours_begin_the_morning_comes_or_something_held_is_due() {
        let calendar = Calendar::plain(chrono_tz::Europe::Amsterdam);
        let [from, to] = ["09:00:00", "17:00:00"].map(|time| time.parse().unwrap());
        let hours = WorkingHours { days: HoursOn::WorkingDays, from, to };
        for (now, held_until, next, why) in [
            ("2026-06-03T05:00:00Z", None, "2026-06-03T06:00:00Z", "the morning comes"),
            ("2026-06-03T06:00:00Z", None, "2026-06-03T07:00:00Z", "the hours begin after it"),
            ("2026-06-03T07:00:00Z", None, "2026-06-04T06:00:00Z", "open, and nothing waits"),
            (
                "2026-06-03T07:00:00Z",
                Some("2026-06-03T08:15:00Z"),
                "2026-06-03T08:15:00Z",
                "a silence ends meanwhile",
            ),
            (
                "2026-06-03T09:00:00Z",
                Some("2026-06-03T08:15:00Z"),
                "2026-06-03T08:15:00Z",
                "it is due and not judged yet",
            ),
            (
                "2026-06-05T16:00:00Z",
                Some("2026-06-05T08:15:00Z"),
                "2026-06-08T06:00:00Z",
                "what is due on Friday evening waits for Monday",
            ),
            ("2026-10-23T16:00:00Z", None, "2026-10-26T07:00:00Z", "clocks go back on Sunday"),
        ] {
            let found = next_look(&calendar, Some(&hours), held_until.map(at), at(now));
            assert_eq!(found, Some(at(next)), "{now}: {why}");
        }
        let always = next_look(&calendar, None, None, at("2026-06-06T12:00:00Z"));
        assert_eq!(always, Some(at("2026-06-08T06:00:00Z")), "without hours there is a morning");
    }
}
