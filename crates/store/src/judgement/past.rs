//! How scorecards stood at an instant, as it was judged then, and which configuration judged.

use std::ops::Range;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;

use crate::{
    database::{columns::instant, failure::Explain, store::Store},
    judgement::verdicts,
};
use kpid_rules::{analysis::Picture, model::Id};

/// The smallest step of time that the store knows.
const STEP: TimeDelta = TimeDelta::microseconds(1);

/// A scorecard as it was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct PastVerdict {
    /// Which scorecard.
    pub scorecard: Id,
    /// The configuration that judged.
    pub config_hash: String,
    /// How it and everything below it stood.
    pub picture: Picture,
}

/// A change of the configuration that judges a scorecard.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// Which scorecard.
    pub(crate) scorecard: Id,
    /// How it stood before; none where it was not judged before.
    pub(crate) before: Option<PastVerdict>,
    /// How it stood after.
    pub(crate) after: PastVerdict,
}

impl Store {
    /// The last verdict on a scorecard in a span of time that another configuration than one gave.
    pub async fn verdict_by_another(
        &self,
        scorecard: &Id,
        config_hash: &str,
        within: Range<DateTime<Utc>>,
    ) -> anyhow::Result<Option<PastVerdict>> {
        let mut connection = self.read().await?;
        let sql = "SELECT until FROM (SELECT config_hash, started_at, \
                     coalesce(lead(started_at) OVER (ORDER BY started_at), $4) AS until \
                   FROM judging WHERE scorecard = $1 AND started_at < $4) \
                   WHERE config_hash <> $2 AND until > $3 ORDER BY started_at DESC LIMIT 1";
        let found: Option<(i64,)> = sqlx::query_as(sql)
            .bind(scorecard.as_str())
            .bind(config_hash)
            .bind(within.start.timestamp_micros())
            .bind(within.end.timestamp_micros())
            .fetch_optional(&mut *connection)
            .await
            .explain("cannot read which configuration judged")?;
        match found {
            Some((until,)) => verdict_at(&mut connection, scorecard, instant(until)? - STEP).await,
            None => Ok(None),
        }
    }

    /// How each scorecard stood at an instant, in the order of their names.
    pub async fn verdicts_at(&self, instant: DateTime<Utc>) -> anyhow::Result<Vec<PastVerdict>> {
        all_at(&mut *self.read().await?, instant).await
    }
}

/// How each scorecard stood at an instant, in the order of their names.
pub(crate) async fn all_at(
    connection: &mut SqliteConnection,
    instant: DateTime<Utc>,
) -> anyhow::Result<Vec<PastVerdict>> {
    let sql = "SELECT DISTINCT scorecard FROM judging WHERE started_at <= $1 ORDER BY scorecard";
    let judged: Vec<(String,)> = sqlx::query_as(sql)
        .bind(instant.timestamp_micros())
        .fetch_all(&mut *connection)
        .await
        .explain("cannot read which configuration judged")?;
    let mut found = Vec::with_capacity(judged.len());
    for (scorecard,) in judged {
        found.extend(verdict_at(connection, &scorecard_id(&scorecard)?, instant).await?);
    }
    Ok(found)
}

/// How a scorecard stood at an instant, if it was judged by then.
async fn verdict_at(
    connection: &mut SqliteConnection,
    scorecard: &Id,
    instant: DateTime<Utc>,
) -> anyhow::Result<Option<PastVerdict>> {
    let sql = "SELECT config_hash FROM judging WHERE scorecard = $1 AND started_at <= $2 \
               ORDER BY started_at DESC LIMIT 1";
    let judged: Option<(String,)> = sqlx::query_as(sql)
        .bind(scorecard.as_str())
        .bind(instant.timestamp_micros())
        .fetch_optional(&mut *connection)
        .await
        .explain("cannot read which configuration judged")?;
    let Some((config_hash,)) = judged else { return Ok(None) };
    let mut picture = Picture::default();
    for row in verdicts::newest(connection, scorecard, instant).await? {
        if let Some((scope, node)) = row.node()? {
            picture.insert(scope, node);
        }
    }
    Ok(Some(PastVerdict { scorecard: scorecard.clone(), config_hash, picture }))
}

/// The changes of configuration since an instant that measure or count something otherwise, in their
/// order.
pub(crate) async fn turns(
    connection: &mut SqliteConnection,
    since: DateTime<Utc>,
) -> anyhow::Result<Vec<Turn>> {
    let sql = "SELECT scorecard, started_at FROM judging WHERE started_at > $1 AND EXISTS \
                 (SELECT 1 FROM nodes JOIN measures ON measures.node = nodes.id \
                  WHERE nodes.scorecard = judging.scorecard \
                  AND measures.at = judging.started_at) ORDER BY started_at, scorecard";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql)
        .bind(since.timestamp_micros())
        .fetch_all(&mut *connection)
        .await
        .explain("cannot read which configuration judged")?;
    let mut turns = Vec::with_capacity(rows.len());
    for (scorecard, at) in rows {
        let (scorecard, at) = (scorecard_id(&scorecard)?, instant(at)?);
        let before = verdict_at(connection, &scorecard, at - STEP).await?;
        if let Some(after) = verdict_at(connection, &scorecard, at).await? {
            turns.push(Turn { scorecard, before, after });
        }
    }
    Ok(turns)
}

fn scorecard_id(text: &str) -> anyhow::Result<Id> {
    Id::parse(text).with_context(|| {
        format!("the store has a verdict on a scorecard `{text}`, which is not a valid id")
    })
}
