//! Throw-away database servers, each in a folder of its own, killed when dropped.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use sqlx::{Connection, MySqlConnection, PgConnection};
use tempfile::TempDir;

use crate::world::{
    mariadb, postgres,
    process::{self, Process, Signal},
};

/// A server that has not come up by then will not.
const START_TIME_MAX: Duration = Duration::from_secs(30);

/// An authority, and a certificate of it for 127.0.0.1.
const CERTIFICATES: &str = "
new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $new -keyout ca.key -out ca.pem -days 2 -subj /CN=authority
openssl req $new -keyout server.key -out server.csr -subj /CN=server
echo subjectAltName=IP:127.0.0.1 > names
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt
chmod 600 server.key
";

/// A running server with a database `erp`.
pub(crate) struct DatabaseServer {
    pub(crate) port: u16,
    kind: Kind,
    // Before its folder, so that it has ended when that goes.
    process: Process,
    folder: TempDir,
}

#[derive(Clone, Copy)]
enum Kind {
    Postgres,
    MariaDb,
}

impl DatabaseServer {
    /// PostgreSQL, whose superuser is `postgres` with the password given.
    pub(crate) async fn postgres(password: &str) -> Self {
        let folder = folder("postgres");
        let secret = folder.path().join("password");
        fs::write(&secret, password).unwrap();
        process::hand_over(folder.path(), "postgres");
        let mut init = command(&postgres::binary("initdb"), "postgres");
        init.args(["--no-sync", "--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8"])
            .arg(format!("--pwfile={}", secret.display()))
            .arg(folder.path().join("data"));
        process::run(init);
        let server = Self::start(folder, Kind::Postgres).await;
        let mut connection = server.postgres_session("postgres", password, "postgres").await;
        sqlx::raw_sql("create database erp").execute(&mut connection).await.unwrap();
        server
    }

    /// MariaDB, whose superuser is `root` without a password, and which knows the zone of the
    /// tests.
    pub(crate) async fn mariadb() -> Self {
        let server = Self::mariadb_without_zones().await;
        let client = format!("mariadb --no-defaults -h 127.0.0.1 -P {} -u root mysql", server.port);
        mariadb::load_zone(&client);
        server
    }

    /// MariaDB as Debian installs it, without tables of zones.
    pub(crate) async fn mariadb_without_zones() -> Self {
        let folder = folder("mysql");
        let mut init = command(Path::new("/usr/bin/mariadb-install-db"), "mysql");
        init.args(["--no-defaults", "--auth-root-authentication-method=normal"])
            .arg(format!("--datadir={}", folder.path().join("data").display()))
            .arg(format!("--tmpdir={}", folder.path().display()));
        process::run(init);
        let server = Self::start(folder, Kind::MariaDb).await;
        let mut connection = server.mariadb_session("mysql").await;
        sqlx::raw_sql("create database erp").execute(&mut connection).await.unwrap();
        server
    }

    /// Kills the server and starts it again on the same port.
    pub(crate) async fn restart(self) -> Self {
        let Self { port, folder, kind, process } = self;
        process.end(Signal::Quit);
        let process = spawn(&folder, kind, port);
        let server = Self { port, folder, kind, process };
        server.until_up().await;
        server
    }

    /// The same server, encrypted with a certificate for 127.0.0.1; and the authority's file.
    pub(crate) async fn with_tls(self) -> (Self, PathBuf) {
        let tls = self.folder.path().join("tls");
        fs::create_dir(&tls).unwrap();
        let mut openssl = Command::new("sh");
        openssl.args(["-ec", CERTIFICATES]).current_dir(&tls);
        process::run(openssl);
        let user = match self.kind {
            Kind::Postgres => "postgres",
            Kind::MariaDb => "mysql",
        };
        process::hand_over(self.folder.path(), user);
        (self.restart().await, tls.join("ca.pem"))
    }

    pub(crate) async fn postgres_session(
        &self,
        user: &str,
        password: &str,
        database: &str,
    ) -> PgConnection {
        let options = sqlx::postgres::PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(user)
            .password(password)
            .database(database);
        PgConnection::connect_with(&options).await.unwrap()
    }

    pub(crate) async fn mariadb_session(&self, database: &str) -> MySqlConnection {
        let options = sqlx::mysql::MySqlConnectOptions::new()
            .host("127.0.0.1")
            .port(self.port)
            .username("root")
            .database(database);
        MySqlConnection::connect_with(&options).await.unwrap()
    }

    async fn start(folder: TempDir, kind: Kind) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = spawn(&folder, kind, port);
        let server = Self { port, folder, kind, process };
        server.until_up().await;
        server
    }

    /// Up is when it refuses a stranger in its own protocol, not when its port is open.
    async fn until_up(&self) {
        let up = async {
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            loop {
                pause.tick().await;
                let refusal = match self.kind {
                    Kind::Postgres => {
                        let url = format!("postgres://nobody:x@127.0.0.1:{}/x", self.port);
                        PgConnection::connect(&url).await.map(drop)
                    }
                    Kind::MariaDb => {
                        let url = format!("mysql://nobody:x@127.0.0.1:{}/x", self.port);
                        MySqlConnection::connect(&url).await.map(drop)
                    }
                };
                // 57P03: it is there, but still starts up.
                if let Err(sqlx::Error::Database(told)) = refusal
                    && told.code().as_deref() != Some("57P03")
                {
                    return;
                }
            }
        };
        tokio::time::timeout(START_TIME_MAX, up).await.unwrap();
    }
}

fn folder(user: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    process::hand_over(folder.path(), user);
    folder
}

fn command(program: &Path, user: &str) -> Command {
    let mut command = process::command(program, Some(user), Signal::Quit);
    command.current_dir("/");
    command
}

fn spawn(folder: &TempDir, kind: Kind, port: u16) -> Process {
    let data = folder.path().join("data");
    let socket = folder.path().join("socket");
    let tls = folder.path().join("tls");
    let (certificate, key) = (tls.join("server.crt"), tls.join("server.key"));
    let mut command = match kind {
        Kind::Postgres => {
            let mut command = command(&postgres::binary("postgres"), "postgres");
            command.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "fsync=off"]);
            command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
            if tls.exists() {
                command.args(["-c", "ssl=on"]);
                command.arg("-c").arg(format!("ssl_cert_file={}", certificate.display()));
                command.arg("-c").arg(format!("ssl_key_file={}", key.display()));
            }
            command
        }
        Kind::MariaDb => {
            let mut command = command(Path::new("/usr/sbin/mariadbd"), "mysql");
            command.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
            command.arg(format!("--socket={}", socket.display()));
            command.arg(format!("--tmpdir={}", folder.path().display()));
            command.args([&format!("--port={port}"), "--bind-address=127.0.0.1"]);
            if tls.exists() {
                command.arg(format!("--ssl-cert={}", certificate.display()));
                command.arg(format!("--ssl-key={}", key.display()));
            }
            command
        }
    };
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // Killed, as in a power cut. PostgreSQL's children leave by themselves only on SIGQUIT.
    Process::start(command, Signal::Quit)
}
