//! Mail of performance news on its way: what waits for working hours, what is over the day's number
//! and kept for a summary, what was overtaken meanwhile. All of it is rows of `deliveries`.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use crate::{
    database::{
        columns::{delivery_id, instant, unsigned},
        store::Store,
    },
    outbox::deliveries::{self, Claimed, NewDelivery},
};

/// What is told of episodes, by its words; everything else is a notice and goes at once.
const NEWS: &str = "('opened', 'worsened', 'reminded', 'escalated', 'recovered', 'corrected')";

/// Whether the reader of the delivery `due` heard, or may have heard, of its episode.
const HEARD: &str = "EXISTS (SELECT 1 FROM deliveries AS other \
    WHERE other.dedup_key = due.dedup_key AND other.channel = due.channel \
    AND other.recipient = due.recipient AND (other.state IN ('delivered', 'digested') \
    OR (other.state IN ('pending', 'held') AND other.attempts > 0)))";

/// Why nobody hears of an end.
const NEVER_TOLD: &str = "its reader never heard of the alert";

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
pub struct Waiting {
    /// Names it for ever.
    pub id: Uuid,
    /// Names the episode.
    pub dedup_key: String,
    /// The event's word.
    pub event: String,
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
    pub kept: bool,
    /// When its hours begin.
    pub due_at: DateTime<Utc>,
}

/// What becomes of a delivery that was held back, or of one that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes now.
    Goes {
        /// What it says instead, as JSON, if something changed.
        facts: Option<String>,
    },
    /// It waits on.
    Waits {
        /// Until then.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// It is told in the next summary.
    Kept {
        /// Why.
        reason: String,
    },
    /// It is never made.
    Overtaken {
        /// Why.
        reason: String,
    },
}

impl Fate {
    /// An end is kept with its beginning.
    pub fn kept_with_its_alert() -> Self {
        Self::Kept { reason: "its alert is kept for the summary too".to_owned() }
    }
}

/// News kept for a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Names the delivery for ever.
    pub id: Uuid,
    /// The channel's id.
    pub channel: String,
    /// The address.
    pub recipient: String,
    /// What the message says, as JSON.
    pub facts: String,
    /// When it was decided on.
    pub written_at: DateTime<Utc>,
    /// Since when it is kept.
    pub kept_at: DateTime<Utc>,
}

type WaitingRow = (String, String, String, i64, String, String, String, bool, bool, i64);
type KeptRow = (String, String, String, String, i64, i64);

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
        let mut tx = self.begin().await?;
        if now < pace.opening {
            hold(&mut tx, channel, now, pace.opening).await?;
        }
        // What was kept no longer stands before what came after it.
        while ration(&mut tx, channel, now, pace).await? {}
        let claimed = deliveries::claim(&mut tx, channel, now, until, limit).await?;
        tx.commit().await.context("cannot write the outbox")?;
        Ok(claimed)
    }

    /// News that wait for working hours, in the order in which they are told.
    pub async fn waiting(&self) -> anyhow::Result<Vec<Waiting>> {
        waiting(&mut *self.read().await?).await
    }

    /// Settles news that nobody can judge any more.
    pub async fn overtaken(
        &self,
        ids: &[Uuid],
        reason: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        let fates = ids.iter().map(|id| (*id, Fate::Overtaken { reason: reason.to_owned() }));
        settle(&mut tx, &fates.collect::<Vec<_>>(), now).await?;
        tx.commit().await.context("cannot write the outbox")
    }

    /// News kept for a summary, by reader, in the order in which they were decided.
    pub async fn kept(&self) -> anyhow::Result<Vec<Kept>> {
        let sql = "SELECT id, channel, recipient, facts, written_at, \
                   coalesce(settled_at, written_at) FROM deliveries WHERE state = 'digest' \
                   ORDER BY channel, recipient, written_at, dedup_key, sequence, id";
        let rows: Vec<KeptRow> = sqlx::query_as(sql)
            .fetch_all(&mut *self.read().await?)
            .await
            .context("cannot read the outbox")?;
        let kept = |(id, channel, recipient, facts, written_at, kept_at): KeptRow| {
            let id = delivery_id(&id)?;
            let (written_at, kept_at) = (instant(written_at)?, instant(kept_at)?);
            Ok(Kept { id, channel, recipient, facts, written_at, kept_at })
        };
        rows.into_iter().map(kept).collect()
    }

    /// Writes a summary, and notes what is told in it. Says no, and does nothing, if a person took
    /// one of them meanwhile.
    pub async fn summarize(
        &self,
        told: &[Uuid],
        summary: &[NewDelivery],
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE deliveries SET state = 'digested', settled_at = $2, \
                   reason = 'told in a summary' WHERE id = $1 AND state = 'digest'";
        for id in told {
            let noted = sqlx::query(sql).bind(id.to_string()).bind(now.timestamp_micros());
            let noted = noted.execute(&mut *tx).await.context("cannot write a summary")?;
            if noted.rows_affected() == 0 {
                return Ok(false);
            }
        }
        deliveries::record(&mut tx, summary, now).await?;
        tx.commit().await.context("cannot write a summary")?;
        Ok(true)
    }
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
        "UPDATE deliveries SET state = 'held', next_attempt_at = $3, claimed_until = NULL, \
         reason = 'waits for working hours' \
         WHERE channel = $1 AND ((state = 'held' AND next_attempt_at < $3) \
         OR (state = 'pending' AND event IN {NEWS} AND retried_at IS NULL \
         AND next_attempt_at <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)))"
    );
    let held = sqlx::query(AssertSqlSafe(sql))
        .bind(channel)
        .bind(now.timestamp_micros())
        .bind(opening.timestamp_micros());
    held.execute(tx).await.context("cannot write the outbox")?;
    Ok(())
}

/// What is due for the first time: id, event, recipient, whether its reader heard of the episode,
/// and whether something of it is kept, or was overtaken.
type DueRow = (String, String, String, bool, bool, bool);

/// Keeps what is over the day's number for the summary. What escalates, and the end of what was
/// told, go whatever the number, and count. Says whether anything was kept or overtaken.
async fn ration(
    tx: &mut SqliteConnection,
    channel: &str,
    now: DateTime<Utc>,
    pace: Pace,
) -> anyhow::Result<bool> {
    let of_it = |state: &str| {
        format!(
            "EXISTS (SELECT 1 FROM deliveries AS other WHERE other.dedup_key = due.dedup_key \
             AND other.channel = due.channel AND other.recipient = due.recipient \
             AND other.state = '{state}')"
        )
    };
    let sql = format!(
        "SELECT id, event, recipient, {HEARD}, {kept}, {overtaken} FROM deliveries AS due \
         WHERE due.state = 'pending' AND due.channel = $1 AND due.event IN {NEWS} \
         AND due.attempts = 0 AND due.retried_at IS NULL AND due.next_attempt_at <= $2 \
         AND {first} ORDER BY due.next_attempt_at, due.id",
        kept = of_it("digest"),
        overtaken = of_it("overtaken"),
        first = deliveries::FIRST_OF_ITS_EPISODE,
    );
    let due: Vec<DueRow> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(channel)
        .bind(now.timestamp_micros())
        .fetch_all(&mut *tx)
        .await
        .context("cannot read the outbox")?;
    let mut mails: HashMap<String, u32> = HashMap::new();
    let mut settled = false;
    for (id, event, recipient, heard, kept, overtaken) in due {
        let id = delivery_id(&id)?;
        let count = match mails.get(&recipient) {
            Some(count) => *count,
            None => mails_of_the_day(tx, &recipient, pace.day_began).await?,
        };
        let is_end = matches!(event.as_str(), "recovered" | "corrected");
        let fate = if is_end && !heard && kept {
            Some(Fate::kept_with_its_alert())
        } else if is_end && !heard && overtaken {
            Some(Fate::Overtaken { reason: NEVER_TOLD.to_owned() })
        } else if event == "escalated" || (is_end && heard) {
            None
        } else {
            let max = pace.mails_max.filter(|max| *max <= count);
            let reason = |max| format!("over {max} mails a day");
            max.map(|max| Fate::Kept { reason: reason(max) })
        };
        if let Some(fate) = fate {
            settle(tx, &[(id, fate)], now).await?;
            settled = true;
        } else {
            mails.insert(recipient, count.saturating_add(1));
        }
    }
    Ok(settled)
}

/// How many mails of news somebody got since then, with those that are under way.
async fn mails_of_the_day(
    tx: &mut SqliteConnection,
    recipient: &str,
    day_began: DateTime<Utc>,
) -> anyhow::Result<u32> {
    let sql = format!(
        "SELECT (SELECT count(*) FROM deliveries WHERE recipient = $1 AND settled_at >= $2 \
         AND state = 'delivered' AND event IN {NEWS}) \
         + (SELECT count(*) FROM deliveries WHERE recipient = $1 AND state = 'pending' \
         AND attempts > 0 AND event IN {NEWS})"
    );
    let (count,): (i64,) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(recipient)
        .bind(day_began.timestamp_micros())
        .fetch_one(tx)
        .await
        .context("cannot read the outbox")?;
    Ok(unsigned(count))
}

pub(crate) async fn waiting(connection: &mut SqliteConnection) -> anyhow::Result<Vec<Waiting>> {
    let sql = format!(
        "SELECT id, dedup_key, event, sequence, channel, recipient, facts, {HEARD}, \
         EXISTS (SELECT 1 FROM deliveries AS other WHERE other.dedup_key = due.dedup_key \
         AND other.channel = due.channel AND other.recipient = due.recipient \
         AND other.state = 'digest'), next_attempt_at \
         FROM deliveries AS due WHERE due.state = 'held' ORDER BY dedup_key, sequence, id"
    );
    let rows: Vec<WaitingRow> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await
        .context("cannot read the outbox")?;
    let waiting = |row: WaitingRow| {
        let (id, dedup_key, event, sequence, channel, recipient, facts, heard, kept, due) = row;
        Ok(Waiting {
            id: delivery_id(&id)?,
            dedup_key,
            event,
            sequence: unsigned(sequence),
            channel,
            recipient,
            facts,
            heard,
            kept,
            due_at: instant(due)?,
        })
    };
    rows.into_iter().map(waiting).collect()
}

/// Writes what becomes of deliveries that were not made yet.
pub(crate) async fn settle(
    tx: &mut SqliteConnection,
    fates: &[(Uuid, Fate)],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    const OPEN: &str = "WHERE id = $1 AND state IN ('pending', 'held')";
    for (id, fate) in fates {
        let (state, until, facts, reason) = match fate {
            Fate::Goes { facts } => ("pending", Some(now), facts.as_ref(), None),
            Fate::Waits { until, reason } => ("held", Some(*until), None, Some(reason)),
            Fate::Kept { reason } => ("digest", None, None, Some(reason)),
            Fate::Overtaken { reason } => ("overtaken", None, None, Some(reason)),
        };
        let sql = format!(
            "UPDATE deliveries SET state = $2, reason = $3, facts = coalesce($4, facts), \
             next_attempt_at = coalesce($5, next_attempt_at), claimed_until = NULL, \
             released_at = CASE WHEN $2 = 'pending' THEN $6 ELSE released_at END, \
             settled_at = CASE WHEN $2 IN ('digest', 'overtaken') THEN $6 END {OPEN}"
        );
        let settled = sqlx::query(AssertSqlSafe(sql))
            .bind(id.to_string())
            .bind(state)
            .bind(reason)
            .bind(facts)
            .bind(until.map(|until| until.timestamp_micros()))
            .bind(now.timestamp_micros());
        settled.execute(&mut *tx).await.context("cannot write the outbox")?;
    }
    Ok(())
}
