//! The table `keys`: what kpid signs with, made by itself and known to nobody else.

use std::fmt::Write as _;

use anyhow::Context;
use chrono::{DateTime, Utc};

use crate::database::{failure::Explain, store::Store};

/// The key of the links in mails.
const LINKS: &str = "links";

impl Store {
    /// The key that links in mails are signed with: the one that is kept, or from now on `fresh`.
    pub async fn link_key(&self, fresh: [u8; 32], now: DateTime<Utc>) -> anyhow::Result<[u8; 32]> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO keys (name, secret, made_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (name) DO NOTHING";
        sqlx::query(sql)
            .bind(LINKS)
            .bind(hex(fresh))
            .bind(now.timestamp_micros())
            .execute(&mut *tx)
            .await
            .explain("cannot keep a key")?;
        let (text,): (String,) = sqlx::query_as("SELECT secret FROM keys WHERE name = $1")
            .bind(LINKS)
            .fetch_one(&mut *tx)
            .await
            .explain("cannot read a key")?;
        tx.commit().await.explain("cannot keep a key")?;
        bytes(&text).context("the key that signs links is damaged in the store; delete the row `links` of the table `keys`, and kpid makes a new one")
    }
}

fn hex(key: [u8; 32]) -> String {
    key.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(text: &str) -> Option<[u8; 32]> {
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    bytes.filter(|_| text.len() == 64)?.try_into().ok()
}
