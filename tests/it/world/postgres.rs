//! A PostgreSQL server of our own.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex, Weak},
};

use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    free_port,
    process::{self, Process, Signal},
    until,
};

/// Whom the server runs as if we are root.
const USER: &str = "postgres";

/// What clients say they know.
pub(crate) const PASSWORD: &str = "p@ss: w'rd";

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// A running cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: TempDir,
    port: u16,
    server: Mutex<Option<Process>>,
}

/// A database of one test.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    cluster: Arc<Cluster>,
    name: String,
}

impl Cluster {
    fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::create());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        process::hand_over(folder.path(), USER);
        let mut command = process::command(&binary("initdb"), Some(USER), Signal::Kill);
        command.current_dir("/").args(["--no-sync", "--username=kpid", "--encoding=UTF8"]);
        command.args(["--locale=C.UTF-8", "--auth=scram-sha-256", "--pwfile"]);
        command.arg(folder.path().join("password")).arg(folder.path().join("data"));
        process::run(command);
        let cluster = Self { folder, port: free_port(), server: Mutex::new(None) };
        cluster.start();
        cluster
    }

    fn start(&self) {
        let mut command = process::command(&binary("postgres"), Some(USER), Signal::Quit);
        command.current_dir("/").arg("-D").arg(self.folder.path().join("data"));
        let port = format!("port={}", self.port);
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", &port];
        for setting in settings.into_iter().chain(["fsync=off", "shared_buffers=16MB"]) {
            command.args(["-c", setting]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        *self.server.lock().unwrap() = Some(Process::start(command, Signal::Quit));
    }

    async fn connect(&self, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("kpid")
            .password(PASSWORD)
            .database(database);
        let connected = until(
            "a PostgreSQL connection",
            async || options.connect().await.map_err(|error| error.to_string()),
            Result::is_ok,
        );
        connected.await.unwrap()
    }
}

impl Database {
    /// A fresh, empty database on the shared cluster.
    pub(crate) async fn create() -> Self {
        Self::on(tokio::task::spawn_blocking(Cluster::shared).await.unwrap()).await
    }

    /// A fresh, empty database on a cluster that no other test uses, so that it may be stopped.
    pub(crate) async fn alone() -> Self {
        let cluster = tokio::task::spawn_blocking(Cluster::create).await.unwrap();
        Self::on(Arc::new(cluster)).await
    }

    async fn on(cluster: Arc<Cluster>) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut connection = cluster.connect("postgres").await;
        let sql = AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        Self { cluster, name }
    }

    /// Runs statements.
    pub(crate) async fn execute(&self, sql: &str) {
        let mut connection = self.cluster.connect(&self.name).await;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }

    /// As a connection of `kpid.yaml`.
    pub(crate) fn yaml(&self) -> String {
        format!(
            "{{ postgres: {{ host: 127.0.0.1, port: {}, database: {}, user: kpid, password: \"{PASSWORD}\" }} }}",
            self.cluster.port, self.name
        )
    }

    /// Stops the server, for everybody who uses it.
    pub(crate) fn stop_server(&self) {
        if let Some(server) = self.cluster.server.lock().unwrap().take() {
            server.end(Signal::Int);
        }
    }

    /// Starts the server again.
    pub(crate) fn start_server(&self) {
        self.cluster.start();
    }
}

/// A program of the newest PostgreSQL installed by Debian.
pub(crate) fn binary(name: &str) -> PathBuf {
    let found = glob::glob(&format!("/usr/lib/postgresql/*/bin/{name}")).unwrap();
    found.filter_map(Result::ok).max().unwrap_or_else(|| {
        panic!("{:?} is not there: run ./scripts/test, which installs it", Command::new(name))
    })
}
