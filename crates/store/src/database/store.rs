//! The file that everything is kept in: opened, brought up to date, read and written.

use std::{cmp::Ordering, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::database::{
    busy::BUSY_TIMEOUT,
    failure::Explain,
    file_identity::Identity,
    lock::private_folder,
    reading::read_only,
    store_file::{Displaced, StoreFile},
};
use kpid_os_error::InWords;

/// The schema, by steps.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// How long a task waits for the one connection. The queue is as long as there are rounds, and on a
/// slow machine half a minute of waiting does not mean that the store is broken.
const TURN_TIME_MAX: Duration = Duration::from_secs(300);

/// An open store. Everything goes over one connection: SQLite has one writer anyway.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: SqlitePool,
    /// Of a daemon, the file that it writes.
    file: Option<Arc<StoreFile>>,
}

impl Store {
    /// Opens a store to write, making it where there is none, and brings its schema up to date.
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("cannot open the store {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder).in_words().with_context(what)?;
        }
        private(path).in_words().with_context(what)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // What promises delivery must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(TURN_TIME_MAX);
        let pool = pool.connect_with(options).await.explain(what())?;
        let store = Self { pool, file: None };
        match store.migrate().await {
            Ok(()) => Ok(store),
            Err(MigrateError::VersionMissing(version)) => bail!(newer(path, version)),
            Err(error) => Err(error).explain(what()),
        }
    }

    /// Brings the schema up to date, as a whole and behind whoever is just doing it: commands that
    /// begin together on a new store must not make its tables twice.
    async fn migrate(&self) -> Result<(), MigrateError> {
        if matches!(self.schema().await, Ok(held) if held == newest_schema()) {
            // Nothing is written, and what was applied is compared.
            return MIGRATIONS.run(&self.pool).await;
        }
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        MIGRATIONS.run_direct(None, &mut *tx, false).await?;
        Ok(tx.commit().await?)
    }

    async fn schema(&self) -> sqlx::Result<Option<i64>> {
        let sql = "SELECT max(version) FROM _sqlx_migrations WHERE success";
        let (held,): (Option<i64>,) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        Ok(held)
    }

    /// Opens a store to look, beside whoever writes.
    pub async fn open_read_only(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            bail!("there is no store {} yet; `kpid run` or `kpid pull` makes it", path.display());
        }
        let what = format!("cannot open the store {}", path.display());
        let options = read_only(path).await.explain(&what)?;
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.explain(what)?;
        let store = Self { pool, file: None };
        store.check_schema(path).await?;
        Ok(store)
    }

    /// Opens a store to write where there is one, and brings its schema up to date.
    pub async fn open_existing(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            bail!("there is no store {} yet; `kpid run` or `kpid pull` makes it", path.display());
        }
        Self::open(path).await
    }

    /// A store is read only by the version whose schema it has.
    async fn check_schema(&self, path: &Path) -> anyhow::Result<()> {
        let held = self.schema().await;
        let held = held.explain(not_ours(path))?;
        match held.cmp(&newest_schema()) {
            Ordering::Equal => Ok(()),
            Ordering::Greater => bail!(newer(path, held.unwrap_or_default())),
            Ordering::Less => bail!(
                "the store {} is of an older kpid; `kpid run` or `kpid pull` brings it up to date",
                path.display()
            ),
        }
    }

    /// Opens a store to look, or an empty one in memory where there is none.
    pub async fn open_to_look_or_empty(path: &Path) -> anyhow::Result<Self> {
        if path.exists() {
            return Self::open_read_only(path).await;
        }
        let options = SqliteConnectOptions::new().in_memory(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options);
        let pool = pool.await.explain("cannot make an empty store")?;
        let store = Self { pool, file: None };
        MIGRATIONS.run(&store.pool).await.explain("cannot make an empty store")?;
        Ok(store)
    }

    /// From now on nothing is written unless the file at the path is still the one that is open: what a
    /// daemon asks for. `mark` is a number that no copy made before has.
    pub async fn guarded(mut self, path: &Path, mark: u32) -> anyhow::Result<Self> {
        let file = StoreFile::mark(path, mark, &mut *self.read().await?).await?;
        self.file = Some(Arc::new(file));
        Ok(self)
    }

    /// Whether the file at the path is still the one that is open; of a store without a guard it is.
    pub fn check_file(&self) -> Result<(), Displaced> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }

    /// Which file is written; known of a store with a guard.
    pub fn identity(&self) -> Option<Identity> {
        self.file.as_ref().map(|file| file.identity())
    }

    /// Writes what is there once more: whether the store takes anything now.
    pub async fn try_write(&self) -> anyhow::Result<()> {
        let failure = "cannot write to the store";
        let mut tx = self.begin().await?;
        let mark: i64 =
            sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *tx).await.explain(failure)?;
        // A pragma takes no parameters; a number is no text of anybody's.
        let same = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {mark}"));
        sqlx::query(same).execute(&mut *tx).await.explain(failure)?;
        tx.commit().await.explain(failure)
    }

    /// Closes the file in order.
    pub async fn close(self) {
        self.pool.close().await;
    }

    pub(crate) async fn read(&self) -> anyhow::Result<PoolConnection<Sqlite>> {
        self.pool.acquire().await.explain("cannot read the store")
    }

    /// A transaction that writes, so that it waits at its start and not in its middle.
    pub(crate) async fn begin(&self) -> anyhow::Result<Transaction<'_, Sqlite>> {
        const BEGIN: &str = "BEGIN IMMEDIATE";
        self.check_file()?;
        let begun = match self.pool.begin_with(BEGIN).await {
            // What SQLite itself says, such as that it is locked, a new connection would hear too.
            Err(error) if !matches!(error, sqlx::Error::Database(_)) => {
                // A commit that a full disk broke off leaves a connection that counts itself within
                // a transaction for ever: it gives way to a new one.
                if let Ok(connection) = self.pool.acquire().await {
                    drop(connection.detach());
                }
                self.pool.begin_with(BEGIN).await
            }
            begun => begun,
        };
        begun.explain("cannot write to the store")
    }
}

/// Makes the file, readable only by its owner: it holds a company's figures.
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(path).map(drop)
}

/// The schema of this version.
pub(crate) fn newest_schema() -> Option<i64> {
    MIGRATIONS.iter().map(|migration| migration.version).max()
}

/// What a file is not.
pub(crate) fn not_ours(path: &Path) -> String {
    format!("`{}` is not a kpid database; check the path, `store:` in kpid.yaml", path.display())
}

/// What a person does about a store of a newer schema.
pub(crate) fn newer(path: &Path, version: i64) -> String {
    format!(
        "the store {} was written by a newer kpid (schema {version}); \
         run that version, or restore a backup from before the upgrade",
        path.display()
    )
}
