//! Delivery: what is due over a channel is taken from the outbox in batches and held in memory, sent by
//! several at once, and what came of it is written in batches. One worker a channel, so that a dead
//! channel delays no other.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    pin::pin,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use uuid::Uuid;

use crate::{
    instance::Instance,
    outbox::{
        attempt::{Attempted, Sender},
        held_mail,
        reach::Reach,
    },
};
use kpid_clock::Clock;
use kpid_delivery::channels::Channels;
use kpid_message::acknowledge_link::Signer;
use kpid_rules::model::Id;
use kpid_store::{Claimed, DeliveryResult, Hastened, Settlement};

/// Mails at once: hosted servers take few connections of one client.
const MAIL_PLACES: usize = 4;

/// Webhooks at once.
const WEBHOOK_PLACES: usize = 8;

/// Deliveries taken in one transaction. What is taken and not begun is tried again a little later when
/// the process is killed.
const BATCH: u32 = 32;

/// A batch is taken when fewer are left.
const LEFT_MIN: usize = 8;

/// What came of so many may be in memory alone; if the store does not take it, nothing more is sent.
const UNSETTLED_MAX: usize = 64;

/// A claim that is older was made by a process that died: whoever lives renews its claims.
const LEASE: TimeDelta = TimeDelta::minutes(10);

/// How often claims are renewed: a mail may be under way for longer than a lease.
const RENEW_EVERY: Duration = Duration::from_secs(3 * 60);

/// How often a worker looks by itself: for what falls due, and for what commands beside the daemon
/// did. A judgement with news wakes it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often Alertmanager is told again of what is open: it keeps alerts in its memory, and expects
/// its clients to repeat them.
const TELL_AGAIN_EVERY: Duration = Duration::from_secs(3 * 60);

/// How long a store that refused is left alone.
const BROKEN_PAUSE: Duration = Duration::from_secs(5);

/// Delivers over one channel.
pub struct Worker<'a> {
    sender: Sender<'a>,
    reach: Reach,
}

/// Something that a worker waited for.
enum Happening {
    Attempted(Attempted),
    Claimed(anyhow::Result<Vec<Claimed>>),
    Settled(Vec<Settlement>, anyhow::Result<()>),
    /// Whoever comes next sends it again.
    Unsettled(anyhow::Error),
    /// Of these claims, which still hold.
    Held(Vec<Uuid>, anyhow::Result<HashSet<Uuid>>),
    Hastened(anyhow::Result<u64>),
}

/// What a worker has in memory.
struct Desk {
    /// Taken and not begun, the oldest first.
    queue: VecDeque<Claimed>,
    /// When what is under way was begun.
    under_way: HashMap<Uuid, Instant>,
    to_settle: Vec<Settlement>,
    is_claiming: bool,
    is_settling: bool,
    is_looking: bool,
    /// Whether the store refused what was to be settled.
    is_refused: bool,
    /// Whether there may be something to claim.
    may_be_more: bool,
    look_at: Instant,
    renew_at: Instant,
    claimed: usize,
    failed: Option<anyhow::Error>,
}

type Steps<'s> = FuturesUnordered<BoxFuture<'s, Happening>>;

impl<'a> Worker<'a> {
    /// Gets ready to deliver over a channel. `deliveries_ready` wakes it when there may be deliveries;
    /// `signer` signs the links in mails, where there are any.
    pub fn new(
        instance: &'a Instance,
        channels: &'a Channels,
        channel: &'a Id,
        clock: Clock,
        deliveries_ready: &'a Notify,
        signer: Option<&'a Signer>,
    ) -> Self {
        let sender = Sender { instance, channels, channel, clock, deliveries_ready, signer };
        let places = if sender.is_mail() { MAIL_PLACES } else { WEBHOOK_PLACES };
        Self { sender, reach: Reach::new(places, Instant::now()) }
    }

    /// Delivers until it is told to stop; what is under way then is finished.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let Sender { channels, channel, deliveries_ready, .. } = self.sender;
        let mut repeated_at: Option<Instant> = None;
        let mut news = pin!(deliveries_ready.notified());
        while !stop.is_cancelled() {
            // Between deliveries, so that nothing is said to be open after its end was told.
            if repeated_at.is_none_or(|at| at.elapsed() >= TELL_AGAIN_EVERY) {
                repeated_at = Some(Instant::now());
                if let Err(error) = self.tell_again().await {
                    error!(%channel, "cannot tell `{channel}` again of what is open: {error:#}");
                }
            }
            // What comes from here on is not missed.
            news.set(deliveries_ready.notified());
            news.as_mut().enable();
            let pause = match self.deliver_due(stop).await {
                Ok(0) => LOOK_EVERY,
                Ok(_) => continue,
                Err(error) => {
                    error!(%channel, "cannot deliver over `{channel}`: {error:#}");
                    BROKEN_PAUSE
                }
            };
            self.probe().await;
            channels.let_idle_go(channel).await;
            let woken = async {
                tokio::select! {
                    () = news.as_mut() => {}
                    () = stop.cancelled() => {}
                }
            };
            // Over either way: woken, or rested.
            let _ = timeout(pause, woken).await;
        }
        channels.close(channel).await;
    }

    /// Tells a receiver that keeps alerts in its memory of all that is open; it says how many alerts
    /// that were. What it does not take is told the next time.
    pub async fn tell_again(&self) -> anyhow::Result<usize> {
        self.sender.tell_again().await
    }

    /// Makes what is due until nothing is, and says how many deliveries that were.
    pub async fn deliver_due(&self, stop: &CancellationToken) -> anyhow::Result<usize> {
        let deliveries_ready = self.sender.deliveries_ready;
        let (mut desk, mut steps) = (Desk::new(), Steps::new());
        let mut news = pin!(deliveries_ready.notified());
        news.as_mut().enable();
        let mut is_stopped = false;
        loop {
            self.go_on(&mut desk, &steps, stop);
            let look_at = desk.look_at;
            tokio::select! {
                step = steps.next() => match step {
                    None => return desk.failed.map_or(Ok(desk.claimed), Err),
                    Some(step) => self.take(step, &mut desk, &steps),
                },
                () = news.as_mut() => {
                    news.set(deliveries_ready.notified());
                    news.as_mut().enable();
                    desk.may_be_more = true;
                }
                () = sleep_until(look_at) => self.look(&mut desk, &steps),
                () = stop.cancelled(), if !is_stopped => is_stopped = true,
            }
        }
    }

    /// Begins what can be begun.
    fn go_on<'s>(&'s self, desk: &mut Desk, steps: &Steps<'s>, stop: &'s CancellationToken) {
        let is_at_work = !stop.is_cancelled() && !desk.is_refused;
        while is_at_work
            && desk.to_settle.len() < UNSETTLED_MAX
            && self.reach.has_room(desk.under_way.values().copied(), Instant::now())
            && let Some(claimed) = desk.queue.pop_front()
        {
            desk.under_way.insert(claimed.id, Instant::now());
            steps.push(self.sender.attempt(claimed).map(Happening::Attempted).boxed());
        }
        // Whoever stops, or leaves its receiver alone, keeps nothing from others.
        if stop.is_cancelled() || self.reach.is_left_alone(Instant::now()) {
            let at = self.sender.clock.now();
            let back =
                |Claimed { id, .. }| Settlement { id, at, result: DeliveryResult::HandedBack };
            desk.to_settle.extend(desk.queue.drain(..).map(back));
        } else if is_at_work && desk.wants_more() {
            (desk.is_claiming, desk.may_be_more) = (true, false);
            steps.push(self.claim().map(Happening::Claimed).boxed());
        }
        if !desk.is_settling && !desk.to_settle.is_empty() {
            desk.is_settling = true;
            steps.push(self.settle(std::mem::take(&mut desk.to_settle), stop).boxed());
        }
    }

    fn take<'s>(&'s self, step: Happening, desk: &mut Desk, steps: &Steps<'s>) {
        let Sender { channel, deliveries_ready, .. } = self.sender;
        match step {
            Happening::Attempted(Attempted { settlement, presence }) => {
                desk.under_way.remove(&settlement.id);
                desk.to_settle.push(settlement);
                if self.reach.note(presence, Instant::now()) {
                    steps.push(self.hasten(Hastened::All).map(Happening::Hastened).boxed());
                }
            }
            Happening::Claimed(claimed) => {
                desk.is_claiming = false;
                match claimed {
                    Ok(claimed) => desk.take(claimed),
                    Err(error) => desk.failed = Some(error),
                }
            }
            Happening::Settled(settled, Ok(())) => {
                (desk.is_settling, desk.is_refused) = (false, false);
                // What came after it in its alert may be due now.
                desk.may_be_more = true;
                let is_told = |settled: &Settlement| matches!(&settled.result, DeliveryResult::GivenUp { notices, .. } if !notices.is_empty());
                if settled.iter().any(is_told) {
                    deliveries_ready.notify_waiters();
                }
            }
            Happening::Settled(settled, Err(error)) => {
                (desk.is_settling, desk.is_refused) = (false, true);
                error!(%channel, "cannot note what came of {} deliveries over `{channel}`: {error:#}", settled.len());
                desk.to_settle.splice(0..0, settled);
            }
            Happening::Unsettled(error) => {
                (desk.is_settling, desk.is_refused) = (false, true);
                desk.failed = Some(error);
            }
            Happening::Held(asked, held) => {
                desk.is_looking = false;
                match held {
                    Ok(held) => desk.forget(&asked, &held),
                    Err(error) => {
                        error!(%channel, "cannot renew what was taken for `{channel}`: {error:#}");
                    }
                }
            }
            Happening::Hastened(Ok(0)) => {}
            Happening::Hastened(Ok(hastened)) => {
                info!(%channel, "`{channel}` takes messages again; {hastened} that waited are due");
                desk.may_be_more = true;
            }
            Happening::Hastened(Err(error)) => {
                error!(%channel, "cannot look after what waits for `{channel}`: {error:#}");
            }
        }
    }

    /// Looks for what became due, and what others did about what was taken.
    fn look<'s>(&'s self, desk: &mut Desk, steps: &Steps<'s>) {
        let now = Instant::now();
        desk.look_at = now + LOOK_EVERY;
        desk.may_be_more = true;
        let is_due = desk.renew_at <= now;
        if desk.is_looking || (desk.queue.is_empty() && !is_due) {
            return;
        }
        if is_due {
            desk.renew_at = now + RENEW_EVERY;
        }
        desk.is_looking = true;
        let until = is_due.then(|| self.sender.clock.now() + LEASE);
        steps.push(self.held(desk.ids(), until).boxed());
    }

    /// Which claims still hold; they are renewed where it says until when.
    async fn held(&self, ids: Vec<Uuid>, until: Option<DateTime<Utc>>) -> Happening {
        let store = &self.sender.instance.store;
        let held = match until {
            Some(until) => store.renew_claims(&ids, until).await,
            None => store.held_claims(&ids).await,
        };
        Happening::Held(ids, held)
    }

    async fn claim(&self) -> anyhow::Result<Vec<Claimed>> {
        let Sender { instance, channel, clock, .. } = self.sender;
        let (store, channel, now) = (&instance.store, channel.as_str(), clock.now());
        let until = now + LEASE;
        if self.sender.is_mail() {
            let pace = held_mail::pace(&instance.setup, now);
            store.claim_mail(channel, now, until, BATCH, pace).await
        } else {
            store.claim(channel, now, until, BATCH).await
        }
    }

    /// Writes what came of deliveries. A store that refuses is left alone for a while: what is not
    /// written is sent again by whoever comes next.
    async fn settle(&self, settlements: Vec<Settlement>, stop: &CancellationToken) -> Happening {
        let settled = self.sender.instance.store.settle(&settlements).await;
        if settled.is_err() && timeout(BROKEN_PAUSE, stop.cancelled()).await.is_ok() {
            let last = self.sender.instance.store.settle(&settlements).await;
            return match last {
                Ok(()) => Happening::Settled(settlements, Ok(())),
                Err(error) => Happening::Unsettled(error),
            };
        }
        Happening::Settled(settlements, settled)
    }

    async fn hasten(&self, which: Hastened) -> anyhow::Result<u64> {
        let Sender { instance, channel, clock, .. } = self.sender;
        instance.store.hasten(channel.as_str(), which, clock.now()).await
    }

    /// Has a receiver that was not there tried with what waits longest.
    async fn probe(&self) {
        let channel = self.sender.channel;
        if self.reach.is_to_be_probed(Instant::now())
            && let Err(error) = self.hasten(Hastened::Oldest).await
        {
            error!(%channel, "cannot look after what waits for `{channel}`: {error:#}");
        }
    }
}

impl Desk {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            queue: VecDeque::new(),
            under_way: HashMap::new(),
            to_settle: Vec::new(),
            is_claiming: false,
            is_settling: false,
            is_looking: false,
            is_refused: false,
            may_be_more: true,
            look_at: now + LOOK_EVERY,
            renew_at: now + RENEW_EVERY,
            claimed: 0,
            failed: None,
        }
    }

    fn wants_more(&self) -> bool {
        self.may_be_more
            && !self.is_claiming
            && self.failed.is_none()
            && self.queue.len() < LEFT_MIN
    }

    fn take(&mut self, claimed: Vec<Claimed>) {
        self.claimed += claimed.len();
        // A batch is not all there is.
        self.may_be_more |= claimed.len() == BATCH as usize;
        // A claim that lapsed is still ours.
        let known: HashSet<Uuid> = self.ids().into_iter().collect();
        self.queue.extend(claimed.into_iter().filter(|claimed| !known.contains(&claimed.id)));
    }

    /// Forgets what was taken and is nobody's to make any more. What was taken meanwhile was not asked
    /// for.
    fn forget(&mut self, asked: &[Uuid], held: &HashSet<Uuid>) {
        let lost: HashSet<&Uuid> = asked.iter().filter(|id| !held.contains(id)).collect();
        self.queue.retain(|claimed| !lost.contains(&claimed.id));
    }

    fn ids(&self) -> Vec<Uuid> {
        self.queue.iter().map(|claimed| claimed.id).chain(self.under_way.keys().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(number: u128) -> Claimed {
        Claimed {
            id: Uuid::from_u128(number),
            recipient: "ops".to_owned(),
            person: None,
            facts: "{}".to_owned(),
            written_at: DateTime::UNIX_EPOCH,
            attempts: 1,
        }
    }

    #[test]
    fn what_somebody_dropped_is_forgotten_and_what_was_taken_meanwhile_is_not() {
        let mut desk = Desk::new();
        desk.take(vec![claimed(1), claimed(2)]);
        let asked = desk.ids();
        desk.take(vec![claimed(3), claimed(2)]);
        desk.forget(&asked, &[Uuid::from_u128(2)].into());
        let left: Vec<u128> = desk.queue.iter().map(|claimed| claimed.id.as_u128()).collect();
        assert_eq!(left, [2, 3], "each once");
    }
}
