//! A copy of the store while it is in use, and the way back from one.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tracing::warn;

use crate::database::{
    busy::BUSY_TIMEOUT,
    failure::Explain,
    lock::InstanceLock,
    reading::{self, COMPANIONS, beside},
    store::{MIGRATIONS, newer},
};
use kpid_os_error::InWords;

/// What a backup holds, as read back from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its size.
    pub bytes: u64,
    /// Revisions of actuals in it.
    pub actuals: u64,
    /// Its schema's version.
    pub schema: i64,
}

/// Copies a store, also while a daemon writes to it, and reads the copy back before it gets its
/// name. A file that is there already is replaced only with `replace`.
pub async fn backup(store: &Path, target: &Path, replace: bool) -> anyhow::Result<Backup> {
    ensure!(store.exists(), "there is no store {} to back up", store.display());
    ensure!(
        replace || !target.exists(),
        "{} is there already; name another file, or replace it with --force",
        target.display()
    );
    let draft = beside(target, ".part");
    remove(&draft)?;
    // Made first, so that nobody else can ever read it.
    drop(private(&draft).in_words().with_context(|| format!("cannot write {}", draft.display()))?);
    let copied = copy(store, &draft).await;
    let copied = match copied {
        Ok(()) => look_through(&draft).await.context("the backup cannot be read back"),
        Err(error) => Err(error),
    };
    match copied {
        Ok(backup) => {
            settle(&draft, target)?;
            Ok(backup)
        }
        Err(error) => {
            remove(&draft)?;
            Err(error)
        }
    }
}

/// Puts a backup in the place of a store. What was there is kept beside, under the name returned.
pub async fn restore(
    backup: &Path,
    store: &Path,
    now: DateTime<Utc>,
) -> anyhow::Result<(Backup, Option<PathBuf>)> {
    let lock = InstanceLock::take(store).await?;
    let held = look_through(backup)
        .await
        .with_context(|| format!("`{}` is not a backup of a kpid database", backup.display()))?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    ensure!(held.schema <= known, newer(backup, held.schema));
    let draft = beside(store, ".part");
    remove(&draft)?;
    let mut copy =
        private(&draft).in_words().with_context(|| format!("cannot write {}", draft.display()))?;
    let mut source = File::open(backup)
        .in_words()
        .with_context(|| format!("cannot read {}", backup.display()))?;
    std::io::copy(&mut source, &mut copy)
        .in_words()
        .with_context(|| format!("cannot copy {}", backup.display()))?;
    drop(copy);
    let kept = set_aside(store, now).await?;
    settle(&draft, store)?;
    drop(lock);
    Ok((held, kept))
}

/// Reads a whole store: whether it is sound, and what is in it.
pub async fn look_through(path: &Path) -> anyhow::Result<Backup> {
    let bytes = fs::metadata(path)
        .in_words()
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    let mut connection = open(path).await?;
    let (words,): (String,) = sqlx::query_as("PRAGMA integrity_check(1)")
        .fetch_one(&mut connection)
        .await
        .explain("its pages cannot be read")?;
    if words != "ok" {
        bail!("its pages are damaged: {words}");
    }
    let sql = "SELECT (SELECT max(version) FROM _sqlx_migrations WHERE success), \
               (SELECT count(*) FROM actuals)";
    let (schema, actuals): (Option<i64>, i64) = sqlx::query_as(sql)
        .fetch_one(&mut connection)
        .await
        .explain("it is not a kpid database")?;
    connection.close().await.explain("cannot close it")?;
    let schema = schema.context("it is not a kpid database")?;
    Ok(Backup { bytes, actuals: actuals.unsigned_abs(), schema })
}

async fn open(path: &Path) -> anyhow::Result<SqliteConnection> {
    reading::connect(path).await.explain(format_args!("cannot open {}", path.display()))
}

async fn copy(store: &Path, draft: &Path) -> anyhow::Result<()> {
    let mut connection = open(store).await?;
    let name =
        draft.to_str().with_context(|| format!("the path {} is not UTF-8", draft.display()))?;
    let copied = sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await;
    copied.explain(format_args!("cannot copy {} to {name}", store.display()))?;
    connection.close().await.explain("cannot close the store")?;
    // A copy with a write-ahead log of its own would be two files.
    let options =
        SqliteConnectOptions::new().filename(draft).journal_mode(SqliteJournalMode::Delete);
    let mut copy =
        SqliteConnection::connect_with(&options).await.explain("cannot open the copy")?;
    // A copy is told from what a daemon writes, also where one is put in the other's place.
    let unmarked = sqlx::query("PRAGMA user_version = 0").execute(&mut copy).await;
    unmarked.explain("cannot write the copy")?;
    forget_sessions(&mut copy).await?;
    copy.close().await.explain("cannot close the copy")
}

/// Whoever logged out since is not logged in again when a copy is restored.
async fn forget_sessions(copy: &mut SqliteConnection) -> anyhow::Result<()> {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'sessions'";
    let tables = sqlx::query_as(sql).fetch_one(&mut *copy).await;
    let (tables,): (i64,) = tables.explain("cannot read the copy")?;
    if tables > 0 {
        let removed = sqlx::query("DELETE FROM sessions").execute(copy).await;
        removed.explain("cannot write the copy")?;
    }
    Ok(())
}

/// Names a finished file, so that it is there as a whole or not at all, also after a power cut.
fn settle(draft: &Path, target: &Path) -> anyhow::Result<()> {
    let told = || format!("cannot write {}", target.display());
    File::open(draft).and_then(|file| file.sync_all()).in_words().with_context(told)?;
    fs::rename(draft, target).in_words().with_context(told)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).in_words().with_context(told)
}

/// Gives a store a second name, under which it is kept when another takes its first. The first is
/// never without a store: a daemon that started in between would begin a new one.
async fn set_aside(store: &Path, now: DateTime<Utc>) -> anyhow::Result<Option<PathBuf>> {
    if !store.exists() {
        return Ok(None);
    }
    // A log or journal left beside would be taken for that of the new store. One that cannot be
    // written into its store is of a damaged one, and goes with it.
    if let Err(error) = write_log_into(store).await {
        warn!(
            "the old store {} is kept together with its write-ahead log: {error:#}",
            store.display()
        );
    }
    let kept = beside(store, &format!(".before-{}", now.format("%Y%m%dT%H%M%S%.3fZ")));
    let told = || format!("cannot keep {} as {}", store.display(), kept.display());
    match fs::hard_link(store, &kept) {
        // A copy onto a second name of the same file would empty it.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(error).in_words().with_context(told);
        }
        Err(_no_links_here) => drop(fs::copy(store, &kept).in_words().with_context(told)?),
        Ok(()) => {}
    }
    for companion in COMPANIONS {
        let from = beside(store, companion);
        if from.exists() {
            fs::rename(&from, beside(&kept, companion))
                .in_words()
                .with_context(|| format!("cannot move {}", from.display()))?;
        }
    }
    Ok(Some(kept))
}

/// Whoever closes a store last writes its log into it and removes the log.
async fn write_log_into(store: &Path) -> anyhow::Result<()> {
    reading::roll_back(store).await?;
    let options = SqliteConnectOptions::new().filename(store).busy_timeout(BUSY_TIMEOUT);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).in_words().with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// An empty file that only its owner can read: it holds a company's figures.
fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{reading::tests::cut_short, store::Store};

    #[tokio::test]
    async fn a_restore_that_is_killed_half_way_leaves_a_whole_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("kpid.db");
        // One that was killed leaves its log beside.
        let dead = Store::open(&store).await.unwrap();
        let left = folder.path().join("left.db");
        for companion in ["", "-wal"] {
            fs::copy(beside(&store, companion), beside(&left, companion)).unwrap();
        }
        dead.close().await;
        assert!(fs::metadata(beside(&left, "-wal")).unwrap().len() > 0);

        let kept = set_aside(&left, DateTime::UNIX_EPOCH).await.unwrap().unwrap();
        assert!(COMPANIONS.iter().all(|companion| !beside(&left, companion).exists()));
        for whole in [left, kept] {
            look_through(&whole).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_journal_is_not_left_for_the_store_that_is_restored() {
        let folder = tempfile::tempdir().unwrap();
        let killed = cut_short(folder.path()).await;
        set_aside(&killed, DateTime::UNIX_EPOCH).await.unwrap();
        assert!(COMPANIONS.iter().all(|companion| !beside(&killed, companion).exists()));
    }
}
