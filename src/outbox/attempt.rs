//! One attempt at a delivery: what is sent, where to, and what comes of it.

use tracing::{error, info, warn};

use crate::{
    instance::Instance,
    outbox::{
        given_up,
        notices::{self, Wording, operators_why},
        reach::Presence,
    },
    telemetry::metrics::Outcome,
};
use kpid_clock::Clock;
use kpid_delivery::{
    channel::Channel,
    channels::Channels,
    config_trouble::ConfigTrouble,
    delivery::{Delivered, Delivery},
    mail_address,
    retry::{self, Next},
    routing::mailbox,
    send_error::SendError,
};
use kpid_language::{Language, text};
use kpid_message::{
    acknowledge_link::{Link, Signer},
    message::Message,
    notice::Section,
    person::Person,
};
use kpid_rules::{alerting::NoticeKind, model::Id};
use kpid_store::{Claimed, DeliveryResult, Settlement, WAITS_AS_ASKED};
use tokio::sync::Notify;

/// Why a delivery waits whose receiver refuses us.
const WAITS_FOR_OPERATORS: &str = "waits until operators fix why it is refused";

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) settlement: Settlement,
    /// What it says of the receiver.
    pub(super) presence: Presence,
}

/// Sends over one channel.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) instance: &'a Instance,
    pub(super) channels: &'a Channels,
    pub(super) channel: &'a Id,
    pub(super) clock: Clock,
    pub(super) deliveries_ready: &'a Notify,
    pub(super) signer: Option<&'a Signer>,
}

impl Sender<'_> {
    pub(super) fn is_mail(self) -> bool {
        let channel = self.instance.setup.channels.get(self.channel);
        matches!(channel, Some(Channel::Email(_)))
    }

    /// Sends what was taken, once.
    pub(super) async fn attempt(self, claimed: Claimed) -> Attempted {
        let id = claimed.id;
        let message = match Message::from_json(&claimed.facts) {
            Ok(message) => message,
            Err(error) => {
                let reason = format!("what it says cannot be read: {error}");
                error!(delivery = %id, "gave up the delivery {id}: {reason}");
                return self.given_up(&claimed, None, reason, Presence::Unknown);
            }
        };
        let recipient = &match self.address_now(&claimed) {
            Ok(recipient) => recipient,
            Err(reason) => {
                self.count("given_up");
                error!(delivery = %id, channel = %self.channel, "gave up a delivery over `{}`: {reason}", self.channel);
                return self.given_up(&claimed, Some(&message), reason, Presence::Unknown);
            }
        };
        let link = self.link(&message, recipient);
        let (channel, link) = (self.channel, link.as_ref());
        let language = self.instance.setup.language_of(recipient);
        let delivery = Delivery { id, channel, recipient, language, message: &message, link };
        match self.channels.send(delivery, self.clock.now()).await {
            Ok(Delivered { trouble }) => {
                self.count("delivered");
                info!(delivery = %id, channel = %self.channel, "delivered over `{}`", self.channel);
                self.complain(trouble.as_ref(), notices::usual).await;
                self.attempted(&claimed, DeliveryResult::Delivered, Presence::Takes)
            }
            Err(failed) => self.failed(&claimed, &message, failed).await,
        }
    }

    async fn failed(self, claimed: &Claimed, message: &Message, failed: SendError) -> Attempted {
        let Claimed { id, attempts, written_at, .. } = claimed;
        if let SendError::Blocked(trouble) = &failed {
            self.complain(Some(trouble), notices::beside).await;
        }
        let (word, waits_for, presence) = match &failed {
            SendError::Blocked(_) => ("blocked", Some(WAITS_FOR_OPERATORS), Presence::Refuses),
            SendError::Retry { after: Some(asked), .. } => {
                ("retried", Some(WAITS_AS_ASKED), Presence::Patience(*asked))
            }
            SendError::Unreachable { .. } => ("retried", None, Presence::Away),
            SendError::Retry { after: None, .. } | SendError::GiveUp { .. } => {
                ("retried", None, Presence::Answers)
            }
        };
        let attempt =
            retry::Attempt { written_at: *written_at, attempts: *attempts, error: &failed };
        let at = match retry::next(attempt, rand::random(), self.clock.now()) {
            Next::Due(at) => at,
            Next::GaveUp(reason) => {
                self.count("given_up");
                error!(delivery = %id, channel = %self.channel, attempts, "gave up a delivery over `{}`: {reason}", self.channel);
                return self.given_up(claimed, Some(message), reason, presence);
            }
        };
        self.count(word);
        warn!(delivery = %id, channel = %self.channel, attempts, "not delivered over `{}`, due again {at}: {failed}", self.channel);
        let result = DeliveryResult::DueAgain { at, error: failed.to_string(), waits_for };
        self.attempted(claimed, result, presence)
    }

    fn given_up(
        self,
        claimed: &Claimed,
        message: Option<&Message>,
        reason: String,
        presence: Presence,
    ) -> Attempted {
        let (setup, now) = (&self.instance.setup, self.clock.now());
        let notices = given_up::notices(setup, self.channel, claimed, message, &reason, now);
        let result = DeliveryResult::GivenUp { error: reason, notices };
        self.attempted(claimed, result, presence)
    }

    fn attempted(self, claimed: &Claimed, result: DeliveryResult, presence: Presence) -> Attempted {
        let settlement = Settlement { id: claimed.id, at: self.clock.now(), result };
        Attempted { settlement, presence }
    }

    /// Where a message goes: what the configuration says of people holds when it leaves. Nothing goes
    /// to an address that is nobody's any more.
    fn address_now(self, claimed: &Claimed) -> Result<String, String> {
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
    fn link(self, message: &Message, recipient: &str) -> Option<Link> {
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

    fn count(self, outcome: &str) {
        self.instance.metrics.attempts.get_or_create(&Outcome::of(outcome)).inc();
    }

    /// Tells operators, once, what the configuration says and cannot be done.
    async fn complain(self, trouble: Option<&ConfigTrouble>, routing: notices::NoticeRouting) {
        let Some(ConfigTrouble { key, summary, lines }) = trouble else { return };
        warn!(channel = %self.channel, "{summary}");
        let channel = self.channel.as_str();
        let worded = |language: &'static Language| Wording {
            kind: NoticeKind::ConfigTrouble,
            dedup_key: key.clone(),
            subject: text!(language, "notice-unwritten-subject", channel = channel),
            summary: summary.clone(),
            sections: vec![Section { title: String::new(), lines: lines.clone() }],
            why: operators_why(language),
            lasts: false,
        };
        let (setup, now) = (&self.instance.setup, self.clock.now());
        let notices = routing(setup, &worded, self.channel, now);
        match self.instance.store.tell(&notices, now).await {
            Ok(()) => self.deliveries_ready.notify_waiters(),
            // The next delivery that meets the trouble tells of it.
            Err(error) => error!(channel = %self.channel, "cannot tell operators: {error:#}"),
        }
    }
}
