//! The table `episodes`: where the alerts of each perspective stand, by path, never by text.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::scorecard::{Episode, EpisodeChange, Id, Scope};

pub(super) async fn record(
    tx: &mut SqliteConnection,
    changes: &[EpisodeChange],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "INSERT INTO episodes (scope, state, changed_at) VALUES ($1, $2, $3) \
               ON CONFLICT (scope) DO UPDATE SET \
               state = excluded.state, changed_at = excluded.changed_at";
    for change in changes {
        sqlx::query(sql)
            .bind(change.scope.to_string())
            .bind(serde_json::to_string(&change.episode)?)
            .bind(now.timestamp_micros())
            .execute(&mut *tx)
            .await
            .context("cannot write an episode")?;
    }
    Ok(())
}

pub(super) async fn load(
    connection: &mut SqliteConnection,
) -> anyhow::Result<HashMap<Scope, Episode>> {
    let sql = "SELECT scope, state FROM episodes";
    let rows: Vec<(String, String)> =
        sqlx::query_as(sql).fetch_all(connection).await.context("cannot read episodes")?;
    let episode = |(path, state): (String, String)| {
        let scope =
            perspective(&path).with_context(|| format!("`{path}` in the store is no path"))?;
        let episode = serde_json::from_str(&state)
            .with_context(|| format!("the episode of `{path}` in the store cannot be read"))?;
        Ok((scope, episode))
    };
    rows.into_iter().map(episode).collect()
}

fn perspective(path: &str) -> Option<Scope> {
    let (scorecard, perspective) = path.split_once('/')?;
    Some(Scope::Perspective(Id::parse(scorecard).ok()?, Id::parse(perspective).ok()?))
}
