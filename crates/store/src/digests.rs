//! The tables `digests`, `digest_standings` and `reports`: what was last summed up for whom, and how
//! everything stood then.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::{Held, NewDelivery, Store, held, micros, outbox};
use kpid_rules::{
    analysis::{Picture, Retuned, retuned},
    judgement::Standing,
    model::{Id, KpiRef, Period},
};

/// The last digest of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastDigest {
    /// Up to where the schedule is served.
    pub slot: DateTime<Utc>,
    /// When it was made: since then changes are news.
    pub at: DateTime<Utc>,
}

/// How scorecards stood at an instant, and at every change of configuration since.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    then: Vec<Kept>,
    turns: Vec<Turn>,
}

/// What digests are made from.
#[derive(Debug)]
pub struct Due {
    /// Everything held.
    pub held: Held,
    /// The last digests, by person.
    pub last: HashMap<Id, LastDigest>,
    /// How everything stood when they were made.
    pub looks: BTreeMap<DateTime<Utc>, Looks>,
}

/// What a round of digests leaves behind.
#[derive(Debug)]
pub struct Digested {
    /// How everything stands.
    pub standing: Standing,
    /// Where everybody's digest stands now; whoever is not here has none any more.
    pub last: Vec<(Id, LastDigest)>,
    /// What is to be told.
    pub deliveries: Vec<NewDelivery>,
}

/// A scorecard as it stood, and the configuration that judged.
#[derive(Clone, Debug)]
struct Kept {
    scorecard: String,
    config: String,
    standing: String,
}

/// The first verdict on a scorecard by another configuration, and the last one before it.
#[derive(Clone, Debug)]
struct Turn {
    scorecard: String,
    config: String,
    /// None where it is the first one since.
    before: Option<String>,
    after: String,
}

impl Looks {
    /// How everything stood at the beginning.
    pub fn then(&self) -> serde_json::Result<Picture> {
        let mut picture = Picture::default();
        for kept in &self.then {
            picture.add_kept(&kept.standing)?;
        }
        Ok(picture)
    }

    /// What was measured or counted otherwise from the beginning to `standing`.
    pub fn retuned(&self, standing: &Standing) -> serde_json::Result<Vec<Retuned>> {
        let alone = |json: &str| -> serde_json::Result<Picture> {
            let mut picture = Picture::default();
            picture.add_kept(json)?;
            Ok(picture)
        };
        let mut steps = Vec::new();
        for turn in &self.turns {
            let then = self.then.iter().find(|kept| kept.scorecard == turn.scorecard);
            let then = then.filter(|kept| kept.config != turn.config);
            let before = turn.before.as_ref().or(then.map(|kept| &kept.standing));
            if let Some(before) = before {
                steps.push((alone(before)?, alone(&turn.after)?));
            }
        }
        let mut now = Picture::default();
        for scorecard in &standing.scorecards {
            now.add_present(scorecard)?;
        }
        steps.push((self.then()?, now));
        Ok(retuned(&steps.iter().map(|(before, after)| (before, after)).collect::<Vec<_>>()))
    }
}

impl Store {
    /// The last digests, by person.
    pub async fn last_digests(&self) -> anyhow::Result<HashMap<Id, LastDigest>> {
        load(&mut *self.read().await?).await
    }

    /// How everything stood at an instant: as the digests made then showed it, or as the newest
    /// verdicts of then have it.
    pub async fn looks(&self, since: DateTime<Utc>) -> anyhow::Result<Looks> {
        let mut connection = self.read().await?;
        let looks = looks(&mut connection, since).await?;
        if !looks.then.is_empty() {
            return Ok(looks);
        }
        let sql = "SELECT scorecard, config, standing FROM snapshots AS held WHERE as_of = \
                   (SELECT max(as_of) FROM snapshots \
                    WHERE scorecard = held.scorecard AND as_of <= $1)";
        Ok(Looks { then: kept(&mut connection, sql, since).await?, ..looks })
    }

    /// Makes digests in one transaction: `make` sees everything held and how it stood, and what it
    /// decides is kept, or nothing is.
    pub async fn digest(
        &self,
        kpis: &HashSet<KpiRef>,
        now: DateTime<Utc>,
        make: impl FnOnce(&Due) -> anyhow::Result<Digested>,
    ) -> anyhow::Result<Digested> {
        let mut tx = self.begin().await?;
        let held = held(&mut tx, kpis, now).await?;
        let last = load(&mut tx).await?;
        let mut due = Due { held, last, looks: BTreeMap::new() };
        let instants: HashSet<DateTime<Utc>> = due.last.values().map(|last| last.at).collect();
        for at in instants {
            due.looks.insert(at, looks(&mut tx, at).await?);
        }
        let digested = make(&due)?;
        record(&mut tx, &digested, now).await?;
        outbox::record(&mut tx, &digested.deliveries, now).await?;
        tx.commit().await.context("cannot write digests")?;
        Ok(digested)
    }

    /// A message by what it is about, as it was decided first.
    pub async fn told(&self, dedup_key: &str) -> anyhow::Result<Option<String>> {
        let sql = "SELECT facts FROM deliveries WHERE dedup_key = $1 ORDER BY id LIMIT 1";
        let found: Option<(String,)> = sqlx::query_as(sql)
            .bind(dedup_key)
            .fetch_optional(&mut *self.read().await?)
            .await
            .context("cannot read the outbox")?;
        Ok(found.map(|(facts,)| facts))
    }
}

async fn load(connection: &mut SqliteConnection) -> anyhow::Result<HashMap<Id, LastDigest>> {
    let sql = "SELECT person, slot, made_at FROM digests";
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as(sql).fetch_all(connection).await.context("cannot read digests")?;
    let last = |(person, slot, at): (String, i64, i64)| {
        let person = Id::parse(&person).context("a person in the store has no id")?;
        Ok((person, LastDigest { slot: micros(slot)?, at: micros(at)? }))
    };
    rows.into_iter().map(last).collect()
}

async fn looks(connection: &mut SqliteConnection, since: DateTime<Utc>) -> anyhow::Result<Looks> {
    let sql = "SELECT scorecard, config, standing FROM digest_standings WHERE made_at = $1";
    let then = kept(connection, sql, since).await?;
    let sql = "SELECT turn.scorecard, turn.config, before.standing, after.standing FROM \
                 (SELECT scorecard, as_of, config, lag(as_of) OVER verdicts AS earlier, \
                  lag(config) OVER verdicts AS was FROM snapshots WHERE as_of > $1 \
                  WINDOW verdicts AS (PARTITION BY scorecard ORDER BY as_of)) AS turn \
               JOIN snapshots AS after \
                 ON after.scorecard = turn.scorecard AND after.as_of = turn.as_of \
               LEFT JOIN snapshots AS before \
                 ON before.scorecard = turn.scorecard AND before.as_of = turn.earlier \
               WHERE turn.was IS DISTINCT FROM turn.config ORDER BY turn.as_of";
    let rows: Vec<(String, String, Option<String>, String)> = sqlx::query_as(sql)
        .bind(since.timestamp_micros())
        .fetch_all(connection)
        .await
        .context("cannot read snapshots")?;
    let turn = |(scorecard, config, before, after)| Turn { scorecard, config, before, after };
    Ok(Looks { then, turns: rows.into_iter().map(turn).collect() })
}

async fn kept(
    connection: &mut SqliteConnection,
    sql: &'static str,
    at: DateTime<Utc>,
) -> anyhow::Result<Vec<Kept>> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql)
        .bind(at.timestamp_micros())
        .fetch_all(connection)
        .await
        .context("cannot read how scorecards stood")?;
    let kept = |(scorecard, config, standing)| Kept { scorecard, config, standing };
    Ok(rows.into_iter().map(kept).collect())
}

async fn record(
    tx: &mut SqliteConnection,
    digested: &Digested,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let told = "cannot write digests";
    sqlx::query("DELETE FROM digests").execute(&mut *tx).await.context(told)?;
    let sql = "INSERT INTO digests (person, slot, made_at) VALUES ($1, $2, $3)";
    for (person, last) in &digested.last {
        let row = sqlx::query(sql).bind(person.as_str()).bind(last.slot.timestamp_micros());
        row.bind(last.at.timestamp_micros()).execute(&mut *tx).await.context(told)?;
    }
    if digested.last.iter().any(|(_, last)| last.at == now) {
        let sql = "INSERT INTO digest_standings (made_at, scorecard, config, standing) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT (made_at, scorecard) DO UPDATE SET \
                   config = excluded.config, standing = excluded.standing";
        for scorecard in &digested.standing.scorecards {
            let row = sqlx::query(sql).bind(now.timestamp_micros()).bind(scorecard.id.as_str());
            let row = row.bind(&digested.standing.config).bind(serde_json::to_string(scorecard)?);
            row.execute(&mut *tx).await.context(told)?;
        }
    }
    let sql = "DELETE FROM digest_standings WHERE made_at NOT IN (SELECT made_at FROM digests)";
    sqlx::query(sql).execute(&mut *tx).await.context(told)?;
    Ok(())
}

/// The newest period of each scorecard that needs no report any more.
pub(crate) async fn reported(
    connection: &mut SqliteConnection,
) -> anyhow::Result<HashMap<Id, Period>> {
    let sql = "SELECT scorecard, period FROM reports";
    let rows: Vec<(String, String)> =
        sqlx::query_as(sql).fetch_all(connection).await.context("cannot read reports")?;
    let row = |(scorecard, period): (String, String)| {
        let id = Id::parse(&scorecard).context("a scorecard in the store has no id")?;
        Ok((id, Period::parse(&period).context("a report in the store has no period")?))
    };
    rows.into_iter().map(row).collect()
}

/// Keeps up to where scorecards are reported.
pub(crate) async fn record_reports(
    tx: &mut SqliteConnection,
    reports: &[(Id, Period)],
) -> anyhow::Result<()> {
    let sql = "INSERT INTO reports (scorecard, period) VALUES ($1, $2) \
               ON CONFLICT (scorecard) DO UPDATE SET period = excluded.period";
    for (scorecard, period) in reports {
        let row = sqlx::query(sql).bind(scorecard.as_str()).bind(period.to_string());
        row.execute(&mut *tx).await.context("cannot note a report")?;
    }
    Ok(())
}
