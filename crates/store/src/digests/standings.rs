//! The table `digest_standings`: how scorecards stood when a digest was made, and how the
//! configuration that judges them changed since.

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use crate::{
    database::{failure::Explain, store::Store},
    judgement::past::{self, PastVerdict, Turn},
};
use kpid_rules::{
    analysis::{Picture, Retuned, retuned},
    judgement::Standing,
    model::Id,
};

/// How scorecards stood at an instant, and at every change of configuration since.
#[derive(Clone, Debug, Default)]
pub struct PastStandings {
    then: Vec<PastVerdict>,
    turns: Vec<Turn>,
}

/// A scorecard as a digest showed it, and the configuration that judged.
#[derive(FromRow)]
struct StandingRow {
    scorecard: String,
    config_hash: String,
    standing: String,
}

impl PastStandings {
    /// How everything stood at the beginning.
    pub fn then(&self) -> Picture {
        let mut picture = Picture::default();
        for (scope, node) in self.then.iter().flat_map(|then| then.picture.nodes()) {
            picture.insert(scope.clone(), node.clone());
        }
        picture
    }

    /// What was measured or counted otherwise from the beginning to `standing`.
    pub fn retuned(&self, standing: &Standing) -> Vec<Retuned> {
        let mut now = Picture::default();
        for scorecard in &standing.scorecards {
            now.add_present(scorecard);
        }
        let then = self.then();
        let turns = self.turns.iter().enumerate();
        let steps = turns.filter_map(|(at, turn)| Some((self.before(at)?, &turn.after.picture)));
        retuned(&steps.chain([(&then, &now)]).collect::<Vec<_>>())
    }

    /// What a change of configuration is compared with, if there is such a thing: how the scorecard
    /// stood just before, or how the digest showed it, if another configuration judged for that.
    fn before(&self, at: usize) -> Option<&Picture> {
        let turn = self.turns.get(at)?;
        let before = turn.before.as_ref();
        if self.turns.iter().take(at).any(|earlier| earlier.scorecard == turn.scorecard) {
            return before.map(|before| &before.picture);
        }
        let then = self.then.iter().find(|then| then.scorecard == turn.scorecard)?;
        if then.config_hash == turn.after.config_hash {
            return None;
        }
        let same = before.filter(|before| before.config_hash == then.config_hash);
        Some(&same.unwrap_or(then).picture)
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
        Ok(PastStandings { then: past::all_at(&mut connection, since).await?, ..past })
    }
}

/// How scorecards stood when digests were made at an instant.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    since: DateTime<Utc>,
) -> anyhow::Result<PastStandings> {
    let sql = "SELECT scorecard, config_hash, standing FROM digest_standings WHERE made_at = $1";
    let rows: Vec<StandingRow> = sqlx::query_as(sql)
        .bind(since.timestamp_micros())
        .fetch_all(&mut *connection)
        .await
        .explain("cannot read how scorecards stood")?;
    let then = rows.into_iter().map(shown).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(PastStandings { then, turns: past::turns(connection, since).await? })
}

fn shown(row: StandingRow) -> anyhow::Result<PastVerdict> {
    const UNREADABLE: &str = "a verdict in the store cannot be read";
    let mut picture = Picture::default();
    picture.add_kept(&row.standing).context(UNREADABLE)?;
    let scorecard = Id::parse(&row.scorecard).context(UNREADABLE)?;
    Ok(PastVerdict { scorecard, config_hash: row.config_hash, picture })
}
