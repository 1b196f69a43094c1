//! Mail of performance news on its way: what waits for working hours, what is over the day's number
//! and kept for a summary, what was overtaken meanwhile. All of it is rows of `deliveries`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection, FromRow, SqliteConnection};
use uuid::Uuid;

use crate::{
    database::{
        columns::{delivery_id, instant, unsigned},
        failure::Explain,
        store::Store,
    },
    outbox::{
        deliveries::{self, Claimed, NewDelivery, WAITS_FOR_HOURS, first_of_its_episode},
        state::DeliveryState::{self, Batched, Delivered, Held, Overtaken, Pending, Summarised},
    },
};
use kpid_rules::alerting::Event;

/// Events whose mail keeps to working hours and to a number a day; everything else goes at once.
const PACED: [Event; 6] = [
    Event::Opened,
    Event::Worsened,
    Event::Reminded,
    Event::Escalated,
    Event::Recovered,
    Event::Corrected,
];

/// The events that are paced, as a list of SQL.
fn paced() -> String {
    let words: Vec<String> = PACED.iter().map(|event| format!("'{}'", event.word())).collect();
    format!("({})", words.join(", "))
}

/// A condition: to the reader of the delivery `due`, there is another one of its episode that fits.
fn another_of_it(fits: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM deliveries AS other WHERE other.dedup_key = due.dedup_key \
         AND {same_reader} AND {fits})",
        same_reader = deliveries::same_reader("other", "due"),
    )
}

/// A condition: the reader of the delivery `due` heard, or may have heard, of its episode.
fn heard() -> String {
    another_of_it(&format!(
        "(other.state IN ('{Delivered}', '{Summarised}') \
         OR (other.state IN ('{Pending}', '{Held}') AND other.attempts > 0))"
    ))
}

/// A condition: of the episode of the delivery `due`, its reader has another one in this state.
fn another_is(state: DeliveryState) -> String {
    another_of_it(&format!("other.state = '{state}'"))
}

/// Why nobody hears of an end.
const NEVER_TOLD: &str = "its recipient never got the alert";

/// How mail of performance news leaves at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// When it may leave: now, or when the hours begin.
    pub opening: DateTime<Utc>,
    /// Since when the mails of the day are counted.
    pub day_began: DateTime<Utc>,
    /// How many a reader gets on a day; `None` without a limit.
    pub mails_max: Option<u32>,
}

/// News held back until working hours begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingDelivery {
    /// Names it for ever.
    pub id: Uuid,
    /// Names the episode.
    pub dedup_key: String,
    /// Which message of the episode it is.
    pub sequence: u32,
    /// The channel's id.
    pub channel: String,
    /// The address.
    pub recipient: String,
    /// What the message says, as JSON.
    pub facts: String,
    /// Whether its reader heard, or may have heard, of the episode.
    pub heard: bool,
    /// Whether something of the episode is kept for its reader's summary.
    pub batched: bool,
    /// When its hours begin.
    pub due_at: DateTime<Utc>,
}

/// What becomes of a delivery that was held back, or of one that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldDecision {
    /// It goes now.
    Release {
        /// What it says instead, as JSON, if something changed.
        facts: Option<String>,
    },
    /// It waits on.
    Hold {
        /// Until then.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// The next summary tells it.
    Batch {
        /// Why.
        reason: String,
    },
    /// It is never made.
    Overtake {
        /// Why.
        reason: String,
    },
}

impl HoldDecision {
    /// An end is kept with its beginning.
    pub fn batch_with_its_alert() -> Self {
        Self::Batch { reason: "its alert is kept for the summary too".to_owned() }
    }
}

/// News kept for a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchedDelivery {
    /// Names the delivery for ever.
    pub id: Uuid,
    /// The channel's id.
    pub channel: String,
    /// The address.
    pub recipient: String,
    /// The id of the person it is for.
    pub person: Option<String>,
    /// What the message says, as JSON.
    pub facts: String,
    /// When it was decided on.
    pub written_at: DateTime<Utc>,
    /// Since when it is kept.
    pub batched_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct WaitingRow {
    id: String,
    dedup_key: String,
    sequence: i64,
    channel: String,
    recipient: String,
    facts: String,
    heard: bool,
    batched: bool,
    next_attempt_at: i64,
}

#[derive(FromRow)]
struct BatchedRow {
    id: String,
    channel: String,
    recipient: String,
    person: Option<String>,
    facts: String,
    written_at: i64,
    batched_at: i64,
}

impl Store {
    /// Takes mail that is due, at the pace of performance news; it is the caller's until `until`.
    pub async fn claim_mail(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
        pace: Pace,
    ) -> anyhow::Result<Vec<Claimed>> {
        let is_closed = now < pace.opening;
        // Looked at and written over one connection: between two of them whoever judges may come first.
        let mut connection = self.read().await?;
        let is_due = deliveries::is_any_due(&mut connection, channel, now).await?;
        let is_held = is_closed && is_held(&mut connection, channel, pace.opening).await?;
        if !is_due && !is_held {
            return Ok(Vec::new());
        }
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        let mut tx = begun.explain("cannot write the outbox")?;
        if is_closed {
            hold(&mut tx, channel, now, pace.opening).await?;
        }
        // What was kept no longer stands before what came after it.
        while ration(&mut tx, channel, now, pace, limit).await? {}
        let claimed = deliveries::claim(&mut tx, channel, now, until, limit).await?;
        tx.commit().await.explain("cannot write the outbox")?;
        Ok(claimed)
    }

    /// News that wait for working hours, in the order in which they are told.
    pub async fn waiting(&self) -> anyhow::Result<Vec<WaitingDelivery>> {
        waiting(&mut *self.read().await?).await
    }

    /// Until when the first of the news that wait for working hours waits.
    pub async fn held_until(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        let sql = "SELECT min(next_attempt_at) FROM deliveries WHERE state = $1";
        let (first,): (Option<i64>,) = sqlx::query_as(sql)
            .bind(Held.word())
            .fetch_one(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        first.map(instant).transpose()
    }

    /// Settles news that nobody can judge any more.
    pub async fn overtaken(
        &self,
        ids: &[Uuid],
        reason: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        let decisions =
            ids.iter().map(|id| (*id, HoldDecision::Overtake { reason: reason.to_owned() }));
        settle(&mut tx, &decisions.collect::<Vec<_>>(), now).await?;
        tx.commit().await.explain("cannot write the outbox")
    }

    /// News kept for a summary, by reader, in the order in which they were decided.
    pub async fn batched(&self) -> anyhow::Result<Vec<BatchedDelivery>> {
        let sql = "SELECT id, channel, recipient, person, facts, written_at, \
                   coalesce(settled_at, written_at) AS batched_at FROM deliveries \
                   WHERE state = $1 \
                   ORDER BY channel, recipient, written_at, dedup_key, sequence, id";
        let rows: Vec<BatchedRow> = sqlx::query_as(sql)
            .bind(Batched.word())
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        let batched = |row: BatchedRow| {
            Ok(BatchedDelivery {
                id: delivery_id(&row.id)?,
                channel: row.channel,
                recipient: row.recipient,
                person: row.person,
                facts: row.facts,
                written_at: instant(row.written_at)?,
                batched_at: instant(row.batched_at)?,
            })
        };
        rows.into_iter().map(batched).collect()
    }

    /// Writes a summary, and notes what is told in it. Says no, and does nothing, if a person took
    /// one of them meanwhile.
    pub async fn summarise(
        &self,
        ids: &[Uuid],
        summary: &[NewDelivery],
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE deliveries SET state = $3, settled_at = $2, \
                   reason = 'sent in a summary' WHERE id = $1 AND state = $4";
        for id in ids {
            let noted = sqlx::query(sql)
                .bind(id.to_string())
                .bind(now.timestamp_micros())
                .bind(Summarised.word())
                .bind(Batched.word());
            let noted = noted.execute(&mut *tx).await.explain("cannot write a summary")?;
            if noted.rows_affected() == 0 {
                return Ok(false);
            }
        }
        deliveries::record(&mut tx, summary, now).await?;
        tx.commit().await.explain("cannot write a summary")?;
        Ok(true)
    }
}

/// Whether anything is held until an earlier begin of the hours than theirs is now.
async fn is_held(
    connection: &mut SqliteConnection,
    channel: &str,
    opening: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = '{Held}' AND channel = $1 \
         AND next_attempt_at < $2)"
    );
    let (is_held,): (bool,) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(channel)
        .bind(opening.timestamp_micros())
        .fetch_one(connection)
        .await
        .explain("cannot read the outbox")?;
    Ok(is_held)
}

/// Holds what is due outside of working hours until they begin; what a person took up again goes
/// at any hour. What is held already waits for the begin as it is configured now.
async fn hold(
    tx: &mut SqliteConnection,
    channel: &str,
    now: DateTime<Utc>,
    opening: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = format!(
        "UPDATE deliveries SET state = '{Held}', next_attempt_at = $3, claimed_until = NULL, \
         reason = '{WAITS_FOR_HOURS}' \
         WHERE channel = $1 AND ((state = '{Held}' AND next_attempt_at < $3) \
         OR (state = '{Pending}' AND event IN {paced} AND retried_at IS NULL \
         AND next_attempt_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)))",
        paced = paced(),
    );
    let held = sqlx::query(AssertSqlSafe(sql))
        .bind(channel)
        .bind(now.timestamp_micros())
        .bind(opening.timestamp_micros());
    held.execute(tx).await.explain("cannot write the outbox")?;
    Ok(())
}

/// What is due for the first time.
#[derive(FromRow)]
struct DueRow {
    id: String,
    event: String,
    recipient: String,
    /// Whether its reader heard of the episode.
    heard: bool,
    /// Whether something of the episode is kept for a summary.
    batched: bool,
    /// Whether something of the episode was overtaken.
    overtaken: bool,
}

/// Of the first `limit` that are due, keeps what is over the day's number for the summary. What
/// escalates, and the end of what was told, go whatever the number, and count. Says whether anything
/// was kept or overtaken.
async fn ration(
    tx: &mut SqliteConnection,
    channel: &str,
    now: DateTime<Utc>,
    pace: Pace,
    limit: u32,
) -> anyhow::Result<bool> {
    let sql = format!(
        "SELECT id, event, recipient, {heard} AS heard, {batched} AS batched, \
         {overtaken} AS overtaken FROM deliveries AS due \
         WHERE due.state = '{Pending}' AND due.channel = $1 AND due.event IN {paced} \
         AND due.attempts = 0 AND due.retried_at IS NULL AND due.next_attempt_at <= $2 \
         AND {first} ORDER BY due.next_attempt_at, due.id LIMIT $3",
        heard = heard(),
        batched = another_is(Batched),
        overtaken = another_is(Overtaken),
        paced = paced(),
        first = first_of_its_episode(),
    );
    let due: Vec<DueRow> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(channel)
        .bind(now.timestamp_micros())
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .explain("cannot read the outbox")?;
    let mut mails: HashMap<String, u32> = HashMap::new();
    let mut settled = false;
    for row in due {
        let count = match (pace.mails_max, mails.get(&row.recipient)) {
            // Where there is no limit, nobody counts.
            (None, _) => 0,
            (Some(_), Some(count)) => *count,
            (Some(_), None) => mails_of_the_day(tx, &row.recipient, pace.day_began).await?,
        };
        let Some(decision) = row.over_the_number(pace.mails_max.filter(|max| *max <= count)) else {
            mails.insert(row.recipient, count.saturating_add(1));
            continue;
        };
        settle(tx, &[(delivery_id(&row.id)?, decision)], now).await?;
        settled = true;
    }
    Ok(settled)
}

impl DueRow {
    /// What becomes of it instead of going now, if its reader got as many mails today as there may
    /// be (`full`).
    fn over_the_number(&self, full: Option<u32>) -> Option<HoldDecision> {
        let event = Event::parse(&self.event);
        let ends = event.is_some_and(Event::ends);
        if ends && !self.heard && self.batched {
            Some(HoldDecision::batch_with_its_alert())
        } else if ends && !self.heard && self.overtaken {
            Some(HoldDecision::Overtake { reason: NEVER_TOLD.to_owned() })
        } else if event == Some(Event::Escalated) || (ends && self.heard) {
            None
        } else {
            full.map(|max| HoldDecision::Batch { reason: format!("over {max} mails a day") })
        }
    }
}

/// How many mails of news somebody got since then, with those that are under way. What is settled is
/// not pending, and is found by its time: a reader may have got thousands.
async fn mails_of_the_day(
    tx: &mut SqliteConnection,
    recipient: &str,
    day_began: DateTime<Utc>,
) -> anyhow::Result<u32> {
    let sql = format!(
        "SELECT (SELECT count(*) FROM deliveries WHERE recipient = $1 AND settled_at >= $2 \
         AND state = '{Delivered}' AND event IN {paced}) \
         + (SELECT count(*) FROM deliveries WHERE recipient = $1 AND settled_at IS NULL \
         AND state = '{Pending}' AND attempts > 0 AND event IN {paced})",
        paced = paced(),
    );
    let (count,): (i64,) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(recipient)
        .bind(day_began.timestamp_micros())
        .fetch_one(tx)
        .await
        .explain("cannot read the outbox")?;
    Ok(unsigned(count))
}

pub(crate) async fn waiting(
    connection: &mut SqliteConnection,
) -> anyhow::Result<Vec<WaitingDelivery>> {
    let sql = format!(
        "SELECT id, dedup_key, sequence, channel, recipient, facts, {heard} AS heard, \
         {batched} AS batched, next_attempt_at FROM deliveries AS due \
         WHERE due.state = '{Held}' ORDER BY dedup_key, sequence, id",
        heard = heard(),
        batched = another_is(Batched),
    );
    let rows: Vec<WaitingRow> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await
        .explain("cannot read the outbox")?;
    let waiting = |row: WaitingRow| {
        Ok(WaitingDelivery {
            id: delivery_id(&row.id)?,
            dedup_key: row.dedup_key,
            sequence: unsigned(row.sequence),
            channel: row.channel,
            recipient: row.recipient,
            facts: row.facts,
            heard: row.heard,
            batched: row.batched,
            due_at: instant(row.next_attempt_at)?,
        })
    };
    rows.into_iter().map(waiting).collect()
}

/// Writes what becomes of deliveries that were not made yet.
pub(crate) async fn settle(
    tx: &mut SqliteConnection,
    decisions: &[(Uuid, HoldDecision)],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    for (id, decision) in decisions {
        let (state, until, facts, reason) = match decision {
            HoldDecision::Release { facts } => (Pending, Some(now), facts.as_ref(), None),
            HoldDecision::Hold { until, reason } => (Held, Some(*until), None, Some(reason)),
            HoldDecision::Batch { reason } => (Batched, None, None, Some(reason)),
            HoldDecision::Overtake { reason } => (Overtaken, None, None, Some(reason)),
        };
        let sql = format!(
            "UPDATE deliveries SET state = $2, reason = $3, facts = coalesce($4, facts), \
             next_attempt_at = coalesce($5, next_attempt_at), claimed_until = NULL, \
             released_at = CASE WHEN $2 = '{Pending}' THEN $6 ELSE released_at END, \
             settled_at = CASE WHEN $2 IN ('{Batched}', '{Overtaken}') THEN $6 END \
             WHERE id = $1 AND state IN ('{Pending}', '{Held}')"
        );
        let settled = sqlx::query(AssertSqlSafe(sql))
            .bind(id.to_string())
            .bind(state.word())
            .bind(reason)
            .bind(facts)
            .bind(until.map(|until| until.timestamp_micros()))
            .bind(now.timestamp_micros());
        settled.execute(&mut *tx).await.explain("cannot write the outbox")?;
    }
    Ok(())
}
