//! The tables `nodes`, `verdicts`, `measures` and `judging`: how each node stood, a row whenever that
//! changed. What only its figures change, and nobody sees, makes no row.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use crate::database::{
    columns::{node, node_key},
    failure::Explain,
};
use kpid_rules::{
    analysis::Picture,
    evaluation::MovedNode,
    judgement::{Colour, Measure, Pictured, ScorecardStanding, rounding},
    model::{Id, Scope, Status},
};

/// Rows that one statement writes: a few numbers, so that each statement is prepared once.
const WRITTEN_AT_ONCE: [usize; 3] = [100, 10, 1];

/// A node as its newest rows before an instant have it. Its names are those of columns.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct NodeRow {
    id: i64,
    name: String,
    /// By number; none where it is not in the tree.
    status: Option<i64>,
    /// In ten-thousandths.
    score: Option<i64>,
    coverage: Option<f64>,
    weight: Option<f64>,
    period: Option<String>,
    target: Option<f64>,
    green_line: Option<f64>,
    red_line: Option<f64>,
    shows_upper_edges: Option<bool>,
}

/// What is written of one scorecard.
#[derive(Default)]
struct Changes<'s> {
    /// The number of each node, and how it is judged now; none where it is not in the tree.
    verdicts: Vec<(i64, Option<&'s Pictured>)>,
    /// The number of each node, and how it counts and is compared now.
    measures: Vec<(i64, &'s Pictured)>,
}

/// Keeps what is judged or measured otherwise than before, of scorecards of which nothing was known
/// and of nodes that moved.
pub(crate) async fn record(
    tx: &mut SqliteConnection,
    (anew, moved): (&[Arc<ScorecardStanding>], &[MovedNode]),
    config_hash: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let mut changed = record_moved(tx, moved, now).await?;
    for scorecard in anew {
        let is_judged_by_another = note_configuration(tx, &scorecard.id, config_hash, now).await?;
        let is_other = record_one(tx, scorecard, now).await?;
        changed += i64::from(is_judged_by_another || is_other);
    }
    match changed {
        0 => Ok(()),
        count => count_verdicts(tx, config_hash, count).await,
    }
}

/// Keeps how nodes stand now; says of how many scorecards they are.
async fn record_moved(
    tx: &mut SqliteConnection,
    moved: &[MovedNode],
    now: DateTime<Utc>,
) -> anyhow::Result<i64> {
    let numbers = numbers(tx, moved).await?;
    let mut changes = Changes::default();
    for (at, MovedNode { scope, before, now }) in moved.iter().enumerate() {
        let id = match numbers.get(&at) {
            Some(id) => *id,
            None => add_node(tx, scope.scorecard(), &node_key(scope)).await?,
        };
        if !now.is_judged_as(before) {
            changes.verdicts.push((id, Some(now)));
        }
        if !now.is_measured_as(before) {
            changes.measures.push((id, now));
        }
    }
    changes.write(tx, now).await?;
    let scorecards: BTreeSet<&Id> = moved.iter().map(|moved| moved.scope.scorecard()).collect();
    Ok(i64::try_from(scorecards.len())?)
}

/// The numbers of nodes, by their places in the list.
async fn numbers(
    tx: &mut SqliteConnection,
    moved: &[MovedNode],
) -> anyhow::Result<HashMap<usize, i64>> {
    if moved.is_empty() {
        return Ok(HashMap::new());
    }
    // Joined crosswise, so that every name is looked up in the key.
    let sql = "SELECT asked.key, nodes.id FROM json_each($1) AS asked CROSS JOIN nodes \
               WHERE scorecard = asked.value ->> 0 AND name = asked.value ->> 1";
    let names: Vec<_> =
        moved.iter().map(|moved| (moved.scope.scorecard(), node_key(&moved.scope))).collect();
    let rows: Vec<(i64, i64)> = sqlx::query_as(sql)
        .bind(serde_json::to_string(&names)?)
        .fetch_all(tx)
        .await
        .explain("cannot read nodes")?;
    rows.into_iter().map(|(at, id)| Ok((usize::try_from(at)?, id))).collect()
}

/// Whether something is kept of a scorecard.
async fn record_one(
    tx: &mut SqliteConnection,
    scorecard: &ScorecardStanding,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let mut present = Picture::default();
    present.add_present(scorecard);
    let mut held: HashMap<String, NodeRow> = HashMap::new();
    for row in newest(tx, &scorecard.id, DateTime::<Utc>::MAX_UTC).await? {
        held.insert(row.name.clone(), row);
    }
    let mut changes = Changes::default();
    for (scope, now) in present.nodes() {
        let name = node_key(scope);
        let (id, before) = match held.remove(&name) {
            Some(row) => (row.id, row.pictured(scope)?),
            None => (add_node(tx, &scorecard.id, &name).await?, None),
        };
        if before.as_ref().is_none_or(|before| !now.is_judged_as(before)) {
            changes.verdicts.push((id, Some(now)));
        }
        if before.as_ref().is_none_or(|before| !now.is_measured_as(before)) {
            changes.measures.push((id, now));
        }
    }
    let left = held.values().filter(|row| row.status.is_some());
    changes.verdicts.extend(left.map(|row| (row.id, None)));
    changes.write(tx, now).await?;
    Ok(!changes.verdicts.is_empty() || !changes.measures.is_empty())
}

/// The newest rows of all nodes that a scorecard ever had, up to an instant.
pub(crate) async fn newest(
    connection: &mut SqliteConnection,
    scorecard: &Id,
    instant: DateTime<Utc>,
) -> anyhow::Result<Vec<NodeRow>> {
    let sql = "SELECT id, name, status, score, coverage, weight, period, target, green_line, \
               red_line, shows_upper_edges FROM nodes \
               JOIN verdicts ON verdicts.node = nodes.id AND verdicts.at = \
                 (SELECT max(at) FROM verdicts WHERE node = nodes.id AND at <= $2) \
               LEFT JOIN measures ON measures.node = nodes.id AND measures.at = \
                 (SELECT max(at) FROM measures WHERE node = nodes.id AND at <= $2) \
               WHERE scorecard = $1";
    sqlx::query_as(sql)
        .bind(scorecard.as_str())
        .bind(instant.timestamp_micros())
        .fetch_all(connection)
        .await
        .explain("cannot read verdicts")
}

impl NodeRow {
    /// The node, and how it stood, if it was in the tree.
    pub(crate) fn node(&self) -> anyhow::Result<Option<(Scope, Pictured)>> {
        let scope = node(&self.name)?;
        Ok(self.pictured(&scope)?.map(|pictured| (scope, pictured)))
    }

    fn pictured(&self, scope: &Scope) -> anyhow::Result<Option<Pictured>> {
        let Some(number) = self.status else { return Ok(None) };
        let status = status_of(number).with_context(|| {
            format!(
                "the store has a status with the number {number}, which this kpid does not know; \
                 a newer one may have written it"
            )
        })?;
        let Self { target, green_line, red_line, .. } = *self;
        let measure = Measure { target, green_line, red_line };
        let is_kpi = matches!(scope, Scope::Kpi(_));
        Ok(Some(Pictured {
            colour: Colour { status, score: self.score.map(rounding::from_kept) },
            coverage: self.coverage,
            weight: self.weight,
            measure: is_kpi.then(|| (self.period.clone(), measure)),
            shows_upper_edges: self.shows_upper_edges,
        }))
    }
}

impl Changes<'_> {
    async fn write(&self, tx: &mut SqliteConnection, now: DateTime<Utc>) -> anyhow::Result<()> {
        let (what, at) = ("cannot write verdicts", now.timestamp_micros());
        for rows in chunks(&self.verdicts) {
            let mut sql: QueryBuilder<Sqlite> =
                QueryBuilder::new("INSERT INTO verdicts (node, at, status, score, coverage) ");
            sql.push_values(rows, |mut row, (id, now)| {
                row.push_bind(id).push_bind(at);
                row.push_bind(now.map(|now| number_of(now.colour.status)));
                row.push_bind(now.and_then(|now| now.colour.score).map(rounding::kept));
                row.push_bind(now.and_then(|now| now.coverage));
            });
            sql.push(
                " ON CONFLICT (node, at) DO UPDATE SET status = excluded.status, \
                 score = excluded.score, coverage = excluded.coverage",
            );
            sql.build().execute(&mut *tx).await.explain(what)?;
        }
        for rows in chunks(&self.measures) {
            let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(
                "INSERT INTO measures (node, at, weight, period, target, green_line, red_line, \
                 shows_upper_edges) ",
            );
            sql.push_values(rows, |mut row, (id, now)| {
                let period = now.measure.as_ref().and_then(|(period, _)| period.as_ref());
                let lines = now.measure.as_ref().map(|(_, lines)| *lines);
                row.push_bind(id).push_bind(at).push_bind(now.weight).push_bind(period);
                row.push_bind(lines.and_then(|lines| lines.target));
                row.push_bind(lines.and_then(|lines| lines.green_line));
                row.push_bind(lines.and_then(|lines| lines.red_line));
                row.push_bind(now.shows_upper_edges);
            });
            sql.push(
                " ON CONFLICT (node, at) DO UPDATE SET weight = excluded.weight, \
                 period = excluded.period, target = excluded.target, \
                 green_line = excluded.green_line, red_line = excluded.red_line, \
                 shows_upper_edges = excluded.shows_upper_edges",
            );
            sql.build().execute(&mut *tx).await.explain(what)?;
        }
        Ok(())
    }
}

/// The number by which the store knows a status. One that is given stays.
fn number_of(status: Status) -> i64 {
    match status {
        Status::OnTrack => 0,
        Status::AtRisk => 1,
        Status::OffTrack => 2,
        Status::NoData => 3,
        Status::Pending => 4,
        Status::NotScored => 5,
    }
}

fn status_of(number: i64) -> Option<Status> {
    Status::BEST_FIRST.into_iter().find(|status| number_of(*status) == number)
}

/// Rows in as few statements as there are.
fn chunks<T>(rows: &[T]) -> Vec<&[T]> {
    let (mut left, mut chunks) = (rows, Vec::new());
    for size in WRITTEN_AT_ONCE {
        while let Some((some, others)) = left.split_at_checked(size) {
            chunks.push(some);
            left = others;
        }
    }
    chunks
}

async fn add_node(tx: &mut SqliteConnection, scorecard: &Id, name: &str) -> anyhow::Result<i64> {
    // One that has no verdict yet was left by a judgement that changed its mind.
    let sql = "INSERT INTO nodes (scorecard, name) VALUES ($1, $2) \
               ON CONFLICT (scorecard, name) DO UPDATE SET name = excluded.name RETURNING id";
    let added = sqlx::query_as(sql).bind(scorecard.as_str()).bind(name).fetch_one(tx).await;
    let (id,): (i64,) = added.explain("cannot write a node")?;
    Ok(id)
}

/// Notes by which configuration a scorecard is judged from now on; whether that is another than before.
async fn note_configuration(
    tx: &mut SqliteConnection,
    scorecard: &Id,
    config_hash: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let sql = "INSERT INTO judging (scorecard, started_at, config_hash) SELECT $1, $2, $3 \
               WHERE $3 IS DISTINCT FROM (SELECT config_hash FROM judging WHERE scorecard = $1 \
                                          ORDER BY started_at DESC LIMIT 1) \
               ON CONFLICT (scorecard, started_at) DO UPDATE SET config_hash = excluded.config_hash";
    let noted = sqlx::query(sql)
        .bind(scorecard.as_str())
        .bind(now.timestamp_micros())
        .bind(config_hash)
        .execute(tx)
        .await
        .explain("cannot note which configuration judges")?;
    Ok(noted.rows_affected() > 0)
}

/// Counts scorecards that are judged otherwise, with the configuration in use, if that judged.
async fn count_verdicts(
    tx: &mut SqliteConnection,
    config_hash: &str,
    count: i64,
) -> anyhow::Result<()> {
    let sql = "UPDATE configuration_uses SET verdicts = verdicts + $2 WHERE config_hash = $1 \
               AND started_at = (SELECT max(started_at) FROM configuration_uses)";
    let counted = sqlx::query(sql).bind(config_hash).bind(count).execute(tx).await;
    counted.explain("cannot count verdicts")?;
    Ok(())
}
