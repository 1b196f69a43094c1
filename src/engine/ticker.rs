//! The wake-up clock: tokio-cron-scheduler, with its idea of time replaced by ours. A wake-up only
//! means "look"; what is due is the agenda's business.

use std::{
    collections::HashMap,
    future::{Future, Ready, ready},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{
    Job, JobScheduler, JobSchedulerError, MetaDataStorage, SimpleJobCode, SimpleNotificationCode,
    SimpleNotificationStore,
    job::job_data::{JobAndNextTick, JobStoredData, JobType},
    store::{DataStore, InitStore},
};
use uuid::Uuid;

use kpid_clock::Clock;
use kpid_rules::model::Schedule;

/// How many wake-ups may wait in each of the crate's ten channels, which it has room for from the start; one
/// that is lost is made up for by the next.
const CHANNEL: usize = 1024;

/// A clock that went back by more than this was set, not corrected.
const STEP_BACK: TimeDelta = TimeDelta::seconds(2);

/// The crate wants a pattern for every job; ours say when, so any that is valid will do.
const ANY_PATTERN: &str = "0 0 0 1 1 *";

/// Wakes its owner whenever one of its schedules may have an instant. One is enough for the life of a
/// process, and more would be too many: what the crate starts outlives its shutdown, over a megabyte
/// each time.
pub(crate) struct Ticker {
    scheduler: JobScheduler,
    alarms: Alarms,
    /// A job for each schedule; those too many rest until there are more schedules again.
    jobs: Vec<Uuid>,
    wake: mpsc::Sender<()>,
    wake_ups: mpsc::Receiver<()>,
}

impl Ticker {
    /// Starts a ticker that follows no schedule yet.
    pub(crate) async fn start(clock: Clock) -> anyhow::Result<Self> {
        let failure = "cannot start the wake-up clock";
        let alarms = Alarms::new(clock);
        // One place is enough: a wake-up that waits already says "look".
        let (wake, wake_ups) = mpsc::channel(1);
        let scheduler = JobScheduler::new_with_storage_and_code(
            Box::new(alarms.clone()),
            Box::new(SimpleNotificationStore::default()),
            Box::new(SimpleJobCode::default()),
            Box::new(SimpleNotificationCode::default()),
            CHANNEL,
        )
        .await
        .context(failure)?;
        scheduler.start().await.context(failure)?;
        Ok(Self { scheduler, alarms, jobs: Vec::new(), wake, wake_ups })
    }

    /// Wakes at the instants of these distinct schedules, in one zone, and at no others.
    pub(crate) async fn follow(
        &mut self,
        schedules: Vec<Schedule>,
        zone: Tz,
    ) -> anyhow::Result<()> {
        while self.jobs.len() < schedules.len() {
            let job = self.add_job().await.context("cannot set the wake-up clock")?;
            self.jobs.push(job);
        }
        self.alarms.follow(self.jobs.iter().copied().zip(schedules), zone);
        Ok(())
    }

    async fn add_job(&self) -> Result<Uuid, JobSchedulerError> {
        let wake = self.wake.clone();
        let job = Job::new_async(ANY_PATTERN, move |_, _| {
            // Full is fine: somebody is about to look.
            let _ = wake.try_send(());
            Box::pin(ready(()))
        })?;
        self.scheduler.add(job).await
    }

    /// Waits for the next wake-up; `None` when the clock has stopped.
    pub(crate) async fn wake_up(&mut self) -> Option<()> {
        self.wake_ups.recv().await
    }

    /// Stops waking.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.scheduler.shutdown().await.context("cannot stop the wake-up clock")
    }
}

/// The crate's store of jobs, which says by our schedules and our clock which of them are due.
#[derive(Clone)]
struct Alarms {
    clock: Clock,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    jobs: HashMap<Uuid, JobStoredData>,
    zone: Tz,
    next: HashMap<Uuid, (Schedule, Option<DateTime<Utc>>)>,
    looked_at: Option<DateTime<Utc>>,
}

type StoreFuture<T> = Pin<Box<dyn Future<Output = Result<T, JobSchedulerError>> + Send>>;

impl Alarms {
    fn new(clock: Clock) -> Self {
        Self { clock, held: Arc::default() }
    }

    /// Takes the place of all that was followed before.
    fn follow(&self, alarms: impl Iterator<Item = (Uuid, Schedule)>, zone: Tz) {
        let now = self.clock.now();
        let alarms = alarms.map(|(job, schedule)| {
            let next = schedule.next_after(now, zone);
            (job, (schedule, next))
        });
        let mut held = self.held();
        held.zone = zone;
        held.next = alarms.collect();
    }

    /// The jobs due at `now`; each is moved to its next instant.
    fn due(&self, now: DateTime<Utc>) -> Vec<Uuid> {
        let mut held = self.held();
        let zone = held.zone;
        let stepped_back = held.looked_at.is_some_and(|before| now < before - STEP_BACK);
        held.looked_at = Some(now);
        let mut due = Vec::new();
        for (job, (schedule, next)) in &mut held.next {
            let is_due = next.is_some_and(|next| next <= now);
            if is_due {
                due.push(*job);
            }
            if is_due || stepped_back {
                *next = schedule.next_after(now, zone);
            }
        }
        due
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing between lock and unlock leaves the maps half written.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetaDataStorage for Alarms {
    fn list_next_ticks(&mut self) -> StoreFuture<Vec<JobAndNextTick>> {
        let due = self.due(self.clock.now()).into_iter().map(|job| JobAndNextTick {
            id: Some(job.into()),
            job_type: JobType::Cron as i32,
            // Long past: the crate runs what is past, and we list only what is due.
            next_tick: 1,
            last_tick: None,
        });
        answer(due.collect())
    }

    fn set_next_and_last_tick(
        &mut self,
        _: Uuid,
        _: Option<DateTime<Utc>>,
        _: Option<DateTime<Utc>>,
    ) -> StoreFuture<()> {
        // Computed with a fixed offset, and so wrong after a change of clocks; ours is set already.
        answer(())
    }

    fn time_till_next_job(&mut self) -> StoreFuture<Option<Duration>> {
        let now = self.clock.now();
        let held = self.held();
        let next = held.next.values().filter_map(|(_, next)| *next).min();
        let wait = next.and_then(|next| (next - now).to_std().ok());
        drop(held);
        answer(wait)
    }
}

impl DataStore<JobStoredData> for Alarms {
    fn get(&mut self, id: Uuid) -> StoreFuture<Option<JobStoredData>> {
        let job = self.held().jobs.get(&id).cloned();
        answer(job)
    }

    fn add_or_update(&mut self, job: JobStoredData) -> StoreFuture<()> {
        if let Some(id) = &job.id {
            let id = Uuid::from(id);
            self.held().jobs.insert(id, job);
        }
        answer(())
    }

    fn delete(&mut self, id: Uuid) -> StoreFuture<()> {
        let mut held = self.held();
        held.jobs.remove(&id);
        held.next.remove(&id);
        drop(held);
        answer(())
    }
}

impl InitStore for Alarms {
    fn init(&mut self) -> StoreFuture<()> {
        answer(())
    }

    fn inited(&mut self) -> StoreFuture<bool> {
        answer(true)
    }
}

fn answer<T: Send + 'static>(value: T) -> StoreFuture<T> {
    let answer: Ready<Result<T, JobSchedulerError>> = ready(Ok(value));
    Box::pin(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpid_rules::model::Cron;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn alarms_follow_the_zone_over_a_change_of_clocks() {
        let before = at("2026-10-24T12:00:00Z");
        let alarms = Alarms::new(Clock::set(before));
        let job = Uuid::from_u128(1);
        let nine = Schedule::Cron(Cron::parse("0 9 * * *").unwrap());
        alarms.follow([(job, nine)].into_iter(), chrono_tz::Europe::Berlin);
        assert!(alarms.due(at("2026-10-25T07:30:00Z")).is_empty(), "08:30 in Berlin");
        assert_eq!(alarms.due(at("2026-10-25T08:00:00Z")), [job], "09:00 in Berlin");
        assert!(alarms.due(at("2026-10-25T08:00:01Z")).is_empty(), "once");
    }

    #[test]
    fn a_clock_set_back_does_not_silence_the_alarms() {
        let alarms = Alarms::new(Clock::set(at("2026-06-01T12:00:00Z")));
        let job = Uuid::from_u128(1);
        let often = Schedule::Cron(Cron::parse("*/10 * * * *").unwrap());
        alarms.follow([(job, often)].into_iter(), chrono_tz::UTC);
        assert_eq!(alarms.due(at("2026-06-01T12:10:00Z")), [job]);
        assert!(alarms.due(at("2026-06-01T11:12:00Z")).is_empty());
        assert_eq!(alarms.due(at("2026-06-01T11:20:00Z")), [job]);
    }

    fn every_second() -> Vec<Schedule> {
        let every = kpid_rules::model::Interval::new(TimeDelta::seconds(1)).unwrap();
        vec![Schedule::Every(every)]
    }

    async fn wakes(ticker: &mut Ticker) -> bool {
        tokio::time::timeout(Duration::from_secs(10), ticker.wake_up()).await == Ok(Some(()))
    }

    #[tokio::test]
    async fn a_due_alarm_wakes() {
        let mut ticker = Ticker::start(Clock::System).await.unwrap();
        ticker.follow(every_second(), chrono_tz::UTC).await.unwrap();
        assert!(wakes(&mut ticker).await);
        ticker.stop().await.unwrap();
    }

    #[tokio::test]
    async fn other_schedules_take_the_place_of_those_before_without_another_task() {
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let cron = |minute: u32| Schedule::Cron(Cron::parse(&format!("{minute} 0 * * *")).unwrap());
        let mut ticker = Ticker::start(Clock::System).await.unwrap();
        let before = tasks();
        for minute in 0..50 {
            let schedules = vec![cron(minute), cron(59)];
            ticker.follow(schedules.clone(), chrono_tz::UTC).await.unwrap();
            let mut followed: Vec<Schedule> =
                ticker.alarms.held().next.values().map(|(schedule, _)| schedule.clone()).collect();
            followed.sort_by_key(|schedule| schedules.iter().position(|one| one == schedule));
            assert_eq!(followed, schedules);
        }
        assert_eq!(ticker.jobs.len(), 2);
        assert_eq!(tasks(), before);
        // Fewer than before, and one of them is due.
        ticker.follow(every_second(), chrono_tz::UTC).await.unwrap();
        assert!(wakes(&mut ticker).await);
    }
}
