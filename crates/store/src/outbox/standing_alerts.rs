//! What a channel was told of and not of the end: a receiver that keeps alerts in its memory is told
//! of it again.

use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use crate::{
    database::{columns::delivery_id, failure::Explain, store::Store},
    outbox::state::DeliveryState::Delivered,
};

/// A message that still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingAlert {
    /// The delivery that brought it.
    pub id: Uuid,
    /// The channel's id, or an address.
    pub recipient: String,
    /// What it says, as JSON.
    pub facts: String,
}

impl Store {
    /// The newest delivered message of everything that a channel was told of, unless its end was
    /// decided.
    pub async fn standing_alerts(&self, channel: &str) -> anyhow::Result<Vec<StandingAlert>> {
        let sql = format!(
            "SELECT id, recipient, facts FROM \
                   (SELECT id, recipient, facts, row_number() OVER \
                      (PARTITION BY dedup_key, recipient ORDER BY sequence DESC, id DESC) AS place \
                    FROM deliveries WHERE channel = $1 AND state = '{Delivered}' \
                    AND is_standing = 1) \
                   WHERE place = 1 ORDER BY id"
        );
        let rows: Vec<(String, String, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(channel)
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read the outbox")?;
        let standing = |(id, recipient, facts): (String, String, String)| {
            let id = delivery_id(&id)?;
            Ok(StandingAlert { id, recipient, facts })
        };
        rows.into_iter().map(standing).collect()
    }
}

/// What a channel was told of, once its end is decided, stands no longer.
pub(crate) async fn end(
    tx: &mut SqliteConnection,
    dedup_key: &str,
    channel: &str,
) -> anyhow::Result<()> {
    let sql = "UPDATE deliveries SET is_standing = 0 \
               WHERE dedup_key = $1 AND channel = $2 AND is_standing = 1";
    let ended = sqlx::query(sql).bind(dedup_key).bind(channel).execute(tx).await;
    ended.explain("cannot write a delivery")?;
    Ok(())
}
