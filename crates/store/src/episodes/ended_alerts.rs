//! Alerts that end because the configuration no longer has what they are of: written with what is
//! told of it, or nothing is.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};

use crate::{
    database::{failure::Explain, store::Store},
    episodes::episode::{self, EpisodeEvent},
    families::changes,
    outbox::{
        deliveries::{self, NewDelivery},
        state::DeliveryState::{Batched, Delivered, Held, Overtaken, Pending, Summarised},
    },
};
use kpid_rules::{alerting::Episode, model::Scope};

/// Why what was not told yet is not told any more.
const REASON: &str = "what it is about is no longer configured";

/// An alert that ends, and who knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedAlert {
    /// The node, by its last path.
    pub scope: Scope,
    /// Its episode, ended.
    pub episode: Episode,
    /// Everybody who heard, or may have heard, of it.
    pub readers: Vec<Reader>,
    /// What its last message said, as JSON.
    pub facts: Option<String>,
}

/// Whoever a message was for.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Reader {
    /// The channel's id.
    pub channel: String,
    /// The address, or the channel's id.
    pub recipient: String,
    /// The id of the person, if it was for one.
    pub person: Option<String>,
}

impl Store {
    /// Ends every alert that somebody awaits the end of and that is not among those configured.
    /// Messages of it that nobody got yet are overtaken.
    pub async fn end_unconfigured(
        &self,
        configured: &HashSet<Scope>,
        now: DateTime<Utc>,
        tell: impl Fn(&EndedAlert) -> Vec<NewDelivery>,
    ) -> anyhow::Result<Vec<EndedAlert>> {
        let mut tx = self.begin().await?;
        let mut all = Vec::new();
        for (scope, held) in episode::load(&mut tx).await? {
            if !held.awaits_its_end() || configured.contains(&scope) {
                continue;
            }
            let key = held.dedup_key(&scope);
            let ended = held.removed(now);
            episode::write(&mut tx, &scope, &ended, now).await?;
            changes::note_alerts(&mut tx, &scope).await?;
            episode::tell(&mut tx, &EpisodeEvent::removed(&scope, &ended, now)).await?;
            let facts = last_facts(&mut tx, &key).await?;
            let readers = readers(&mut tx, &key).await?;
            overtake(&mut tx, &key, now).await?;
            let ended = EndedAlert { scope, episode: ended, readers, facts };
            deliveries::record(&mut tx, &tell(&ended), now).await?;
            all.push(ended);
        }
        tx.commit().await.explain("cannot end the alerts of what is no longer configured")?;
        Ok(all)
    }
}

async fn readers(tx: &mut SqliteConnection, key: &str) -> anyhow::Result<Vec<Reader>> {
    let sql = format!(
        "SELECT DISTINCT channel, recipient, person FROM deliveries WHERE dedup_key = $1 \
         AND (state IN ('{Delivered}', '{Summarised}') \
         OR (state = '{Pending}' AND attempts > 0)) ORDER BY channel, recipient"
    );
    let readers = sqlx::query_as(AssertSqlSafe(sql)).bind(key).fetch_all(tx).await;
    readers.explain("cannot read the outbox")
}

async fn last_facts(tx: &mut SqliteConnection, key: &str) -> anyhow::Result<Option<String>> {
    let sql =
        "SELECT facts FROM deliveries WHERE dedup_key = $1 ORDER BY sequence DESC, id DESC LIMIT 1";
    let found: Option<(String,)> =
        sqlx::query_as(sql).bind(key).fetch_optional(tx).await.explain("cannot read the outbox")?;
    Ok(found.map(|(facts,)| facts))
}

async fn overtake(tx: &mut SqliteConnection, key: &str, now: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = format!(
        "UPDATE deliveries SET state = '{Overtaken}', reason = $3, settled_at = $2, \
         claimed_until = NULL WHERE dedup_key = $1 \
         AND (state IN ('{Held}', '{Batched}') OR (state = '{Pending}' AND attempts = 0))"
    );
    let overtaken =
        sqlx::query(AssertSqlSafe(sql)).bind(key).bind(now.timestamp_micros()).bind(REASON);
    overtaken.execute(tx).await.explain("cannot write the outbox")?;
    Ok(())
}
