//! The tables `episodes` and `episode_events`: where the alerts of each node stand, by path, never
//! by text, and what happened to every episode there ever was.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use sqlx::{FromRow, SqliteConnection};

use crate::database::{
    columns::{KPI_KEY, instant, node, node_key},
    failure::Explain,
    store::Store,
};
use kpid_rules::{
    alerting::{Cause, Episode, Event},
    evaluation::EpisodeChange,
    judgement::Standing,
    model::{Scope, Status},
};

/// Something that happened to an episode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpisodeEvent {
    /// The node.
    pub scope: Scope,
    /// Which of its episodes, from 1.
    pub number: u32,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: EpisodeEventKind,
    /// Why it happened.
    pub cause: Option<EpisodeEventCause>,
    /// The period that was judged.
    pub period: Option<String>,
    /// The status then.
    pub status: Option<Status>,
    /// The score then.
    pub score: Option<f64>,
}

/// What can happen to an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpisodeEventKind {
    /// What its rules decided, or a person did.
    Told(Event),
    /// The configuration no longer has what it is of.
    Ended,
}

impl EpisodeEventKind {
    /// As the store and JSON spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Told(event) => event.word(),
            Self::Ended => "ended",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        match Event::parse(word) {
            Some(event) => Some(Self::Told(event)),
            None => Some(Self::Ended).filter(|ended| ended.word() == word),
        }
    }
}

impl Serialize for EpisodeEventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Why something happened to an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpisodeEventCause {
    /// What its rules decided by.
    Told(Cause),
    /// The configuration no longer has what it is of.
    Removed,
}

impl EpisodeEventCause {
    /// As the store and JSON spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Told(cause) => cause.word(),
            Self::Removed => "removed",
        }
    }

    fn parse(word: &str) -> anyhow::Result<Self> {
        let found = match Cause::parse(word) {
            Some(cause) => Some(Self::Told(cause)),
            None => Some(Self::Removed).filter(|removed| removed.word() == word),
        };
        found.with_context(|| {
            format!("the store has a cause `{word}`, which this kpid does not know")
        })
    }
}

impl Serialize for EpisodeEventCause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

fn status(word: &str) -> anyhow::Result<Status> {
    Status::parse(word)
        .with_context(|| format!("the store has a status `{word}`, which this kpid does not know"))
}

impl EpisodeEvent {
    /// A person acknowledged it.
    pub(crate) fn acknowledged(scope: &Scope, episode: &Episode, at: DateTime<Utc>) -> Self {
        Self {
            scope: scope.clone(),
            number: episode.number,
            at,
            event: EpisodeEventKind::Told(Event::Acknowledged),
            cause: None,
            period: None,
            status: None,
            score: None,
        }
    }

    /// The configuration no longer has what it is of.
    pub(crate) fn removed(scope: &Scope, episode: &Episode, at: DateTime<Utc>) -> Self {
        Self {
            event: EpisodeEventKind::Ended,
            cause: Some(EpisodeEventCause::Removed),
            period: episode.last_period.clone(),
            ..Self::acknowledged(scope, episode, at)
        }
    }

    /// It is told, if it is.
    fn told(standing: &Standing, change: &EpisodeChange, at: DateTime<Utc>) -> Option<Self> {
        let node = standing.node(&change.scope);
        Some(Self {
            scope: change.scope.clone(),
            number: change.episode.number,
            at,
            event: EpisodeEventKind::Told(change.event?),
            cause: change.cause.map(EpisodeEventCause::Told),
            period: change.episode.last_period.clone(),
            status: node.map(|node| node.status()),
            score: node.and_then(|node| node.score()),
        })
    }
}

#[derive(FromRow)]
struct EventRow {
    scope: String,
    number: i64,
    at: i64,
    event: String,
    cause: Option<String>,
    period: Option<String>,
    status: Option<String>,
    score: Option<f64>,
}

impl Store {
    /// Where alerts stand.
    pub async fn episodes(&self) -> anyhow::Result<HashMap<Scope, Episode>> {
        load(&mut *self.read().await?).await
    }

    /// What happened to one episode of a node, oldest first.
    pub async fn events_of(&self, scope: &Scope, number: u32) -> anyhow::Result<Vec<EpisodeEvent>> {
        let sql = "SELECT scope, number, at, event, cause, period, status, score \
                   FROM episode_events WHERE scope = $1 AND number = $2 ORDER BY sequence";
        let rows = sqlx::query_as(sql).bind(node_key(scope)).bind(number);
        let rows: Vec<EventRow> = rows
            .fetch_all(&mut *self.read().await?)
            .await
            .explain("cannot read what happened to an episode")?;
        rows.into_iter().map(event).collect()
    }

    /// What happened to the episodes, oldest first.
    pub async fn episode_events(&self) -> anyhow::Result<Vec<EpisodeEvent>> {
        events(&mut *self.read().await?).await
    }
}

pub(crate) async fn record(
    tx: &mut SqliteConnection,
    standing: &Standing,
    changes: &[EpisodeChange],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    for change in changes {
        write(&mut *tx, &change.scope, &change.episode, now).await?;
        // An acknowledgement was written down when it was made.
        let told = change.event.filter(|event| *event != Event::Acknowledged);
        if let Some(event) = told.and_then(|_| EpisodeEvent::told(standing, change, now)) {
            tell(&mut *tx, &event).await?;
        }
    }
    Ok(())
}

pub(crate) async fn write(
    tx: &mut SqliteConnection,
    scope: &Scope,
    episode: &Episode,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let sql = "INSERT INTO episodes (scope, state, changed_at) VALUES ($1, $2, $3) \
               ON CONFLICT (scope) DO UPDATE SET \
               state = excluded.state, changed_at = excluded.changed_at";
    sqlx::query(sql)
        .bind(node_key(scope))
        .bind(serde_json::to_string(episode)?)
        .bind(now.timestamp_micros())
        .execute(tx)
        .await
        .explain("cannot write an episode")?;
    Ok(())
}

/// Adds to the story of an episode.
pub(crate) async fn tell(tx: &mut SqliteConnection, event: &EpisodeEvent) -> anyhow::Result<()> {
    let sql = "INSERT INTO episode_events \
               (scope, number, sequence, at, event, period, status, score, cause) \
               SELECT $1, $2, coalesce(max(sequence), 0) + 1, $3, $4, $5, $6, $7, $8 \
               FROM episode_events WHERE scope = $1 AND number = $2";
    sqlx::query(sql)
        .bind(node_key(&event.scope))
        .bind(event.number)
        .bind(event.at.timestamp_micros())
        .bind(event.event.word())
        .bind(&event.period)
        .bind(event.status.map(Status::word))
        .bind(event.score)
        .bind(event.cause.map(EpisodeEventCause::word))
        .execute(tx)
        .await
        .explain("cannot write what happened to an episode")?;
    Ok(())
}

pub(crate) async fn load(
    connection: &mut SqliteConnection,
) -> anyhow::Result<HashMap<Scope, Episode>> {
    let sql = "SELECT scope, state FROM episodes";
    let rows = sqlx::query_as(sql).fetch_all(connection).await.explain("cannot read episodes")?;
    parse(rows)
}

/// Where the alerts of some scorecards stand, named in a JSON list.
pub(crate) async fn load_of(
    connection: &mut SqliteConnection,
    scorecards: &str,
) -> anyhow::Result<HashMap<Scope, Episode>> {
    // What follows a slash in a path is less than what follows a 0.
    let sql = "SELECT scope, state FROM json_each($1) AS asked JOIN episodes \
               ON scope = asked.value \
               OR (scope >= asked.value || '/' AND scope < asked.value || '0') \
               OR (scope >= $2 || asked.value || '/' AND scope < $2 || asked.value || '0')";
    let rows = sqlx::query_as(sql).bind(scorecards).bind(KPI_KEY).fetch_all(connection).await;
    parse(rows.explain("cannot read episodes")?)
}

fn parse(rows: Vec<(String, String)>) -> anyhow::Result<HashMap<Scope, Episode>> {
    let episode = |(path, state): (String, String)| {
        let episode = serde_json::from_str(&state)
            .with_context(|| format!("the episode of `{path}` in the store cannot be read"))?;
        Ok((node(&path)?, episode))
    };
    rows.into_iter().map(episode).collect()
}

/// What happened to the episodes, oldest first.
pub(crate) async fn events(connection: &mut SqliteConnection) -> anyhow::Result<Vec<EpisodeEvent>> {
    let sql = "SELECT scope, number, at, event, cause, period, status, score FROM episode_events \
               ORDER BY at, scope, number, sequence";
    let rows: Vec<EventRow> = sqlx::query_as(sql)
        .fetch_all(connection)
        .await
        .explain("cannot read what happened to episodes")?;
    rows.into_iter().map(event).collect()
}

fn event(row: EventRow) -> anyhow::Result<EpisodeEvent> {
    let event = EpisodeEventKind::parse(&row.event).with_context(|| {
        format!("the store has an event `{}`, which this kpid does not know", row.event)
    })?;
    Ok(EpisodeEvent {
        scope: node(&row.scope)?,
        number: u32::try_from(row.number).context("an episode's number is out of range")?,
        at: instant(row.at)?,
        event,
        cause: row.cause.as_deref().map(EpisodeEventCause::parse).transpose()?,
        period: row.period,
        status: row.status.as_deref().map(status).transpose()?,
        score: row.score,
    })
}
