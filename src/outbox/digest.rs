//! Digests: made for everybody in one transaction when their schedule says so. One that was missed
//! while the daemon was down is made up for once.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{instance::Instance, outbox::notices};
use kpid_clock::Clock;
use kpid_config::setup::{Digests, Setup};
use kpid_delivery::routing::{self, routes};
use kpid_message::{
    periodic::digest::{self, DigestContext},
    person::Person,
};
use kpid_rules::{
    alerting::NoticeKind,
    analysis::{Picture, Retuned},
    evaluation::judge,
    judgement::Standing,
    model::Id,
};
use kpid_store::{DigestInput, DigestOutcome, Held, LastDigest, NewDelivery, PastStandings};

/// It sleeps no longer until the next digest is due: somebody may set the clock.
const SLEEPS_AT_MOST: Duration = Duration::from_secs(60);

/// How long a store that refused is left alone.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// What makes digests.
pub(crate) struct Digester<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) clock: Clock,
    /// Woken when there may be deliveries.
    pub(crate) deliveries_ready: &'a Notify,
}

impl Digester<'_> {
    /// Makes digests until it is told to stop.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        loop {
            // What falls due during the look is after it.
            let now = self.clock.now();
            let pause = match self.look(now).await {
                Ok(()) => self.sleeps_for(now),
                Err(error) => {
                    error!("cannot make digests: {error:#}");
                    RETRY_PAUSE
                }
            };
            if timeout(pause, stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    /// How long it is until the first instant of the schedule after the look.
    fn sleeps_for(&self, looked_at: DateTime<Utc>) -> Duration {
        let Setup { digests, calendar, .. } = &self.instance.setup;
        let schedule = digests.as_ref().map(|digests| &digests.schedule);
        let next = schedule.and_then(|held| held.next_after(looked_at, calendar.zone));
        next.map_or(SLEEPS_AT_MOST, |next| self.clock.until(next).min(SLEEPS_AT_MOST))
    }

    async fn look(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let setup = &self.instance.setup;
        let last = self.instance.store.last_digests().await?;
        let plans = plans(setup, &last, now);
        let stays = |plan: &Plan<'_>| last.get(&plan.person.id) == Some(&plan.next);
        if plans.len() == last.len() && plans.iter().all(stays) {
            return Ok(());
        }
        let kpis = setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
        let digested =
            self.instance.store.digest(&kpis, now, |input| make(setup, input, now)).await?;
        if !digested.deliveries.is_empty() {
            info!("made {} digests", digested.deliveries.len());
            self.deliveries_ready.notify_waiters();
        }
        Ok(())
    }
}

/// What becomes of a person's digest at a look.
struct Plan<'a> {
    person: &'a Person,
    next: LastDigest,
    /// Since when changes are told, if one is due, and the instant of the schedule it is for.
    due: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Everybody who gets digests. Somebody seen for the first time has had everything so far.
fn plans<'a>(
    setup: &'a Setup,
    last: &HashMap<Id, LastDigest>,
    now: DateTime<Utc>,
) -> Vec<Plan<'a>> {
    let Some(digests) = &setup.digests else { return Vec::new() };
    let zone = setup.calendar.zone;
    let plan = |person: &'a Person| {
        let Some(last) = last.get(&person.id) else {
            return Plan { person, next: LastDigest { slot: now, at: now }, due: None };
        };
        let served = digests.schedule.served_until(last.slot, now, zone);
        match digests.schedule.latest(served.min(now), now, zone) {
            None => Plan { person, next: LastDigest { slot: served, at: last.at }, due: None },
            Some((slot, _)) => {
                Plan { person, next: LastDigest { slot, at: now }, due: Some((last.at, slot)) }
            }
        }
    };
    readers(setup, digests).into_iter().map(plan).collect()
}

/// Whoever reads digests, each mailbox once, by the first of its people that want them.
fn readers<'a>(setup: &'a Setup, digests: &'a Digests) -> Vec<&'a Person> {
    let wanting = setup.people.keys().filter(|id| !digests.without.contains(id));
    let routes = routes(wanting, &setup.people, &setup.channels).into_iter();
    let reached = routes.filter(|(_, route)| route.is_ok());
    reached.filter_map(|(id, _)| setup.people.get(id)).collect()
}

/// The ids by which the reader of a digest is known: those of one mailbox that want digests.
pub fn ids_of_reader<'a>(setup: &'a Setup, person: &'a Person) -> Vec<&'a Id> {
    let mailbox = |person: &'a Person| routing::mailbox(person, &setup.people);
    let own = mailbox(person);
    let without = |id: &Id| setup.digests.as_ref().is_some_and(|all| all.without.contains(id));
    let others = setup.people.values().filter(|other| {
        other.id != person.id && own.is_some() && mailbox(other) == own && !without(&other.id)
    });
    [person].into_iter().chain(others).map(|person| &person.id).collect()
}

fn make(setup: &Setup, input: &DigestInput, now: DateTime<Utc>) -> anyhow::Result<DigestOutcome> {
    let DigestInput { held, last, past } = input;
    let (portfolio, history) = (&setup.portfolio, &held.history);
    let standing = judge(portfolio, history, &held.episodes, &setup.config_hash, now);
    let mut compared: BTreeMap<DateTime<Utc>, Compared> = BTreeMap::new();
    for (at, past) in past {
        compared.insert(*at, compare(past, &standing));
    }
    let mut deliveries = Vec::new();
    let plans = plans(setup, last, now);
    for Plan { person, due, .. } in &plans {
        let Some((since, slot)) = *due else { continue };
        let Some(compared) = compared.get(&since) else { continue };
        let context = digest_context(setup, held, &standing, since, compared);
        deliveries.extend(deliveries_of(setup, context, person, slot, now));
    }
    let last = plans.into_iter().map(|plan| (plan.person.id.clone(), plan.next)).collect();
    Ok(DigestOutcome { standing, last, deliveries })
}

/// How everything stood, and what has been measured otherwise since.
#[derive(Debug)]
pub struct Compared {
    then: Picture,
    retuned: Vec<Retuned>,
}

/// What has changed between the verdicts of then and how everything stands.
pub fn compare(past: &PastStandings, standing: &Standing) -> Compared {
    Compared { then: past.then(), retuned: past.retuned(standing) }
}

/// What everybody's digest is made from, for changes since an instant.
pub fn digest_context<'a>(
    setup: &'a Setup,
    held: &'a Held,
    standing: &'a Standing,
    since: DateTime<Utc>,
    compared: &'a Compared,
) -> DigestContext<'a> {
    DigestContext {
        portfolio: &setup.portfolio,
        people: &setup.people,
        public_url: setup.web.public_url.as_ref(),
        language: setup.language,
        zone: setup.calendar.zone,
        standing,
        episodes: &held.episodes,
        silences: &held.silences,
        review_items: &held.review_items,
        since,
        then: &compared.then,
        retuned: &compared.retuned,
    }
}

fn deliveries_of(
    setup: &Setup,
    context: DigestContext<'_>,
    person: &Person,
    slot: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<NewDelivery> {
    let slot = slot.with_timezone(&context.zone).format("%Y-%m-%dT%H:%M").to_string();
    let ids = ids_of_reader(setup, person);
    let Some(digest) = digest::digest(context, person, &ids, &slot) else { return Vec::new() };
    let also_empty = setup.digests.as_ref().is_some_and(|digests| digests.also_empty);
    if !digest.has_news && !also_empty {
        return Vec::new();
    }
    let message = digest.overview.into();
    notices::routed(setup, &message, NoticeKind::Digest, std::slice::from_ref(&person.id), now)
}
