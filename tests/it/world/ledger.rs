//! What the outbox says was told, held against what receivers got: none lost, none doubled under
//! another id, none invented, each reader's in order.

use std::{collections::HashMap, path::Path};

use mail_parser::MessageParser;
use sqlx::{ConnectOptions, FromRow, sqlite::SqliteConnectOptions};

use super::{smtp::Mail, webhook::Webhook};

/// A row of the outbox.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) dedup_key: String,
    pub(crate) event: String,
    pub(crate) sequence: u32,
    pub(crate) channel: String,
    pub(crate) recipient: String,
    pub(crate) state: String,
    pub(crate) attempts: u32,
    /// When a person took it up again, from which on attempts are counted anew.
    pub(crate) retried_at: Option<i64>,
    pub(crate) claimed_until: Option<i64>,
    pub(crate) settled_at: Option<i64>,
    pub(crate) last_error: Option<String>,
    pub(crate) facts: String,
}

/// A message as a receiver got it.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    pub(crate) channel: String,
    pub(crate) recipient: String,
    /// What it says, but for what an attempt dates.
    pub(crate) words: String,
    /// Whether its sender was told that it was taken.
    pub(crate) taken: bool,
}

impl Entry {
    /// Whether it is not of an episode.
    pub(crate) fn is_notice(&self) -> bool {
        matches!(self.event.as_str(), "gave_up" | "data_trouble" | "data_recovered")
    }

    /// Whether a person took it up again before anything later was known to have reached its reader:
    /// what a receiver kept without saying so, nobody knows.
    fn was_taken_up_in_time(&self, entries: &[Self]) -> bool {
        let later = entries.iter().filter(|later| {
            (&later.dedup_key, &later.channel, &later.recipient)
                == (&self.dedup_key, &self.channel, &self.recipient)
                && later.sequence > self.sequence
                && later.state == "delivered"
        });
        let mut settled = later.map(|later| later.settled_at);
        self.retried_at.is_some() && settled.all(|settled| settled > self.retried_at)
    }
}

/// The whole outbox, each reader's rows in the order they are to be told.
pub(crate) async fn read(store: &Path) -> Vec<Entry> {
    let options = SqliteConnectOptions::new().filename(store).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let sql = "SELECT id, dedup_key, event, sequence, channel, recipient, state, attempts, \
               retried_at, claimed_until, settled_at, last_error, facts FROM deliveries \
               ORDER BY channel, recipient, dedup_key, sequence, id";
    sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap()
}

/// What a mail server and receivers of webhooks got, each in the order it came. Mail goes over
/// `mail`.
pub(crate) fn arrivals(mails: &[Mail], hooks: &[(&str, &Webhook)]) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for mail in mails {
        let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
        let (id, _) = parsed.message_id().unwrap().split_once('@').unwrap();
        let [recipient] = mail.to.as_slice() else { panic!("one recipient a mail: {:?}", mail.to) };
        let words = [parsed.subject().unwrap(), &parsed.body_text(0).unwrap()].join("\n");
        let (id, recipient, channel) = (id.to_owned(), recipient.clone(), "mail".to_owned());
        arrivals.push(Arrival { id, channel, recipient, words, taken: mail.taken });
    }
    for (channel, hook) in hooks {
        for call in hook.calls() {
            let (id, channel) = (call.header("webhook-id").to_owned(), (*channel).to_owned());
            let (recipient, words) = (channel.clone(), call.json().to_string());
            arrivals.push(Arrival { id, channel, recipient, words, taken: call.taken });
        }
    }
    arrivals
}

/// What was delivered arrived, what arrived was decided on, what arrived again was the same under
/// the same id and no more often than it was tried, and what was given up says why.
pub(crate) fn assert_told(entries: &[Entry], arrivals: &[Arrival]) {
    let by_id: HashMap<&str, &Entry> =
        entries.iter().map(|entry| (entry.id.as_str(), entry)).collect();
    let mut came: HashMap<&str, Vec<&Arrival>> = HashMap::new();
    // Where each reader is in the story of each episode.
    let mut heard: HashMap<(&str, &str, &str), u32> = HashMap::new();
    for arrival in arrivals {
        let Some(entry) = by_id.get(arrival.id.as_str()) else { panic!("invented: {arrival:?}") };
        assert_eq!((&entry.channel, &entry.recipient), (&arrival.channel, &arrival.recipient));
        if arrival.channel != "mail" {
            let facts: serde_json::Value = serde_json::from_str(&entry.facts).unwrap();
            assert_eq!(arrival.words, facts.to_string(), "it says what was decided");
        }
        let before = came.entry(&arrival.id).or_default();
        if before.is_empty() {
            let reader = (&*entry.channel, &*entry.recipient, &*entry.dedup_key);
            let last = heard.insert(reader, entry.sequence);
            let in_order = last <= Some(entry.sequence) || entry.was_taken_up_in_time(entries);
            assert!(in_order, "{entry:?} came after message {last:?}");
        }
        assert!(before.iter().all(|held| held.words == arrival.words), "{arrival:?}");
        before.push(arrival);
    }
    for entry in entries {
        let came = came.get(entry.id.as_str()).map_or(&[][..], Vec::as_slice);
        let attempts = usize::try_from(entry.attempts).unwrap();
        let tried = entry.retried_at.is_some() || came.len() <= attempts;
        assert!(tried, "{} of {attempts}: {entry:?}", came.len());
        match entry.state.as_str() {
            "delivered" => assert!(came.iter().any(|held| held.taken), "never taken: {entry:?}"),
            "given_up" => assert!(entry.last_error.is_some(), "{entry:?}"),
            "pending" => {}
            other => panic!("{other}: {entry:?}"),
        }
        assert!(entry.state == "pending" || entry.claimed_until.is_none(), "{entry:?}");
    }
}
