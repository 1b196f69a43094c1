//! The table `digest_standings`: how scorecards stood when a digest was made, and how the
//! configuration that judges them changed since.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use crate::database::{failure::Explain, store::Store};
use kpid_rules::{
    analysis::{Picture, Retuned, retuned},
    judgement::Standing,
};

/// How scorecards stood at an instant, and at every change of configuration since.
#[derive(Clone, Debug, Default)]
pub struct PastStandings {
    then: Vec<Then>,
    turns: Vec<Turn>,
}

/// A scorecard as it stood, and the configuration that judged.
#[derive(Clone, Debug, FromRow)]
struct Then {
    scorecard: String,
    config_hash: String,
    standing: String,
}

/// The first verdict on a scorecard by another configuration, and the last one before it.
#[derive(Clone, Debug, FromRow)]
struct Turn {
    scorecard: String,
    config_hash: String,
    /// None where it is the first one since.
    before: Option<String>,
    after: String,
}

impl PastStandings {
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
            let then = then.filter(|kept| kept.config_hash != turn.config_hash);
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
    /// How everything stood at an instant: as the digests made then showed it, or as the newest
    /// verdicts of then have it.
    pub async fn past_standings(&self, since: DateTime<Utc>) -> anyhow::Result<PastStandings> {
        let mut connection = self.read().await?;
        let past = load(&mut connection, since).await?;
        if !past.then.is_empty() {
            return Ok(past);
        }
        let sql = "SELECT scorecard, config_hash, standing FROM snapshots AS held WHERE as_of = \
                   (SELECT max(as_of) FROM snapshots \
                    WHERE scorecard = held.scorecard AND as_of <= $1)";
        Ok(PastStandings { then: stood(&mut connection, sql, since).await?, ..past })
    }
}

/// How scorecards stood when digests were made at an instant.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    since: DateTime<Utc>,
) -> anyhow::Result<PastStandings> {
    let sql = "SELECT scorecard, config_hash, standing FROM digest_standings WHERE made_at = $1";
    let then = stood(connection, sql, since).await?;
    let sql = "SELECT turn.scorecard, turn.config_hash, before.standing AS before, \
                 after.standing AS after FROM \
                 (SELECT scorecard, as_of, config_hash, lag(as_of) OVER verdicts AS earlier, \
                  lag(config_hash) OVER verdicts AS was FROM snapshots WHERE as_of > $1 \
                  WINDOW verdicts AS (PARTITION BY scorecard ORDER BY as_of)) AS turn \
               JOIN snapshots AS after \
                 ON after.scorecard = turn.scorecard AND after.as_of = turn.as_of \
               LEFT JOIN snapshots AS before \
                 ON before.scorecard = turn.scorecard AND before.as_of = turn.earlier \
               WHERE turn.was IS DISTINCT FROM turn.config_hash ORDER BY turn.as_of";
    let turns: Vec<Turn> = sqlx::query_as(sql)
        .bind(since.timestamp_micros())
        .fetch_all(connection)
        .await
        .explain("cannot read snapshots")?;
    Ok(PastStandings { then, turns })
}

async fn stood(
    connection: &mut SqliteConnection,
    sql: &'static str,
    at: DateTime<Utc>,
) -> anyhow::Result<Vec<Then>> {
    sqlx::query_as(sql)
        .bind(at.timestamp_micros())
        .fetch_all(connection)
        .await
        .explain("cannot read how scorecards stood")
}
