//! kpid itself: a daemon, and commands, as processes of the binary that is measured.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Instant, sleep};

use crate::{
    child::{self, Running},
    portfolio::Written,
};

/// A daemon that does not listen by then never will.
const START_WITHIN: Duration = Duration::from_secs(300);

/// A running `kpid run`.
#[derive(Debug)]
pub(crate) struct Daemon {
    running: Running,
    store: PathBuf,
    url: String,
    client: reqwest::Client,
    /// From the start of the process until it said that it listens.
    pub(crate) began_within: Duration,
}

/// A command that came to its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it said.
    pub(crate) words: String,
    pub(crate) within: Duration,
    /// The most memory that it was seen to hold, in MiB.
    pub(crate) memory_max: f64,
}

impl Daemon {
    /// Starts one and waits until it listens.
    pub(crate) async fn start(kpid: &Path, written: &Written) -> Self {
        let log = written.path().join("log");
        let mut command = child::command(kpid);
        // As the unit and the container file set it.
        command.env("MALLOC_ARENA_MAX", "2");
        command.arg("--config").arg(written.config()).arg("run");
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let began = Instant::now();
        let mut running = Running::start(command);
        let address = loop {
            let said = fs::read_to_string(&log).unwrap();
            let named = said.split_once("shows itself at http://").map(|(_, rest)| rest);
            if let Some((address, _)) = named.and_then(|rest| rest.split_once('/')) {
                break address.to_owned();
            }
            if let Some(status) = running.ended() {
                panic!("the daemon ended with {status}:\n{said}");
            }
            assert!(began.elapsed() < START_WITHIN, "the daemon does not listen:\n{said}");
            sleep(Duration::from_millis(5)).await;
        };
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (store, url) = (written.path().join("kpid.db"), format!("http://{address}"));
        Self { running, store, url, client, began_within: began.elapsed() }
    }

    /// An answer's body, or why there is none.
    pub(crate) async fn get(&self, path: &str) -> Result<String, String> {
        let answer = self.client.get(self.url_of(path)).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("answers {}", answer.status()));
        }
        answer.text().await.map_err(|error| error.to_string())
    }

    /// The address of a page.
    pub(crate) fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Collections so far, as it counts them itself.
    pub(crate) async fn collected(&self) -> f64 {
        let metrics = self.get("/metrics").await.unwrap();
        let lines = metrics.lines().filter(|line| line.starts_with("kpid_collections_total"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    pub(crate) fn cpu(&self) -> f64 {
        self.running.cpu()
    }

    pub(crate) fn memory(&self) -> f64 {
        self.running.memory()
    }

    pub(crate) fn memory_max(&self) -> f64 {
        self.running.memory_max().unwrap_or(0.0)
    }

    /// Bytes of the store that are in use, whether in the file or still in the log beside it.
    pub(crate) async fn stored_bytes(&self) -> f64 {
        let options = SqliteConnectOptions::new().filename(&self.store).read_only(true);
        let mut store = SqliteConnection::connect_with(&options).await.unwrap();
        let mut of = async |pragma: &'static str| -> i64 {
            sqlx::query_scalar(pragma).fetch_one(&mut store).await.unwrap()
        };
        let pages = of("pragma page_count").await - of("pragma freelist_count").await;
        let bytes = pages * of("pragma page_size").await;
        store.close().await.unwrap();
        bytes as f64
    }

    /// Ends it in good order.
    pub(crate) async fn stop(self) {
        let status = self.running.stop().await;
        assert!(status.success(), "the daemon ended with {status}");
    }
}

/// Runs a command of kpid to its end.
pub(crate) async fn run(kpid: &Path, written: &Written, arguments: &[&str]) -> Ended {
    let log = written.path().join("command");
    let mut command = child::command(kpid);
    command.env("MALLOC_ARENA_MAX", "2");
    command.arg("--config").arg(written.config()).args(arguments);
    let file = File::create(&log).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let began = Instant::now();
    let mut running = Running::start(command);
    let mut memory_max: f64 = 0.0;
    let status = loop {
        memory_max = memory_max.max(running.memory_max().unwrap_or(0.0));
        if let Some(status) = running.ended() {
            break status;
        }
        sleep(Duration::from_millis(1)).await;
    };
    let within = began.elapsed();
    Ended { status, words: fs::read_to_string(&log).unwrap(), within, memory_max }
}
