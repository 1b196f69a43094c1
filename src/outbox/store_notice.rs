//! What operators are told when nothing can be kept: by a road that needs no store, since the outbox is
//! in it. Once, and once when it is over; that it was told is remembered in memory.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    instance::Instance,
    outbox::notices::{self, Worded, Wording, operators_why},
    telemetry::store_health::{StorePart, StoreTrouble},
};
use kpid_clock::Clock;
use kpid_config::setup::Setup;
use kpid_delivery::{channels::Channels, delivery::Delivery};
use kpid_language::{Language, english, text};
use kpid_message::{message::Message, notice::Section};
use kpid_rules::{
    alerting::NoticeKind,
    model::{Calendar, Id},
};
use kpid_store::NewDelivery;

/// Trouble that is over sooner is nothing that anybody could do something about.
const TOLD_AFTER: TimeDelta = TimeDelta::seconds(60);

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Who could not be told is tried again so often.
const RETRY_EVERY: TimeDelta = TimeDelta::seconds(60);

/// A daemon that ends does not wait longer for whoever is told of that.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Tells operators of trouble with the store.
pub(crate) struct StoreNotices<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) channels: &'a Channels,
    pub(crate) clock: Clock,
}

/// What operators know.
#[derive(Debug, Default)]
struct ToldOperators {
    /// Since when the trouble is that they were told of.
    since: Option<DateTime<Utc>>,
    /// Deliveries that were not taken yet.
    waiting: Vec<NewDelivery>,
    retry_at: Option<DateTime<Utc>>,
}

impl StoreNotices<'_> {
    /// Looks until it is told to stop.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut told = ToldOperators::default();
        loop {
            self.look(&mut told).await;
            if timeout(LOOK_EVERY, stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    /// Tells that it ends, since what it would write is not its store any more. Nobody is left to try
    /// again, so each operator is tried once.
    pub(crate) async fn tell_end(&self, why: &str) {
        let (setup, now) = (&self.instance.setup, self.clock.now());
        let worded = |language: &'static Language| Wording {
            kind: NoticeKind::StoreTrouble,
            dedup_key: key(now),
            subject: language.text("notice-store-ended-subject").into_owned(),
            summary: language.text("notice-store-ended-summary").into_owned(),
            sections: vec![Section {
                title: language.text("mail-reason").into_owned(),
                lines: vec![why.to_owned()],
            }],
            why: operators_why(language),
            lasts: false,
        };
        let waiting = notices::deliveries(setup, &worded, &setup.operators, now);
        let mut told = ToldOperators { waiting, ..ToldOperators::default() };
        if timeout(END_WITHIN, self.send(&mut told, now)).await.is_err() {
            warn!("not all operators could be told in time how the store is");
        }
    }

    async fn look(&self, told: &mut ToldOperators) {
        let now = self.clock.now();
        let trouble = self.instance.metrics.store.trouble(now);
        let setup = &self.instance.setup;
        let calendar = &setup.calendar;
        match (trouble, told.since) {
            (Some(trouble), None) if now - trouble.since >= TOLD_AFTER => {
                told.since = Some(trouble.since);
                told.tell(setup, &|language| begun(language, calendar, &trouble), now);
            }
            (None, Some(since)) => {
                told.since = None;
                told.tell(setup, &|language| over(language, calendar, since, now), now);
            }
            _ => {}
        }
        if !told.waiting.is_empty() && told.retry_at.is_none_or(|at| at <= now) {
            told.retry_at = Some(now + RETRY_EVERY);
            self.send(told, now).await;
        }
    }

    async fn send(&self, told: &mut ToldOperators, now: DateTime<Utc>) {
        for delivery in std::mem::take(&mut told.waiting) {
            match self.send_one(&delivery, now).await {
                Ok(()) => {
                    info!(delivery = %delivery.id, channel = delivery.channel, "told operators over `{}` how the store is", delivery.channel)
                }
                Err(why) => {
                    warn!(delivery = %delivery.id, channel = delivery.channel, "could not tell operators over `{}` how the store is: {why}", delivery.channel);
                    told.waiting.push(delivery);
                }
            }
        }
    }

    async fn send_one(&self, delivery: &NewDelivery, now: DateTime<Utc>) -> Result<(), String> {
        let message = Message::from_json(&delivery.facts).map_err(|error| error.to_string())?;
        let channel = Id::parse(&delivery.channel).map_err(|error| error.to_string())?;
        let (id, recipient) = (delivery.id, delivery.recipient.as_str());
        let sent = Delivery {
            id,
            channel: &channel,
            recipient,
            language: self.instance.setup.language_of(recipient),
            message: &message,
            link: None,
        };
        self.channels.send(sent, now).await.map(drop).map_err(|error| error.to_string())
    }
}

impl ToldOperators {
    /// Has something else to tell: what was not taken until now is not true any more.
    fn tell(&mut self, setup: &Setup, worded: Worded<'_>, now: DateTime<Utc>) {
        self.waiting = notices::deliveries(setup, worded, &setup.operators, now);
        self.retry_at = None;
        if self.waiting.is_empty() {
            error!("no operator can be told: {}", worded(english()).summary);
        }
    }
}

fn begun(language: &Language, calendar: &Calendar, trouble: &StoreTrouble) -> Wording {
    let since = instant(language, calendar, trouble.since);
    let (subject, summary, way_out) = match trouble.part {
        StorePart::Family(_) | StorePart::Others => (
            language.text("notice-store-subject"),
            text!(language, "notice-store-summary", since = since),
            language.text("notice-store-way-out"),
        ),
        StorePart::Pages => (
            language.text("notice-pages-subject"),
            text!(language, "notice-pages-summary", since = since),
            language.text("notice-pages-way-out"),
        ),
    };
    Wording {
        kind: NoticeKind::StoreTrouble,
        dedup_key: key(trouble.since),
        subject: subject.into_owned(),
        summary,
        sections: vec![Section {
            title: language.text("mail-reason").into_owned(),
            lines: vec![trouble.reason.clone(), way_out.into_owned()],
        }],
        why: operators_why(language),
        lasts: true,
    }
}

fn over(
    language: &Language,
    calendar: &Calendar,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Wording {
    Wording {
        kind: NoticeKind::StoreRecovered,
        dedup_key: key(since),
        subject: language.text("notice-store-over-subject").into_owned(),
        summary: text!(
            language,
            "notice-store-over-summary",
            since = instant(language, calendar, since),
            now = instant(language, calendar, now)
        ),
        sections: Vec::new(),
        why: operators_why(language),
        lasts: false,
    }
}

fn key(since: DateTime<Utc>) -> String {
    format!("store/{}", since.timestamp())
}

fn instant(language: &Language, calendar: &Calendar, at: DateTime<Utc>) -> String {
    let at = at.with_timezone(&calendar.zone);
    format!("{} (UTC{})", language.instant(at), at.format("%:z"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::instance::set_up;
    use kpid_store::Store;

    const DAEMON: &str = "
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels: { mail: { email: { from: kpid@example.com, folder: outbox } } }
people: { ada: { name: Ada, email: ada@example.com } }
operators: [ada]
";

    const SCORECARD: &str = "
scorecard: care
perspectives:
  customer:
    alert: { to: [ada] }
    objectives:
      answer:
        kpis:
          calls: { nature: level, target: 95 }
";

    #[tokio::test]
    async fn operators_are_told_once_of_trouble_that_lasts_and_once_of_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let setup = set_up(folder.path(), DAEMON, SCORECARD);
        let channels = Channels::open(&setup.channels).unwrap();
        let store = Store::open(&setup.store).await.unwrap();
        let instance = Instance::new(setup, store).unwrap();
        let began: DateTime<Utc> = "2026-11-30T10:00:00Z".parse().unwrap();
        let mut told = ToldOperators::default();
        let mails = || -> Vec<String> {
            let files = fs::read_dir(folder.path().join("outbox")).into_iter().flatten();
            files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
        };
        let mut after = async |seconds: i64| {
            let clock = Clock::set(began + TimeDelta::seconds(seconds));
            let notices = StoreNotices { instance: &instance, channels: &channels, clock };
            notices.look(&mut told).await;
            mails()
        };
        let health = &instance.metrics.store;
        health.fails(StorePart::Others, "the disk is full; free some space", began);
        assert!(after(50).await.is_empty(), "what is over soon is nobody's work");
        let said = after(61).await;
        assert!(said[0].contains("[Store] kpid cannot keep what it collects"), "{said:?}");
        assert!(said[0].contains("the disk is full; free some space"), "{said:?}");
        assert_eq!(after(600).await.len(), 1, "once");
        health.works(StorePart::Others);
        let said = after(610).await;
        assert_eq!(said.len(), 2);
        assert!(said.iter().any(|mail| mail.contains("[Store recovered]")), "{said:?}");
        assert_eq!(after(620).await.len(), 2, "once");
    }
}
