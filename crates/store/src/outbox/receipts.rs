//! When the readers of open alerts came to know of them, as the outbox has it: a message that was
//! decided is not a message that arrived.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use crate::{
    database::{columns::instant, failure::Explain},
    outbox::state::DeliveryState,
};
use kpid_rules::{
    alerting::{Episode, Event, Heard, Receipts},
    model::Scope,
};

/// Messages that somebody has to know of; an end is none of them.
const OF_TROUBLE: [Event; 4] = [Event::Opened, Event::Worsened, Event::Reminded, Event::Escalated];

/// What is known of the messages of one episode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Since when its readers know of it.
    pub receipts: Receipts,
    /// By channel and recipient, who waits for a message of it that has not arrived.
    pub waiting: HashSet<(String, String)>,
}

/// A message of trouble.
#[derive(Clone, Debug, FromRow)]
struct MessageRow {
    dedup_key: String,
    event: String,
    sequence: i64,
    channel: String,
    recipient: String,
    state: String,
    settled_at: Option<i64>,
}

/// What is known of the messages of all open episodes.
pub(crate) async fn load<'e>(
    connection: &mut SqliteConnection,
    episodes: impl Iterator<Item = (&'e Scope, &'e Episode)>,
) -> anyhow::Result<HashMap<Scope, Known>> {
    let open = episodes.filter(|(_, episode)| episode.is_open());
    let keys: HashMap<String, &Scope> =
        open.map(|(scope, episode)| (episode.dedup_key(scope), scope)).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT dedup_key, event, sequence, channel, recipient, state, settled_at \
               FROM deliveries WHERE dedup_key IN (SELECT value FROM json_each($1)) \
               AND event IN (SELECT value FROM json_each($2)) \
               ORDER BY dedup_key, sequence";
    let names: Vec<&String> = keys.keys().collect();
    let rows: Vec<MessageRow> = sqlx::query_as(sql)
        .bind(serde_json::to_string(&names)?)
        .bind(serde_json::to_string(&OF_TROUBLE.map(Event::word))?)
        .fetch_all(connection)
        .await
        .explain("cannot read the outbox")?;
    let messages = rows.into_iter().map(Message::of).collect::<anyhow::Result<Vec<_>>>()?;
    let mut known = HashMap::new();
    for of_episode in messages.chunk_by(|one, other| one.dedup_key == other.dedup_key) {
        let scope = of_episode.first().and_then(|message| keys.get(&message.dedup_key));
        if let Some(scope) = scope {
            known.insert((*scope).clone(), of(of_episode));
        }
    }
    Ok(known)
}

/// A message to one reader.
struct Message {
    dedup_key: String,
    escalates: bool,
    sequence: i64,
    reader: (String, String),
    state: DeliveryState,
    settled_at: Option<DateTime<Utc>>,
}

impl Message {
    fn of(row: MessageRow) -> anyhow::Result<Self> {
        Ok(Self {
            escalates: Event::parse(&row.event) == Some(Event::Escalated),
            sequence: row.sequence,
            state: DeliveryState::parse(&row.state)?,
            settled_at: row.settled_at.map(instant).transpose()?,
            dedup_key: row.dedup_key,
            reader: (row.channel, row.recipient),
        })
    }

    fn has_arrived(&self) -> bool {
        matches!(self.state, DeliveryState::Delivered | DeliveryState::Summarised)
    }

    fn is_on_its_way(&self) -> bool {
        matches!(self.state, DeliveryState::Pending | DeliveryState::Batched)
    }
}

/// What the messages of one episode come to, in the order in which they are told.
fn of(messages: &[Message]) -> Known {
    let mut known = Known::default();
    for of_message in messages.chunk_by(|one, other| one.sequence == other.sequence) {
        let Some(heard) = heard(of_message) else { continue };
        let first = &mut known.receipts.first;
        *first = match (*first, heard) {
            (Heard::At(earlier), Heard::At(later)) => Heard::At(earlier.min(later)),
            (Heard::At(_), _) => *first,
            (_, heard) => heard,
        };
        // Whoever it escalates to hears for the first time what the others know.
        if of_message.iter().all(|message| !message.escalates) {
            known.receipts.last = heard;
        }
    }
    let waiting = messages.iter().filter(|message| message.is_on_its_way());
    known.waiting = waiting.map(|message| message.reader.clone()).collect();
    known
}

/// When the first of its readers got a message; `None` if nobody ever will. What waits for working
/// hours is as old as its decision: what comes meanwhile leaves in one mail with it.
fn heard(of_message: &[Message]) -> Option<Heard> {
    let arrived = of_message.iter().filter(|message| message.has_arrived());
    if let Some(first) = arrived.filter_map(|message| message.settled_at).min() {
        return Some(Heard::At(first));
    }
    if of_message.iter().any(|message| message.state == DeliveryState::Held) {
        return Some(Heard::AsTold);
    }
    of_message.iter().any(Message::is_on_its_way).then_some(Heard::NotYet)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known of messages: event, sequence, recipient, state, and the second it was settled.
    fn known(rows: &[(&str, i64, &str, &str, Option<i64>)]) -> Known {
        let message = |(event, sequence, to, state, at): &(&str, i64, &str, &str, Option<i64>)| {
            let text = |text: &str| text.to_owned();
            let row = MessageRow {
                dedup_key: text("k"),
                event: text(event),
                sequence: *sequence,
                channel: text("mail"),
                recipient: text(to),
                state: text(state),
                settled_at: at.map(|at| at * 1_000_000),
            };
            Message::of(row).unwrap()
        };
        of(&rows.iter().map(message).collect::<Vec<_>>())
    }

    #[test]
    fn people_know_of_an_alert_when_the_first_of_them_got_its_message() {
        use Heard::{AsTold, NotYet};
        let at = |second: i64| Heard::At(DateTime::from_timestamp(second, 0).unwrap());
        let ann = "ann";
        for (rows, first, last) in [
            (&[][..], AsTold, AsTold),
            (&[("opened", 1, ann, "pending", None)], NotYet, NotYet),
            (&[("opened", 1, ann, "held", None)], AsTold, AsTold),
            (
                &[("opened", 1, ann, "delivered", Some(3)), ("worsened", 2, ann, "held", None)],
                at(3),
                AsTold,
            ),
            (&[("opened", 1, ann, "batched", Some(9))], NotYet, NotYet),
            (&[("opened", 1, ann, "delivered", Some(5))], at(5), at(5)),
            (&[("opened", 1, ann, "summarised", Some(7))], at(7), at(7)),
            // Nobody will ever get it: it counts as it was decided, and is told again.
            (&[("opened", 1, ann, "given_up", Some(5))], AsTold, AsTold),
            (&[("opened", 1, ann, "dropped", Some(5))], AsTold, AsTold),
            (
                &[("opened", 1, ann, "pending", None), ("opened", 1, "ops", "delivered", Some(3))],
                at(3),
                at(3),
            ),
            // What got worse is on its way; that it opened is known.
            (
                &[("opened", 1, ann, "delivered", Some(3)), ("worsened", 2, ann, "pending", None)],
                at(3),
                NotYet,
            ),
            // A later message told it instead.
            (
                &[
                    ("opened", 1, ann, "overtaken", Some(3)),
                    ("worsened", 2, ann, "delivered", Some(4)),
                ],
                at(4),
                at(4),
            ),
            (
                &[
                    ("opened", 1, ann, "delivered", Some(3)),
                    ("escalated", 2, "bob", "pending", None),
                ],
                at(3),
                at(3),
            ),
        ] {
            assert_eq!(known(rows).receipts, Receipts { first, last }, "{rows:?}");
        }
    }

    #[test]
    fn whoever_waits_for_a_message_is_known() {
        let rows =
            [("opened", 1, "ann", "pending", None), ("opened", 1, "bob", "delivered", Some(3))];
        let waiting = known(&rows).waiting;
        assert_eq!(waiting, [("mail".to_owned(), "ann".to_owned())].into());
    }
}
