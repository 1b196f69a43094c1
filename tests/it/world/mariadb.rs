//! A MariaDB server of our own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, Weak},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    free_port,
    process::{self, Process, Signal},
    until,
};

/// Whom the server runs as if we are root.
const USER: &str = "mysql";

/// What clients say they know.
pub(crate) const PASSWORD: &str = "p@ss: w'rd";

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// A running server.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: TempDir,
    port: u16,
    server: Mutex<Option<Process>>,
    has_zone: OnceCell<()>,
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
        process::hand_over(folder.path(), USER);
        let install = Path::new("/usr/bin/mariadb-install-db");
        let mut command = process::command(install, Some(USER), Signal::Kill);
        command
            .current_dir("/")
            .args(["--no-defaults", "--auth-root-authentication-method=normal"]);
        command.args(["--skip-test-db", "--skip-name-resolve"]);
        command.arg(format!("--datadir={}", folder.path().join("data").display()));
        process::run(command);
        let cluster =
            Self { folder, port: free_port(), server: Mutex::new(None), has_zone: OnceCell::new() };
        cluster.start();
        cluster
    }

    /// Tells the server the zone of the tests.
    async fn load_zone(&self) {
        let load = async || {
            drop(self.connect().await);
            let socket = self.socket();
            load_zone(&format!("mariadb --no-defaults -S {} -u root mysql", socket.display()));
        };
        // Once: two at a time would write the same rows.
        self.has_zone.get_or_init(load).await;
    }

    fn start(&self) {
        let mariadbd = Path::new("/usr/sbin/mariadbd");
        let mut command = process::command(mariadbd, Some(USER), Signal::Kill);
        command.current_dir("/").args(["--no-defaults", "--bind-address=127.0.0.1"]);
        command.arg(format!("--port={}", self.port));
        command.arg(format!("--datadir={}", self.folder.path().join("data").display()));
        command.arg(format!("--socket={}", self.socket().display()));
        command.args(["--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"]);
        command.arg("--innodb-buffer-pool-size=16M");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        *self.server.lock().unwrap() = Some(Process::start(command, Signal::Kill));
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Root may come by the socket only.
    async fn connect(&self) -> MySqlConnection {
        let options = MySqlConnectOptions::new()
            .socket(self.socket())
            .username("root")
            .ssl_mode(MySqlSslMode::Disabled);
        let connected = until(
            "a MariaDB connection",
            async || options.connect().await.map_err(|error| error.to_string()),
            Result::is_ok,
        );
        connected.await.unwrap()
    }
}

/// Tells a server the zone of the tests, by way of a client.
pub(crate) fn load_zone(client: &str) {
    let zone = "Europe/Amsterdam";
    let load = format!("mariadb-tzinfo-to-sql /usr/share/zoneinfo/{zone} {zone} | {client}");
    let mut shell = Command::new("sh");
    shell.args(["-ec", &load]);
    process::run(shell);
}

impl Database {
    /// A fresh, empty database on the shared server, with a user of its own.
    pub(crate) async fn create() -> Self {
        let cluster = tokio::task::spawn_blocking(Cluster::shared).await.unwrap();
        cluster.load_zone().await;
        let name = format!("t{}", &Uuid::new_v4().simple().to_string()[..24]);
        let database = Self { cluster, name };
        let name = &database.name;
        let password = PASSWORD.replace('\'', "''");
        let sql = format!(
            "create database {name}; create user {name}@'127.0.0.1' identified by '{password}'; \
             grant select on {name}.* to {name}@'127.0.0.1'"
        );
        let mut connection = database.cluster.connect().await;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        database
    }

    /// Runs statements.
    pub(crate) async fn execute(&self, sql: &str) {
        let mut connection = self.cluster.connect().await;
        let sql = format!("use {}; {sql}", self.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }

    /// Grants its user more than to read.
    pub(crate) async fn let_its_user(&self, privileges: &str) {
        let name = &self.name;
        self.execute(&format!("grant {privileges} on {name}.* to {name}@'127.0.0.1'")).await;
    }

    /// As a connection of `kpid.yaml`; its user may only read.
    pub(crate) fn yaml(&self) -> String {
        format!(
            "{{ mysql: {{ host: 127.0.0.1, port: {}, database: {name}, user: {name}, password: \"{PASSWORD}\" }} }}",
            self.cluster.port,
            name = self.name
        )
    }
}
