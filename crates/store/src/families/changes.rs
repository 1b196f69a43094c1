//! The tables `families` and `changes`: a version that every transaction raises that changes what a
//! family is judged by, and what it changed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use sqlx::SqliteConnection;

use crate::database::{columns::kpi_ref, failure::Explain, store::Store};
use kpid_rules::model::{Id, KpiRef, Scope};

/// The name of a family: the first of its scorecards, by name.
pub(crate) type FamilyId = String;

/// The name of the family that is of no scorecard.
pub(crate) const OF_ALL: &str = "";

/// Something that a family is judged by, and that a transaction changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// What was collected of a KPI, or how collecting it goes.
    Figures(KpiRef),
    /// What is held of a scorecard's alerts: episodes, silences, notes, incidents, reports.
    Alerts(Id),
    /// Which connections give no figures, and who was told. That is of no family, and so of one that
    /// all others share.
    Connections,
    /// Which scorecards are judged together.
    Families,
}

impl Changed {
    /// The scorecard that it is of.
    pub fn scorecard(&self) -> Option<&Id> {
        match self {
            Self::Figures(kpi) => Some(&kpi.scorecard),
            Self::Alerts(scorecard) => Some(scorecard),
            Self::Connections | Self::Families => None,
        }
    }

    /// Scorecard, kind and name, as columns.
    fn columns(&self) -> [String; 3] {
        let (kind, name) = match self {
            Self::Figures(kpi) => ("figures", kpi.to_string()),
            Self::Alerts(scorecard) => ("alerts", scorecard.to_string()),
            Self::Connections => ("connections", String::new()),
            Self::Families => ("families", String::new()),
        };
        let scorecard = self.scorecard().map_or(OF_ALL, Id::as_str);
        [scorecard.to_owned(), kind.to_owned(), name]
    }

    fn parse(kind: &str, name: &str) -> anyhow::Result<Self> {
        match kind {
            "figures" => Ok(Self::Figures(kpi_ref(name)?)),
            "alerts" => Ok(Self::Alerts(
                Id::parse(name)
                    .context("the store notes a change of a scorecard without a valid id")?,
            )),
            "connections" => Ok(Self::Connections),
            "families" => Ok(Self::Families),
            other => {
                bail!("the store notes a change of `{other}`, which this kpid does not know")
            }
        }
    }
}

/// Raises the versions of the families that something changed in, and notes what.
pub(crate) async fn note(
    tx: &mut SqliteConnection,
    changed: &BTreeSet<Changed>,
) -> anyhow::Result<()> {
    // A scorecard that no daemon has grouped yet is a family of its own.
    const STATEMENTS: [&str; 4] = [
        "INSERT INTO families (id, version) SELECT DISTINCT value ->> 0, 0 FROM json_each($1) \
         WHERE value ->> 0 NOT IN (SELECT scorecard FROM family_members) \
         ON CONFLICT (id) DO NOTHING",
        "INSERT INTO family_members (scorecard, family) \
         SELECT DISTINCT value ->> 0, value ->> 0 FROM json_each($1) WHERE true \
         ON CONFLICT (scorecard) DO NOTHING",
        "UPDATE families SET version = version + 1 WHERE id IN (SELECT family \
         FROM json_each($1) JOIN family_members ON scorecard = value ->> 0)",
        "INSERT INTO changes (family, kind, name, version) \
         SELECT family, value ->> 1, value ->> 2, version FROM json_each($1) \
         JOIN family_members ON scorecard = value ->> 0 JOIN families ON families.id = family WHERE true \
         ON CONFLICT (family, kind, name) DO UPDATE SET version = excluded.version",
    ];
    if changed.is_empty() {
        return Ok(());
    }
    let columns: Vec<_> = changed.iter().map(Changed::columns).collect();
    let columns = serde_json::to_string(&columns)?;
    for sql in STATEMENTS {
        let noted = sqlx::query(sql).bind(&columns).execute(&mut *tx).await;
        noted.explain("cannot note what changed")?;
    }
    Ok(())
}

/// Notes that what is held of the alerts of a node's scorecard changed.
pub(crate) async fn note_alerts(tx: &mut SqliteConnection, scope: &Scope) -> anyhow::Result<()> {
    note(tx, &[Changed::Alerts(scope.scorecard().clone())].into()).await
}

/// The versions that are others than those known, by family.
pub(crate) async fn others_than(
    connection: &mut SqliteConnection,
    known: &BTreeMap<FamilyId, i64>,
) -> anyhow::Result<Vec<(FamilyId, i64)>> {
    let sql = "SELECT families.id, version FROM json_each($1) AS known \
               JOIN families ON families.id = known.key \
               WHERE version <> known.value";
    let others = sqlx::query_as(sql).bind(serde_json::to_string(known)?).fetch_all(connection);
    others.await.explain("cannot read versions")
}

impl Store {
    /// The sum of the versions of all families: another one after every change of what one is judged by.
    pub async fn version(&self) -> anyhow::Result<i64> {
        sum(&mut *self.read().await?).await
    }
}

/// The sum of all versions.
pub(crate) async fn sum(connection: &mut SqliteConnection) -> anyhow::Result<i64> {
    let sql = "SELECT coalesce(sum(version), 0) FROM families";
    let sum = sqlx::query_as(sql).fetch_one(connection).await.explain("cannot read versions")?;
    let (sum,): (i64,) = sum;
    Ok(sum)
}

/// What changed in a family since a version.
pub(crate) async fn since(
    connection: &mut SqliteConnection,
    family: &str,
    version: i64,
) -> anyhow::Result<Vec<Changed>> {
    let sql = "SELECT kind, name FROM changes WHERE family = $1 AND version > $2";
    let rows: Vec<(String, String)> = sqlx::query_as(sql)
        .bind(family)
        .bind(version)
        .fetch_all(connection)
        .await
        .explain("cannot read what changed")?;
    rows.iter().map(|(kind, name)| Changed::parse(kind, name)).collect()
}

/// Raises the versions of families that stand where they are known to. Says no, and the transaction
/// must not be committed, if another process was there since.
pub(crate) async fn raise(
    tx: &mut SqliteConnection,
    known: &BTreeMap<FamilyId, i64>,
) -> anyhow::Result<bool> {
    let sql = "UPDATE families SET version = version + 1 WHERE (id, version) IN \
               (SELECT known.key, known.value FROM json_each($1) AS known)";
    let raised = sqlx::query(sql).bind(serde_json::to_string(known)?).execute(tx).await;
    let raised = raised.explain("cannot raise a version")?.rows_affected();
    Ok(raised == u64::try_from(known.len())?)
}
