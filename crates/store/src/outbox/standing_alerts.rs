//! What a channel was told of and not of the end: a receiver that keeps alerts in its memory is told
//! of it again.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::{
    database::{columns::delivery_id, failure::Explain, store::Store},
    outbox::{delivery_event::DeliveryEvent, state::DeliveryState::Delivered},
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
                    FROM deliveries AS told WHERE channel = $1 AND state = '{Delivered}' \
                    AND event IN {lasting} \
                    AND NOT EXISTS (SELECT 1 FROM deliveries AS over \
                      WHERE over.dedup_key = told.dedup_key AND over.channel = told.channel \
                      AND over.event IN {ends})) \
                   WHERE place = 1 ORDER BY id",
            lasting = DeliveryEvent::sql_list(DeliveryEvent::awaits_its_end),
            ends = DeliveryEvent::sql_list(DeliveryEvent::ends),
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
