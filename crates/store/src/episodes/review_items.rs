//! The table `review_items`: what reviews took down.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use crate::database::{
    columns::{instant, node, node_key},
    failure::Explain,
    store::Store,
};
use kpid_rules::{
    alerting::{ActionState, KeptReviewItem, ReviewAction, ReviewItem, ReviewItemKind},
    model::Period,
};

/// So many of those are read that nobody has to do anything about any more, the newest.
const SETTLED_MAX: i64 = 1_000;

#[derive(FromRow)]
struct ReviewItemRow {
    id: i64,
    scope: String,
    period: String,
    kind: String,
    text: String,
    who: Option<String>,
    due: Option<String>,
    state: Option<String>,
    since: Option<i64>,
    said_by: Option<String>,
    person: String,
    written_at: i64,
}

impl Store {
    /// What reviews took down, the newest first: all open actions, and of the rest the newest.
    pub async fn review_items(&self) -> anyhow::Result<Vec<KeptReviewItem>> {
        load(&mut *self.read().await?).await
    }
}

/// Keeps something new; its number comes back.
pub(crate) async fn record(tx: &mut SqliteConnection, item: &ReviewItem) -> anyhow::Result<i64> {
    let sql = "INSERT INTO review_items (scope, period, kind, text, who, due, state, since, \
               said_by, person, written_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id";
    let kind = match item.kind {
        ReviewItemKind::Decision => "decision",
        ReviewItemKind::Action(_) => "action",
        ReviewItemKind::Success => "success",
    };
    let action = item.as_action();
    let (id,): (i64,) = sqlx::query_as(sql)
        .bind(node_key(&item.scope))
        .bind(item.period.to_string())
        .bind(kind)
        .bind(&item.text)
        .bind(action.map(|action| &action.who))
        .bind(action.map(|action| action.due.to_string()))
        .bind(action.map(|action| action.state.word()))
        .bind(action.map(|action| action.since.timestamp_micros()))
        .bind(action.map(|action| &action.said_by))
        .bind(&item.by)
        .bind(item.at.timestamp_micros())
        .fetch_one(tx)
        .await
        .explain("cannot write what a review took down")?;
    Ok(id)
}

/// Says how far an action is. What it is now comes back, if there is one of that number that was not
/// as far already.
pub(crate) async fn settle(
    tx: &mut SqliteConnection,
    id: i64,
    state: ActionState,
    by: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<KeptReviewItem>> {
    let sql = "UPDATE review_items SET state = $2, since = $3, said_by = $4 \
               WHERE id = $1 AND kind = 'action' AND state <> $2 RETURNING *";
    let row: Option<ReviewItemRow> = sqlx::query_as(sql)
        .bind(id)
        .bind(state.word())
        .bind(now.timestamp_micros())
        .bind(by)
        .fetch_optional(tx)
        .await
        .explain("cannot write how far an action is")?;
    row.map(kept).transpose()
}

/// What reviews took down, the newest first: all open actions, and of the rest the newest.
pub(crate) async fn load(connection: &mut SqliteConnection) -> anyhow::Result<Vec<KeptReviewItem>> {
    let sql = "SELECT * FROM review_items WHERE state = 'open' OR id IN \
               (SELECT id FROM review_items ORDER BY written_at DESC, id DESC LIMIT $1) \
               ORDER BY id DESC";
    let rows: Vec<ReviewItemRow> = sqlx::query_as(sql)
        .bind(SETTLED_MAX)
        .fetch_all(connection)
        .await
        .explain("cannot read what reviews took down")?;
    rows.into_iter().map(kept).collect()
}

fn kept(row: ReviewItemRow) -> anyhow::Result<KeptReviewItem> {
    let kind = match row.kind.as_str() {
        "decision" => ReviewItemKind::Decision,
        "success" => ReviewItemKind::Success,
        "action" => ReviewItemKind::Action(action(&row)?),
        other => {
            bail!("a review in the store took down a `{other}`, which this kpid does not know")
        }
    };
    let item = ReviewItem {
        scope: node(&row.scope)?,
        period: Period::parse(&row.period).context("a review in the store is of no period")?,
        kind,
        text: row.text,
        by: row.person,
        at: instant(row.written_at)?,
    };
    Ok(KeptReviewItem { id: row.id, item })
}

fn action(row: &ReviewItemRow) -> anyhow::Result<ReviewAction> {
    let half = || format!("the action {} in the store is not whole", row.id);
    let due = row.due.as_deref().with_context(half)?;
    let state = row.state.as_deref().and_then(ActionState::parse);
    Ok(ReviewAction {
        who: row.who.clone().with_context(half)?,
        due: due.parse().with_context(half)?,
        state: state.with_context(half)?,
        since: instant(row.since.with_context(half)?)?,
        said_by: row.said_by.clone().with_context(half)?,
    })
}
