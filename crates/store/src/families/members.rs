//! The table `family_members`: which scorecards are judged together, as the configuration that the
//! daemon runs on says.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use crate::{
    database::{failure::Explain, store::Store},
    families::changes::{self, Changed, FamilyId, OF_ALL},
};
use kpid_rules::model::Id;

/// The name of a family: the first of its scorecards, by name.
fn name(family: &[Id]) -> Option<FamilyId> {
    family.iter().map(Id::as_str).min().map(str::to_owned)
}

/// Each scorecard with its family.
pub(crate) fn pairs(families: &[Vec<Id>]) -> impl Iterator<Item = (Id, FamilyId)> {
    let members = families.iter().filter_map(|family| Some((family, name(family)?)));
    members.flat_map(|(family, name)| {
        family.iter().map(move |scorecard| (scorecard.clone(), name.clone()))
    })
}

/// All that is to be noted.
fn by_scorecard(families: &[Vec<Id>]) -> BTreeMap<String, FamilyId> {
    let pairs = pairs(families).map(|(scorecard, family)| (scorecard.to_string(), family));
    pairs.chain([(OF_ALL.to_owned(), OF_ALL.to_owned())]).collect()
}

impl Store {
    /// Notes which scorecards are judged together from now on. If that is new, every version is
    /// raised: whoever holds families as they were before commits nothing more.
    pub async fn group(&self, families: &[Vec<Id>]) -> anyhow::Result<()> {
        const CANNOT: &str = "cannot note which scorecards are judged together";
        let mut tx = self.begin().await?;
        let members = by_scorecard(families);
        if held(&mut tx).await? != members {
            let members = serde_json::to_string(&members)?;
            for sql in [
                "DELETE FROM family_members",
                "INSERT INTO family_members (scorecard, family) \
                 SELECT key, value FROM json_each($1)",
                "INSERT INTO families (id, version) \
                 SELECT DISTINCT value, 0 FROM json_each($1) WHERE true ON CONFLICT (id) DO NOTHING",
                "UPDATE families SET version = (SELECT max(version) FROM families) + 1",
                "DELETE FROM changes",
            ] {
                sqlx::query(sql).bind(&members).execute(&mut *tx).await.explain(CANNOT)?;
            }
            changes::note(&mut tx, &[Changed::Families].into()).await?;
        }
        tx.commit().await.explain(CANNOT)
    }
}

async fn held(connection: &mut SqliteConnection) -> anyhow::Result<BTreeMap<String, FamilyId>> {
    let sql = "SELECT scorecard, family FROM family_members";
    let rows: Vec<(String, FamilyId)> = sqlx::query_as(sql)
        .fetch_all(connection)
        .await
        .explain("cannot read which scorecards are judged together")?;
    Ok(rows.into_iter().collect())
}
