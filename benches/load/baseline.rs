//! What child processes of this binary do: peers, burdens, and the bare loops that kpid is held
//! against. A bare loop does the same work at the same pace, and nothing besides.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::{child::cpu_of, origin, peer_state, smtp};

/// Fetches at once, as many as kpid's connection may have.
pub(crate) const AT_ONCE: usize = 64;

/// Rows of one commit of the bare inserts: the readings of a second.
const COMMIT_ROWS: usize = 1_000;

/// A bare webhook's text is about as long as kpid's.
const WEBHOOK_BYTES: usize = 3_000;

#[derive(Debug, Parser)]
#[command(name = "role")]
pub(crate) enum Role {
    /// Answers figures, takes webhooks and mails
    Serve,
    /// Keeps a processor busy until it is killed
    Burn,
    /// Asks an origin for figures, all of them every so often
    Ask { origin: String, kpis: usize, every_ms: u64, times: u32 },
    /// Puts rows into a SQLite file
    Insert { file: PathBuf, rows: usize },
    /// Asks a SQLite file for figures, all of them every second
    Query { file: PathBuf, kpis: usize, times: u32 },
    /// Fetches an address, one time after the other
    Get { url: String, times: usize },
    /// Fetches addresses in turn, so many a second
    Browse { per_second: u32, times: usize, urls: Vec<String> },
    /// Reads every YAML file of a folder
    Parse { folder: PathBuf },
    /// Sends webhooks
    Post { url: String, count: usize, at_once: usize },
    /// Sends mails
    Mail { server: SocketAddr, count: usize },
}

/// What a bare loop took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Took {
    pub(crate) done: usize,
    pub(crate) seconds: f64,
    pub(crate) cpu: f64,
    /// Bytes of the file that was written.
    pub(crate) bytes: u64,
    /// Of a single piece of work, in milliseconds.
    pub(crate) median_ms: f64,
    pub(crate) max_ms: f64,
}

impl Took {
    pub(crate) fn cpu_per_1000(&self) -> f64 {
        self.cpu / self.done as f64 * 1e3
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.seconds
    }
}

pub(crate) async fn play(role: Role) {
    let (began, cpu) = (Instant::now(), cpu_of("self"));
    let mut spans = Vec::new();
    let mut bytes = 0;
    let done = match role {
        Role::Serve => return origin::serve().await,
        Role::Burn => burn(),
        Role::Ask { origin, kpis, every_ms, times } => {
            ask(&origin, kpis, Duration::from_millis(every_ms), times).await
        }
        Role::Insert { file, rows } => {
            bytes = insert(file, rows).await;
            rows
        }
        Role::Query { file, kpis, times } => query(file, kpis, times).await,
        Role::Get { url, times } => {
            spans = get(&url, times).await;
            times
        }
        Role::Browse { per_second, times, urls } => {
            spans = browse(&urls, Duration::from_secs(1) / per_second, times).await;
            times
        }
        Role::Parse { folder } => parse(&folder),
        Role::Post { url, count, at_once } => {
            spans = post(&url, count, at_once).await;
            count
        }
        Role::Mail { server, count } => {
            smtp::send(server, count).await;
            count
        }
    };
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_of("self") - cpu);
    let (median_ms, max_ms) = (median(&mut spans), spans.last().copied().unwrap_or(0.0));
    let took = Took { done, seconds, cpu, bytes, median_ms, max_ms };
    println!("{}", serde_json::to_string(&took).unwrap());
}

/// The middle of what is measured, which is sorted then.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn burn() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

async fn ask(origin: &str, kpis: usize, every: Duration, times: u32) -> usize {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let until = Instant::now() + every * times;
    let mut done = 0;
    for _ in 0..times {
        tick.tick().await;
        let asked = stream::iter(0..kpis).map(|at| figure(&client, format!("{origin}f/{at}")));
        let figures = asked.buffer_unordered(AT_ONCE).take_until(sleep_until(until));
        done += figures.inspect(|figure| assert!(*figure > 0.0, "a figure is read")).count().await;
        if Instant::now() >= until {
            break;
        }
    }
    // The last interval is waited out, too, so that the pace is the one that is asked for.
    sleep_until(until).await;
    done
}

async fn figure(client: &reqwest::Client, url: String) -> f64 {
    let answer = client.get(url).send().await.unwrap();
    let body = answer.bytes().await.unwrap();
    let document: Value = serde_json::from_slice(&body).unwrap();
    document["value"].as_f64().unwrap()
}

/// Durable rows of instant, KPI and value; how long the file is then.
async fn insert(file: PathBuf, rows: usize) -> u64 {
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut books = SqliteConnection::connect_with(&options).await.unwrap();
    let table = "create table readings (at integer not null, kpi integer not null, value real not null, \
                 primary key (at, kpi)) strict, without rowid";
    sqlx::raw_sql(table).execute(&mut books).await.unwrap();
    let first = i64::try_from(peer_state::now()).unwrap();
    for commit in 0..rows.div_ceil(COMMIT_ROWS) {
        let mut transaction = books.begin().await.unwrap();
        let at = first + i64::try_from(commit).unwrap() * 1_000_000;
        for kpi in 0..COMMIT_ROWS {
            sqlx::query("insert into readings values (?, ?, ?)")
                .bind(at)
                .bind(i64::try_from(kpi).unwrap())
                .bind(97.0 + (commit % 20) as f64 / 10.0)
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }
    books.close().await.unwrap();
    fs::metadata(file).unwrap().len()
}

async fn query(file: PathBuf, kpis: usize, times: u32) -> usize {
    let options = SqliteConnectOptions::new().filename(&file).read_only(true);
    let mut books = SqliteConnection::connect_with(&options).await.unwrap();
    let mut tick = interval(Duration::from_secs(1));
    for _ in 0..times {
        tick.tick().await;
        for at in 0..kpis {
            let sql = sqlx::AssertSqlSafe(format!("select value from figures where id = {at}"));
            let value: f64 = sqlx::query_scalar(sql).fetch_one(&mut books).await.unwrap();
            assert!(value > 0.0, "figures are read");
        }
    }
    tick.tick().await;
    kpis * usize::try_from(times).unwrap()
}

/// How long each answer took, in milliseconds.
async fn get(url: &str, times: usize) -> Vec<f64> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut spans = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        let answer = client.get(url).send().await.unwrap();
        let body = answer.bytes().await.unwrap();
        assert!(!body.is_empty(), "something is answered");
        spans.push(began.elapsed().as_secs_f64() * 1e3);
    }
    spans
}

/// How long each answer took from the instant at which it was due to be asked for, in milliseconds:
/// whoever answers late does not make the next one wait unseen.
async fn browse(urls: &[String], every: Duration, times: usize) -> Vec<f64> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let began = Instant::now();
    let asked = stream::iter((0..times).zip(urls.iter().cycle())).map(async |(at, url)| {
        let due = began + every * u32::try_from(at).unwrap();
        sleep_until(due).await;
        let answer = client.get(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        let body = answer.bytes().await.unwrap();
        assert!(!body.is_empty(), "something is answered");
        due.elapsed().as_secs_f64() * 1e3
    });
    asked.buffer_unordered(AT_ONCE).collect().await
}

/// Files that were read.
fn parse(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let document: Value = serde_yaml::from_str(&text).unwrap();
        assert!(document["perspectives"].is_object(), "a scorecard is read");
        files += 1;
    }
    files
}

/// How long each webhook took, in milliseconds.
async fn post(url: &str, count: usize, at_once: usize) -> Vec<f64> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = format!(r#"{{"text":"{}"}}"#, "x".repeat(WEBHOOK_BYTES));
    let posted = stream::iter(0..count).map(async |_| {
        let began = Instant::now();
        let sent = client.post(url).header("content-type", "application/json").body(body.clone());
        let answer = sent.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        began.elapsed().as_secs_f64() * 1e3
    });
    posted.buffer_unordered(at_once).collect().await
}
