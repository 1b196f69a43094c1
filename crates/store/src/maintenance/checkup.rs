//! How a store is, whatever its schema and without changing it: its pages, its age, what waits.

use std::path::Path;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection, FromRow};

use crate::{
    database::{
        columns::instant,
        failure::{self, Explain},
        reading,
        store::{MIGRATIONS, not_ours},
    },
    outbox::state::DeliveryState::{GivenUp, Pending},
};

/// What a look at a store finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// Its schema's version.
    pub schema: i64,
    /// The schema of this program.
    pub schema_known: i64,
    /// The newest instant at which it says that something happened.
    pub newest: Option<DateTime<Utc>>,
    /// How many deliveries wait.
    pub waiting: u64,
    /// Since when the oldest of them does.
    pub waiting_since: Option<DateTime<Utc>>,
    /// How many of them wait until operators have mended something.
    pub blocked: u64,
    /// How many deliveries were given up and neither retried nor dropped.
    pub given_up: u64,
    /// Its size.
    pub bytes: u64,
    /// Pages of it that hold nothing, and are filled before it grows.
    pub free_bytes: u64,
}

/// Looks over the pages of a store, in less time than a whole check takes. Damage is an error that
/// names the way out.
pub async fn check_pages(path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    match quick_check(path).await {
        Ok(words) if words == "ok" => Ok(()),
        Ok(words) => bail!(damaged(path, &words)),
        Err(error) if failure::is_damage(&error) => {
            bail!(damaged(path, &failure::in_words(&error)))
        }
        Err(error) => Err(error).explain(format_args!("cannot read the store {}", path.display())),
    }
}

/// Looks at what a store holds; any schema will do.
pub async fn check_up(path: &Path) -> anyhow::Result<Checkup> {
    let what = || format!("cannot read the store {}", path.display());
    let mut connection = reading::connect(path).await.explain(what())?;
    // An older store has snapshots.
    let (has_verdicts,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM sqlite_schema WHERE name = 'verdicts'")
            .fetch_one(&mut connection)
            .await
            .explain(what())?;
    let judged =
        if has_verdicts > 0 { "max(at) FROM verdicts" } else { "max(as_of) FROM snapshots" };
    let sql = format!(
        "SELECT (SELECT max(version) FROM _sqlx_migrations WHERE success) AS schema, \
         (SELECT max(at) FROM (SELECT max(finished_at) AS at FROM collections \
          UNION ALL SELECT {judged} \
          UNION ALL SELECT max(written_at) FROM deliveries)) AS newest, \
         (SELECT count(*) FROM deliveries WHERE state = '{Pending}') AS waiting, \
         (SELECT min(CASE WHEN attempts = 0 THEN max(written_at, next_attempt_at) \
          ELSE written_at END) FROM deliveries WHERE state = '{Pending}') AS waiting_since, \
         (SELECT count(*) FROM deliveries WHERE state = '{GivenUp}') AS given_up"
    );
    let row: CheckupRow =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await.explain(what())?;
    // An older store does not know why a delivery waits.
    let (knows_why,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM pragma_table_info('deliveries') WHERE name = 'reason'",
    )
    .fetch_one(&mut connection)
    .await
    .explain(what())?;
    let blocked = if knows_why > 0 {
        let sql = format!(
            "SELECT count(*) FROM deliveries WHERE state = '{Pending}' AND reason IS NOT NULL"
        );
        let counted = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut connection).await;
        let (count,): (i64,) = counted.explain(what())?;
        count.unsigned_abs()
    } else {
        0
    };
    let pages: (i64, i64, i64) = sqlx::query_as(
        "SELECT page_count, freelist_count, page_size \
         FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    )
    .fetch_one(&mut connection)
    .await
    .explain(what())?;
    let (bytes, free) = (pages.0.saturating_mul(pages.2), pages.1.saturating_mul(pages.2));
    connection.close().await.explain(what())?;
    let schema_known = MIGRATIONS.iter().map(|migration| migration.version).max();
    Ok(Checkup {
        schema: row.schema.with_context(|| not_ours(path))?,
        schema_known: schema_known.unwrap_or_default(),
        newest: row.newest.map(instant).transpose()?,
        waiting: row.waiting.unsigned_abs(),
        waiting_since: row.waiting_since.map(instant).transpose()?,
        blocked,
        given_up: row.given_up.unsigned_abs(),
        bytes: bytes.unsigned_abs(),
        free_bytes: free.unsigned_abs(),
    })
}

#[derive(FromRow)]
struct CheckupRow {
    schema: Option<i64>,
    newest: Option<i64>,
    waiting: i64,
    waiting_since: Option<i64>,
    given_up: i64,
}

async fn quick_check(path: &Path) -> Result<String, sqlx::Error> {
    let mut connection = reading::connect(path).await?;
    let (words,): (String,) =
        sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(words)
}

fn damaged(path: &Path, words: &str) -> String {
    format!(
        "the store {} is damaged: {words}; restore a backup with `kpid restore FILE`, which keeps \
         this one beside",
        path.display()
    )
}
