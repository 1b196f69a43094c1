//! Delivery: takes what is due from the outbox, sends it, and settles what came of it. One worker a
//! channel, so that a dead channel delays no other.

use std::{pin::pin, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::{
    instance::Instance,
    outbox::{
        held_mail,
        notices::{self, OPERATORS_WHY, Wording},
    },
    telemetry::metrics::Outcome,
};
use kpid_clock::Clock;
use kpid_delivery::{
    channel::{Channel, Webhook},
    channels::Channels,
    config_trouble::ConfigTrouble,
    delivery::{Delivered, Delivery},
    mail_address,
    retry::{self, Next},
    routing::mailbox,
    send_error::SendError,
};
use kpid_message::{
    acknowledge_link::{Link, Signer},
    message::Message,
    notice::{Notice, Section},
    person::Person,
    webhook_formats::format::Format,
};
use kpid_rules::{alerting::NoticeKind, model::Id};
use kpid_store::{Claimed, NewDelivery};

/// Deliveries under way at once over one channel.
const PLACES: usize = 4;

/// A claim that is older was made by a process that died, or by a send that will never end.
const LEASE: TimeDelta = TimeDelta::minutes(10);

/// Why a delivery waits whose receiver refuses us.
const WAITS_FOR_OPERATORS: &str = "waits until operators fix why it is refused";

/// How long a worker rests when nothing is due; a judgement with news wakes it.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// How often Alertmanager is told again of what is open: it keeps alerts in its memory, and expects
/// its clients to repeat them.
const TELL_AGAIN_EVERY: Duration = Duration::from_secs(3 * 60);

/// How long a worker rests when the store cannot be read.
const BROKEN_PAUSE: Duration = Duration::from_secs(5);

/// Delivers over one channel.
pub struct Worker<'a> {
    /// Its outbox and its readers.
    pub instance: &'a Instance,
    /// The ways out.
    pub channels: &'a Channels,
    /// Its own way out.
    pub channel: Id,
    /// When it is.
    pub clock: Clock,
    /// Woken when there may be deliveries.
    pub deliveries_ready: &'a Notify,
    /// What signs the links in mails; none where mails have none.
    pub signer: Option<&'a Signer>,
}

impl Worker<'_> {
    /// Delivers until it is told to stop; what is under way then is finished.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut repeated_at: Option<Instant> = None;
        while !stop.is_cancelled() {
            // Between deliveries, so that nothing is said to be open after its end was told.
            if repeated_at.is_none_or(|at| at.elapsed() >= TELL_AGAIN_EVERY) {
                repeated_at = Some(Instant::now());
                if let Err(error) = self.tell_again().await {
                    error!(channel = %self.channel, "cannot tell `{}` again of what is open: {error:#}", self.channel);
                }
            }
            let pause = match self.deliver_due(stop).await {
                Ok(0) => IDLE_PAUSE,
                Ok(_) => continue,
                Err(error) => {
                    error!(channel = %self.channel, "cannot deliver over `{}`: {error:#}", self.channel);
                    BROKEN_PAUSE
                }
            };
            self.rest(pause, stop).await;
        }
    }

    /// Waits so long at most; news and the end are not slept through.
    async fn rest(&self, pause: Duration, stop: &CancellationToken) {
        let woken = async {
            tokio::select! {
                () = self.deliveries_ready.notified() => {}
                () = stop.cancelled() => {}
            }
        };
        // Over either way: woken, or rested.
        let _ = timeout(pause, woken).await;
    }

    /// Tells a receiver that keeps alerts in its memory of all that is open; it says how many alerts
    /// that were. What it does not take is told the next time.
    pub async fn tell_again(&self) -> anyhow::Result<usize> {
        let channel = self.instance.setup.channels.get(&self.channel);
        let is_forgetful =
            matches!(channel, Some(Channel::Webhook(Webhook { format: Format::Alertmanager, .. })));
        if !is_forgetful {
            return Ok(0);
        }
        let mut repeated = 0;
        for standing in self.instance.store.standing_alerts(self.channel.as_str()).await? {
            let Ok(message) = Message::from_json(&standing.facts) else { continue };
            if !message.lasts() {
                continue;
            }
            let (id, recipient) = (standing.id, standing.recipient.as_str());
            let delivery =
                Delivery { id, channel: &self.channel, recipient, message: &message, link: None };
            match self.channels.send(delivery, self.clock.now()).await {
                Ok(_) => repeated += 1,
                Err(error) => {
                    debug!(delivery = %id, channel = %self.channel, "not sent again over `{}`: {error}", self.channel);
                    // Whoever does not answer is not asked once for each alert.
                    if !matches!(error, SendError::GiveUp { .. }) {
                        break;
                    }
                }
            }
        }
        Ok(repeated)
    }

    fn is_mail(&self) -> bool {
        let channel = self.instance.setup.channels.get(&self.channel);
        matches!(channel, Some(Channel::Email(_)))
    }

    /// Makes what is due until nothing is, and says how many deliveries that were. A recipient who
    /// keeps us waiting takes one place; what becomes due meanwhile goes by the others.
    pub async fn deliver_due(&self, stop: &CancellationToken) -> anyhow::Result<usize> {
        let mut under_way = FuturesUnordered::new();
        let (mut made, mut failed) = (0, None);
        loop {
            let takes_more = under_way.len() < PLACES && failed.is_none() && !stop.is_cancelled();
            if takes_more {
                let claimed = self.claim_beside(&mut under_way, &mut failed).await;
                made += claimed.len();
                under_way.extend(
                    claimed
                        .into_iter()
                        .map(|claimed| async move { self.deliver(&claimed, stop).await }),
                );
            }
            // What is being sent is finished also when another cannot be settled.
            tokio::select! {
                biased;
                settled = under_way.next() => match settled {
                    None => return failed.map_or(Ok(made), Err),
                    Some(settled) => failed = failed.or(settled.err()),
                },
                () = self.rest(IDLE_PAUSE, stop), if takes_more => {}
            }
        }
    }

    /// Takes what is due for the free places. What is under way goes on meanwhile: it may hold the
    /// store that a claim waits for.
    async fn claim_beside(
        &self,
        under_way: &mut FuturesUnordered<impl Future<Output = anyhow::Result<()>>>,
        failed: &mut Option<anyhow::Error>,
    ) -> Vec<Claimed> {
        let mut claiming = pin!(self.claim(PLACES - under_way.len()));
        loop {
            tokio::select! {
                claimed = &mut claiming => match claimed {
                    Ok(claimed) => return claimed,
                    Err(error) => {
                        *failed = failed.take().or(Some(error));
                        return Vec::new();
                    }
                },
                Some(settled) = under_way.next() => *failed = failed.take().or(settled.err()),
            }
        }
    }

    async fn claim(&self, room: usize) -> anyhow::Result<Vec<Claimed>> {
        let (store, channel, now) = (&self.instance.store, self.channel.as_str(), self.clock.now());
        let (until, room) = (now + LEASE, u32::try_from(room)?);
        if self.is_mail() {
            let pace = held_mail::pace(&self.instance.setup, now);
            store.claim_mail(channel, now, until, room, pace).await
        } else {
            store.claim(channel, now, until, room).await
        }
    }

    async fn deliver(&self, claimed: &Claimed, stop: &CancellationToken) -> anyhow::Result<()> {
        let Claimed { id, attempts, written_at, .. } = claimed;
        let message = match Message::from_json(&claimed.facts) {
            Ok(message) => message,
            Err(error) => {
                let reason = format!("what it says cannot be read: {error}");
                error!(delivery = %id, "gave up the delivery {id}: {reason}");
                return self.give_up(claimed, None, &reason).await;
            }
        };
        let recipient = &match self.address_now(claimed) {
            Ok(recipient) => recipient,
            Err(reason) => {
                self.count("given_up");
                error!(delivery = %id, channel = %self.channel, "gave up a delivery over `{}`: {reason}", self.channel);
                return self.give_up(claimed, Some(&message), &reason).await;
            }
        };
        let link = self.link(&message, recipient);
        let (channel, link) = (&self.channel, link.as_ref());
        let delivery = Delivery { id: *id, channel, recipient, message: &message, link };
        let sent = self.channels.send(delivery, self.clock.now()).await;
        let failed = match sent {
            Ok(Delivered { trouble }) => {
                self.count("delivered");
                info!(delivery = %id, channel = %self.channel, "delivered over `{}`", self.channel);
                self.complain(trouble.as_ref(), notices::usual).await;
                return self.note_delivered(*id, stop).await;
            }
            Err(failed) => failed,
        };
        if let SendError::Blocked(trouble) = &failed {
            self.complain(Some(trouble), notices::beside).await;
        }
        let now = self.clock.now();
        let attempt =
            retry::Attempt { written_at: *written_at, attempts: *attempts, error: &failed };
        match retry::next(attempt, rand::random(), now) {
            Next::Due(at) => {
                let waits_for = match failed {
                    SendError::Blocked(_) => Some(WAITS_FOR_OPERATORS),
                    SendError::Retry { .. } | SendError::GiveUp { .. } => None,
                };
                self.count(if waits_for.is_some() { "blocked" } else { "retried" });
                warn!(delivery = %id, channel = %self.channel, attempts, "not delivered over `{}`, due again {at}: {failed}", self.channel);
                self.instance.store.due_again(*id, at, &failed.to_string(), waits_for).await
            }
            Next::GaveUp(reason) => {
                self.count("given_up");
                error!(delivery = %id, channel = %self.channel, attempts, "gave up a delivery over `{}`: {reason}", self.channel);
                self.give_up(claimed, Some(&message), &reason).await
            }
        }
    }

    /// Where a message goes: what the configuration says of people holds when it leaves. Nothing goes
    /// to an address that is nobody's any more.
    fn address_now(&self, claimed: &Claimed) -> Result<String, String> {
        let (people, recipient) = (&self.instance.setup.people, &claimed.recipient);
        if !self.is_mail() {
            return Ok(recipient.clone());
        }
        if let Some(id) = &claimed.person {
            let person = people.values().find(|person| person.id.as_str() == id);
            let person = person.ok_or_else(|| {
                format!("`{id}` is not in `people` any more; add the person again, or drop it")
            })?;
            let address = mailbox(person, people).ok_or_else(|| {
                format!("`{id}` has no mail address any more; add `email` to the person")
            })?;
            return Ok(address.to_string());
        }
        let decided = mail_address::address(recipient);
        if decided.is_none() || people.values().any(|person| person.email == decided) {
            return Ok(recipient.clone());
        }
        Err(format!("`{recipient}` is not the address of anybody in `people` any more"))
    }

    /// The link by which the reader of a mail acknowledges what it tells. It is made when the mail is,
    /// since whoever can read it in the store or the outbox could act by it.
    fn link(&self, message: &Message, recipient: &str) -> Option<Link> {
        let Message::Alert(facts) = message else { return None };
        let setup = &self.instance.setup;
        if !self.is_mail() {
            return None;
        }
        let is_reader = |person: &&Person| {
            let id = person.id.as_str();
            let is_told =
                facts.to.iter().chain(&facts.escalate_to).any(|recipient| recipient == id);
            is_told && person.email.as_ref().is_some_and(|email| email.to_string() == recipient)
        };
        let reader = setup.people.values().find(is_reader)?;
        self.signer?.link(facts, &reader.id)
    }

    fn count(&self, outcome: &str) {
        self.instance.metrics.attempts.get_or_create(&Outcome::of(outcome)).inc();
    }

    async fn give_up(
        &self,
        claimed: &Claimed,
        message: Option<&Message>,
        reason: &str,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let notices = self.gave_up(claimed, message, reason, now);
        self.instance.store.given_up(claimed.id, now, reason, &notices).await?;
        self.deliveries_ready.notify_waiters();
        Ok(())
    }

    /// What operators are told of a message that nobody will get; nothing when it was for
    /// them, or a dead channel would tell of itself for ever.
    fn gave_up(
        &self,
        claimed: &Claimed,
        message: Option<&Message>,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Vec<NewDelivery> {
        let (recipient, channel) = (&claimed.recipient, &self.channel);
        let (about, what) = match message {
            Some(Message::Notice(Notice { event: NoticeKind::Summary, subject, .. })) => {
                (subject.clone(), format!("The message \"{subject}\""))
            }
            // Once a day and channel, or a dead one would tell of itself for ever.
            Some(Message::Notice(_)) => {
                let wording = Wording {
                    kind: NoticeKind::GaveUp,
                    dedup_key: format!("unheard/{channel}/{}", now.date_naive()),
                    subject: format!("[Undelivered] Notices over `{channel}`"),
                    summary: format!("Operators cannot be notified over `{channel}`."),
                    sections: vec![Section {
                        title: String::new(),
                        lines: vec![format!("Why: {reason}")],
                    }],
                    why: OPERATORS_WHY.to_owned(),
                    lasts: false,
                };
                return notices::by_another_way(&self.instance.setup, &wording, channel, now);
            }
            Some(Message::Alert(facts)) => {
                let (event, scorecard) = (facts.event.word(), &facts.scorecard.name);
                let perspective = &facts.node.name;
                (
                    format!("{perspective} - {scorecard}: {event}"),
                    format!("The message \"{event}\" of the alert on {perspective} ({scorecard})"),
                )
            }
            Some(Message::Overview(overview)) => {
                let title = &overview.title;
                (title.clone(), format!("The message \"{title}\""))
            }
            None => (format!("for {recipient}"), format!("A message for {recipient}")),
        };
        let lines = vec![
            format!("It was for {recipient} over `{channel}`."),
            format!("Why: {reason}"),
            format!(
                "When that is fixed, `kpid outbox retry {}` sends it; `kpid outbox list` shows \
                 what else is not delivered.",
                claimed.id
            ),
        ];
        let wording = Wording {
            kind: NoticeKind::GaveUp,
            // A person may take it up again, and what is given up again is news again.
            dedup_key: format!("gave_up/{}/{}", claimed.id, claimed.written_at.timestamp_micros()),
            subject: format!("[Undelivered] {about}"),
            summary: format!("{what} could not be delivered and is given up."),
            sections: vec![Section { title: String::new(), lines }],
            why: OPERATORS_WHY.to_owned(),
            lasts: true,
        };
        notices::beside(&self.instance.setup, &wording, channel, now)
    }

    /// Tells operators, once, what the configuration says and cannot be done.
    async fn complain(&self, trouble: Option<&ConfigTrouble>, routing: notices::NoticeRouting) {
        let Some(ConfigTrouble { key, summary, lines }) = trouble else { return };
        warn!(channel = %self.channel, "{summary}");
        let wording = Wording {
            kind: NoticeKind::ConfigTrouble,
            dedup_key: key.clone(),
            subject: format!("[Configuration] `{}` does not work as written", self.channel),
            summary: summary.clone(),
            sections: vec![Section { title: String::new(), lines: lines.clone() }],
            why: OPERATORS_WHY.to_owned(),
            lasts: false,
        };
        let (setup, now) = (&self.instance.setup, self.clock.now());
        let notices = routing(setup, &wording, &self.channel, now);
        match self.instance.store.tell(&notices, now).await {
            Ok(()) => self.deliveries_ready.notify_waiters(),
            // The next delivery that meets the trouble tells of it.
            Err(error) => error!(channel = %self.channel, "cannot tell operators: {error:#}"),
        }
    }

    /// Notes that a delivery was made, however long the store refuses: a claim that lapsed meanwhile
    /// would send it again.
    async fn note_delivered(&self, id: Uuid, stop: &CancellationToken) -> anyhow::Result<()> {
        loop {
            let Err(error) = self.instance.store.delivered(id, self.clock.now()).await else {
                return Ok(());
            };
            error!(delivery = %id, "delivered, but cannot note it: {error:#}");
            if timeout(BROKEN_PAUSE, stop.cancelled()).await.is_ok() {
                return Err(error);
            }
        }
    }
}
