//! PgBouncer in front of a PostgreSQL server, which hands out sessions a transaction at a time.

use std::{fs, path::Path, process::Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{
    free_port,
    process::{self, Process, Signal},
    until,
};

const BINARY: &str = "/usr/sbin/pgbouncer";

/// A running pooler; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Pooler {
    pub(crate) port: u16,
    _process: Process,
    _folder: TempDir,
}

impl Pooler {
    /// Starts one that lets anybody in, in front of the database `erp` of the server's superuser.
    pub(crate) async fn start(server: u16, password: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]
erp = host=127.0.0.1 port={server} user=postgres password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
"
        );
        fs::write(&settings, text).unwrap();
        process::hand_over(folder.path(), "postgres");
        let mut command = process::command(Path::new(BINARY), Some("postgres"), Signal::Kill);
        command.current_dir("/").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(command, Signal::Kill);
        let connect = async || TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        until("the pooler", connect, |is_up| *is_up).await;
        Self { port, _process: process, _folder: folder }
    }
}
