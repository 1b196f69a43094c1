//! Where everything is kept: SQLite behind sqlx. All of kpid's own SQL is on this floor, a file a
//! table.

mod actuals;
mod audit;
mod backup;
mod checkup;
mod collections;
mod configurations;
mod digests;
mod ended_alerts;
mod episodes;
mod incidents;
mod lock;
mod notes;
mod operator_actions;
mod outbox;
mod outbox_admin;
mod outbox_pacing;
mod pushes;
mod receipts;
mod renames;
mod retention;
mod revisions;
mod signing_keys;
mod silences;
mod snapshots;
mod standing_alerts;

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet},
    path::Path,
    time::Duration,
};

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{
    Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

pub use crate::{
    actuals::{Filed, Filing, Stage, Stands},
    audit::Deed,
    backup::{Backup, backup, look_through, restore},
    checkup::{Checkup, check_pages, check_up},
    collections::{Attempt, LastSlot, Newest},
    configurations::Use,
    digests::{Digested, Due, LastDigest, Looks},
    ended_alerts::EndedAlert,
    episodes::EpisodeEvent,
    lock::{Holder, InstanceLock, Reloaded, holder},
    operator_actions::{Acknowledged, AcknowledgedByLink},
    outbox::{Claimed, NewDelivery},
    outbox_admin::{GaveUp, Handled, Handling, Listed},
    outbox_pacing::{Fate, Kept, Pace, Waiting},
    pushes::{Frozen, Push, Pushed, Receipt},
    receipts::Known,
    retention::{Old, Removed, removed_words},
    silences::KeptSilence,
    snapshots::PastVerdict,
    standing_alerts::StandingAlert,
};
use kpid_rules::{
    alerting::{Episode, Note, Silence},
    evaluation::IncidentKey,
    evaluation::{EpisodeChange, Incident},
    judgement::Standing,
    model::{Id, KpiRef, Period, Scope},
    series::History,
};

/// The schema, by steps.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// What the key of a KPI begins with; no id has a colon.
const KPI_KEY: &str = "kpi:";

/// How long a writer waits for another process' short transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one waits in line for the one connection. The line is as long as there are rounds, and on a machine
/// that hardly gets on, half a minute of waiting is no broken store.
const TURN_TIME_MAX: Duration = Duration::from_secs(300);

/// An open store. Everything goes over one connection: SQLite has one writer anyway.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

/// What is held, as a judgement sees it.
#[derive(Debug, Default)]
pub struct Held {
    /// Everything collected.
    pub history: History,
    /// Where alerts stand.
    pub episodes: HashMap<Scope, Episode>,
    /// Silences that are not over, also those to come.
    pub silences: Vec<Silence>,
    /// What people wrote, the newest first.
    pub notes: Vec<Note>,
    /// Where trouble with data stands, by its key.
    pub incidents: HashMap<IncidentKey, Incident>,
    /// How the newest attempts to collect all KPIs went.
    pub attempts: HashMap<KpiRef, Newest>,
    /// What is known of the messages of open alerts.
    pub known: HashMap<Scope, Known>,
    /// News that wait for working hours.
    pub waiting: Vec<Waiting>,
    /// The newest period of each scorecard that needs no report any more.
    pub reported: HashMap<Id, Period>,
}

impl Held {
    /// What nobody wants to hear of at `now`.
    pub fn silenced(&self, now: DateTime<Utc>) -> Vec<Scope> {
        let holding = self.silences.iter().filter(|silence| silence.holds(now));
        holding.map(|silence| silence.scope.clone()).collect()
    }
}

/// What a judgement leaves behind.
#[derive(Debug)]
pub struct Judgement {
    /// The scorecards as judged.
    pub standing: Standing,
    /// The episodes that moved.
    pub changes: Vec<EpisodeChange>,
    /// Trouble with data that moved, by its key.
    pub incidents: Vec<(IncidentKey, Incident)>,
    /// Up to where scorecards are reported now, where that moved.
    pub reports: Vec<(Id, Period)>,
    /// What is to be told.
    pub deliveries: Vec<NewDelivery>,
    /// What becomes of news that waited for working hours, and of what came with them.
    pub fates: Vec<(Uuid, Fate)>,
}

/// What was collected of one KPI in one go.
#[derive(Clone, Debug)]
pub struct Collected {
    /// Which KPI.
    pub kpi: KpiRef,
    /// The attempt, if a schedule or a person made one; an import makes none.
    pub attempt: Option<Attempt>,
    /// How figures become actuals.
    pub filing: Filing,
    /// The figures, each of a period.
    pub filed: Vec<Filed>,
}

impl Store {
    /// Opens a store to write, making it where there is none, and brings its schema up to date.
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        let told = || format!("cannot open the store {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(told)?;
        }
        private(path).with_context(told)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // What promises delivery must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(TURN_TIME_MAX);
        let store = Self { pool: pool.connect_with(options).await.with_context(told)? };
        match store.migrate().await {
            Ok(()) => Ok(store),
            Err(MigrateError::VersionMissing(version)) => bail!(newer(path, version)),
            Err(error) => Err(error).with_context(told),
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
        let options =
            SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.with_context(|| format!("cannot open the store {}", path.display()))?;
        let store = Self { pool };
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
        let held = held.with_context(|| format!("{} is no store of kpid", path.display()))?;
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
        let store = Self { pool: pool.await.context("cannot make an empty store")? };
        MIGRATIONS.run(&store.pool).await.context("cannot make an empty store")?;
        Ok(store)
    }

    /// Keeps what was collected, all or nothing, but for restatements of frozen periods, which are
    /// returned.
    pub async fn record(&self, collected: &[Collected]) -> anyhow::Result<Vec<(KpiRef, Period)>> {
        let mut tx = self.begin().await?;
        let came = actuals::record(&mut tx, collected).await?;
        collections::record(&mut tx, collected).await?;
        tx.commit().await.context("cannot write what was collected")?;
        let refused = came.into_iter().filter(|(.., came)| *came == actuals::Came::Frozen);
        Ok(refused.map(|(kpi, period, _)| (kpi, period)).collect())
    }

    /// Keeps what a person brings, and who did it: both, or nothing.
    pub async fn take_in(&self, collected: &[Collected], deed: &Deed) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        actuals::record(&mut tx, collected).await?;
        audit::record(&mut tx, deed).await?;
        tx.commit().await.context("cannot write what was imported")
    }

    /// Judges in one transaction: `judge` sees everything held of the KPIs, and what it decides is
    /// kept, or nothing is.
    pub async fn judge(
        &self,
        kpis: &HashSet<KpiRef>,
        now: DateTime<Utc>,
        judge: impl FnOnce(&Held) -> Judgement,
    ) -> anyhow::Result<Judgement> {
        let mut tx = self.begin().await?;
        let held = held(&mut tx, kpis, now).await?;
        let judgement = judge(&held);
        snapshots::record(&mut tx, &judgement.standing, now).await?;
        episodes::record(&mut tx, &judgement.standing, &judgement.changes, now).await?;
        incidents::record(&mut tx, &judgement.incidents).await?;
        digests::record_reports(&mut tx, &judgement.reports).await?;
        outbox::record(&mut tx, &judgement.deliveries, now).await?;
        outbox_pacing::settle(&mut tx, &judgement.fates, now).await?;
        tx.commit().await.context("cannot write a judgement")?;
        Ok(judgement)
    }

    /// Everything held of the KPIs, to look at.
    pub async fn held(&self, kpis: &HashSet<KpiRef>) -> anyhow::Result<Held> {
        let mut connection = self.read().await?;
        held(&mut connection, kpis, DateTime::UNIX_EPOCH).await
    }

    /// Where alerts stand.
    pub async fn episodes(&self) -> anyhow::Result<HashMap<Scope, Episode>> {
        episodes::load(&mut *self.read().await?).await
    }

    /// The last slot served of every KPI.
    pub async fn last_slots(&self) -> anyhow::Result<HashMap<KpiRef, LastSlot>> {
        let mut connection = self.read().await?;
        collections::last_slots(&mut connection).await
    }

    /// How many instants of schedules nobody served, by KPI, as noticed from a day (of UTC) on.
    pub async fn missed(&self, since: NaiveDate) -> anyhow::Result<HashMap<KpiRef, u64>> {
        collections::missed(&mut *self.read().await?, since).await
    }

    /// The periods of these KPIs that have an actual.
    pub async fn periods(
        &self,
        kpis: impl Iterator<Item = &KpiRef>,
    ) -> anyhow::Result<HashMap<KpiRef, BTreeSet<Period>>> {
        let names = serde_json::to_string(&kpis.map(ToString::to_string).collect::<Vec<_>>())?;
        let mut connection = self.read().await?;
        actuals::periods(&mut connection, &names).await
    }

    /// Takes deliveries over a channel that are due; they are the caller's until `until`.
    pub async fn claim(
        &self,
        channel: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> anyhow::Result<Vec<Claimed>> {
        outbox::claim(&mut *self.read().await?, channel, now, until, limit).await
    }

    /// Frees what a process that died had claimed; only the holder of the lock may.
    pub async fn free_claims(&self, _lock: &InstanceLock) -> anyhow::Result<u64> {
        outbox::free_claims(&self.pool).await
    }

    /// A delivery was made.
    pub async fn delivered(&self, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
        outbox::delivered(&self.pool, id, now).await
    }

    /// A delivery failed and is due again.
    pub async fn due_again(&self, id: Uuid, at: DateTime<Utc>, error: &str) -> anyhow::Result<()> {
        outbox::due_again(&self.pool, id, at, error).await
    }

    /// A delivery will never be made.
    pub async fn given_up(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
        error: &str,
        notices: &[NewDelivery],
    ) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        outbox::given_up(&mut tx, id, now, error).await?;
        outbox::record(&mut tx, notices, now).await?;
        tx.commit().await.context("cannot settle a delivery")
    }

    /// Keeps what is to be told beside any judgement; what has been told already is not told again.
    pub async fn tell(&self, notices: &[NewDelivery], now: DateTime<Utc>) -> anyhow::Result<()> {
        let mut tx = self.begin().await?;
        outbox::record(&mut tx, notices, now).await?;
        tx.commit().await.context("cannot write a delivery")
    }

    /// How many deliveries wait, due or not.
    pub async fn pending(&self) -> anyhow::Result<u64> {
        outbox::pending(&self.pool).await
    }

    /// Closes the file in order.
    pub async fn close(self) {
        self.pool.close().await;
    }

    async fn read(&self) -> anyhow::Result<PoolConnection<Sqlite>> {
        self.pool.acquire().await.context("cannot read the store")
    }

    /// A transaction that writes, so that it waits at its start and not in its middle.
    async fn begin(&self) -> anyhow::Result<Transaction<'_, Sqlite>> {
        const BEGIN: &str = "BEGIN IMMEDIATE";
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
        begun.context("the store is busy or broken")
    }
}

async fn held(
    connection: &mut SqliteConnection,
    kpis: &HashSet<KpiRef>,
    now: DateTime<Utc>,
) -> anyhow::Result<Held> {
    let names: Vec<String> = kpis.iter().map(ToString::to_string).collect();
    let names = serde_json::to_string(&names)?;
    let mut history = History::default();
    actuals::load(connection, &names, &mut history).await?;
    collections::load(connection, &names, &mut history).await?;
    let silences = silences::load(connection, now).await?;
    let episodes = episodes::load(connection).await?;
    Ok(Held {
        history,
        known: receipts::load(connection, &episodes).await?,
        episodes,
        silences: silences.into_iter().map(|kept| kept.silence).collect(),
        notes: notes::load(connection).await?,
        incidents: incidents::load(connection).await?,
        attempts: collections::newest(connection).await?,
        waiting: outbox_pacing::waiting(connection).await?,
        reported: digests::reported(connection).await?,
    })
}

/// Makes the file, readable only by its owner: it holds a company's figures.
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(path).map(drop)
}

/// The schema of this version.
fn newest_schema() -> Option<i64> {
    MIGRATIONS.iter().map(|migration| migration.version).max()
}

fn newer(path: &Path, version: i64) -> String {
    format!(
        "the store {} was written by a newer kpid (schema {version}); \
         run that version, or restore a backup from before the upgrade",
        path.display()
    )
}

fn micros(instant: i64) -> anyhow::Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(instant).context("an instant in the store is out of range")
}

/// How the store names a node. A KPI's path could be a perspective's, so it says what it is.
fn key(scope: &Scope) -> String {
    match scope {
        Scope::Kpi(kpi) => format!("{KPI_KEY}{kpi}"),
        other => other.to_string(),
    }
}

/// The node of a key.
fn scope(key: &str) -> anyhow::Result<Scope> {
    let ids = |path: &str| path.split('/').map(|id| Id::parse(id).ok()).collect::<Option<Vec<_>>>();
    let found = match key.strip_prefix(KPI_KEY) {
        Some(path) => KpiRef::parse(path).map(Scope::Kpi),
        None => ids(key).and_then(|ids| match <[Id; 3]>::try_from(ids) {
            Ok([scorecard, perspective, objective]) => {
                Some(Scope::Objective(scorecard, perspective, objective))
            }
            Err(ids) => match <[Id; 2]>::try_from(ids) {
                Ok([scorecard, perspective]) => Some(Scope::Perspective(scorecard, perspective)),
                Err(mut ids) => ids.pop().filter(|_| ids.is_empty()).map(Scope::Scorecard),
            },
        }),
    };
    found.with_context(|| format!("`{key}` in the store is no path"))
}
