//! The table `digests`: the last digest of each person; and a round of digests in one transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::{
    database::{columns::instant, failure::Explain, store::Store},
    digests::standings::{self, PastStandings},
    judgement::held::{self, Held},
    outbox::deliveries::{self, NewDelivery},
};
use kpid_rules::{
    judgement::Standing,
    model::{Id, KpiRef},
};

/// The last digest of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastDigest {
    /// Up to where the schedule is served.
    pub slot: DateTime<Utc>,
    /// When it was made: since then changes are news.
    pub at: DateTime<Utc>,
}

/// What digests are made from.
#[derive(Debug)]
pub struct DigestInput {
    /// Everything held.
    pub held: Held,
    /// The last digests, by person.
    pub last: HashMap<Id, LastDigest>,
    /// How everything stood when they were made.
    pub past: BTreeMap<DateTime<Utc>, PastStandings>,
}

/// What a round of digests leaves behind.
#[derive(Debug)]
pub struct DigestOutcome {
    /// How everything stands.
    pub standing: Standing,
    /// Where everybody's digest stands now; whoever is not here has none any more.
    pub last: Vec<(Id, LastDigest)>,
    /// What is to be told.
    pub deliveries: Vec<NewDelivery>,
}

impl Store {
    /// The last digests, by person.
    pub async fn last_digests(&self) -> anyhow::Result<HashMap<Id, LastDigest>> {
        load(&mut *self.read().await?).await
    }

    /// Makes digests in one transaction: `make` sees everything held and how it stood, and what it
    /// decides is kept, or nothing is.
    pub async fn digest(
        &self,
        kpis: &HashSet<KpiRef>,
        now: DateTime<Utc>,
        make: impl FnOnce(&DigestInput) -> anyhow::Result<DigestOutcome>,
    ) -> anyhow::Result<DigestOutcome> {
        let mut tx = self.begin().await?;
        let held = held::load(&mut tx, kpis, now).await?;
        let last = load(&mut tx).await?;
        let mut input = DigestInput { held, last, past: BTreeMap::new() };
        let instants: HashSet<DateTime<Utc>> = input.last.values().map(|last| last.at).collect();
        for at in instants {
            input.past.insert(at, standings::load(&mut tx, at).await?);
        }
        let outcome = make(&input)?;
        record(&mut tx, &outcome, now).await?;
        deliveries::record(&mut tx, &outcome.deliveries, now).await?;
        tx.commit().await.explain("cannot write digests")?;
        Ok(outcome)
    }
}

async fn load(connection: &mut SqliteConnection) -> anyhow::Result<HashMap<Id, LastDigest>> {
    let sql = "SELECT person, slot, made_at FROM digests";
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as(sql).fetch_all(connection).await.explain("cannot read digests")?;
    let last = |(person, slot, at): (String, i64, i64)| {
        let person =
            Id::parse(&person).context("the store has a digest of a person without a valid id")?;
        Ok((person, LastDigest { slot: instant(slot)?, at: instant(at)? }))
    };
    rows.into_iter().map(last).collect()
}

async fn record(
    tx: &mut SqliteConnection,
    outcome: &DigestOutcome,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let what = "cannot write digests";
    sqlx::query("DELETE FROM digests").execute(&mut *tx).await.explain(what)?;
    let sql = "INSERT INTO digests (person, slot, made_at) VALUES ($1, $2, $3)";
    for (person, last) in &outcome.last {
        let row = sqlx::query(sql).bind(person.as_str()).bind(last.slot.timestamp_micros());
        row.bind(last.at.timestamp_micros()).execute(&mut *tx).await.explain(what)?;
    }
    if outcome.last.iter().any(|(_, last)| last.at == now) {
        let sql = "INSERT INTO digest_standings (made_at, scorecard, config_hash, standing) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT (made_at, scorecard) DO UPDATE SET \
                   config_hash = excluded.config_hash, standing = excluded.standing";
        for scorecard in &outcome.standing.scorecards {
            let row = sqlx::query(sql).bind(now.timestamp_micros()).bind(scorecard.id.as_str());
            let row = row.bind(&outcome.standing.config).bind(serde_json::to_string(scorecard)?);
            row.execute(&mut *tx).await.explain(what)?;
        }
    }
    let sql = "DELETE FROM digest_standings WHERE made_at NOT IN (SELECT made_at FROM digests)";
    sqlx::query(sql).execute(&mut *tx).await.explain(what)?;
    Ok(())
}
