//! An hour at a high rate: hundreds of KPIs every second, alerts that open and recover, deliveries,
//! page and metrics read, reloads; and whether memory and file descriptors stay flat.
//!
//! `cargo bench --bench soak -- --minutes 60`; `--kpid PATH` tries another binary than the one built.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a soak that cannot go on stops")]
#![expect(
    clippy::disallowed_methods,
    reason = "the peers run beside the daemon, in tasks of theirs"
)]

#[expect(dead_code, reason = "the peers of the tests, of which a soak needs a few")]
#[path = "../tests/it/world/mod.rs"]
mod world;

use std::{
    fmt::Write,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::interval,
};

use world::{
    origin::Answer,
    process::{self, Process, Signal},
    town::Town,
};

/// Scorecards, each a family that is judged by itself.
const SCORECARDS: usize = 20;

/// Perspectives of a scorecard: each falls by itself.
const PERSPECTIVES: usize = 5;

/// KPIs of a perspective, asked every second: two over HTTP, two of SQLite.
const KPIS: usize = 4;

/// Falls of each perspective in the whole time; one more would be flapping, and then quiet.
const FALLS: u32 = 3;

/// A sample is taken so often.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// The daemon reads its configuration again so often; every third time it is a bad one.
const RELOAD_EVERY: Duration = Duration::from_secs(60);

/// The page and the metrics are asked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The part of the time in which pools, caches and the allocator find their size.
const WARM_UP: f64 = 0.25;

/// Growth of memory that is a leak: at 400 KPIs a second it is 6 bytes a KPI collected.
const MEMORY_GROWTH_MAX: f64 = 8.0;

/// Growth of file descriptors in an hour that is a leak: one connection in six minutes. How many
/// are open just then wavers by as many as connections are idle.
const DESCRIPTORS_GROWTH_MAX: f64 = 10.0;

/// On track, off track, for a target of 95 with a tolerance of 3.
const FIGURES: [f64; 2] = [98.0, 60.0];

/// What the daemon held at an instant.
struct Sample {
    minutes: f64,
    memory_mib: f64,
    descriptors: f64,
    threads: f64,
    store_mib: f64,
    collected: f64,
    delivered: f64,
}

struct Soak {
    folder: PathBuf,
    town: Town,
    books: SqliteConnection,
    daemon: Process,
    log: PathBuf,
    /// Where it shows itself, once it has said so.
    address: Option<SocketAddr>,
    began: Instant,
    length: Duration,
    /// Which perspectives are off track now.
    fallen: Vec<bool>,
    samples: Vec<Sample>,
    reloads: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let Some(minutes) = after("--minutes").and_then(|minutes| minutes.parse::<f64>().ok()) else {
        println!("soak: say how long, e.g. cargo bench --bench soak -- --minutes 60");
        return ExitCode::SUCCESS;
    };
    let kpid = after("--kpid").map_or(env!("CARGO_BIN_EXE_kpid"), String::as_str);
    let folder = tempfile::tempdir().unwrap();
    let length = Duration::from_secs_f64(minutes * 60.0);
    let mut soak = Soak::begin(Path::new(kpid), folder.path(), length).await;
    soak.run().await;
    soak.end()
}

impl Soak {
    async fn begin(kpid: &Path, folder: &Path, length: Duration) -> Self {
        let town = Town::open().await;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("books.db"))
            .create_if_missing(true)
            .pragma("journal_mode", "wal")
            .pragma("synchronous", "off");
        let mut books = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("create table figures (name text primary key, value real not null) strict")
            .execute(&mut books)
            .await
            .unwrap();
        fs::create_dir(folder.join("scorecards")).unwrap();
        for card in 0..SCORECARDS {
            let path = folder.join(format!("scorecards/s{card}.yaml"));
            fs::write(path, scorecard(card)).unwrap();
        }
        fs::write(folder.join("kpid.yaml"), configuration(&town, folder)).unwrap();
        let log = folder.join("log");
        let mut command = process::command(kpid, None, Signal::Kill);
        command.arg("--config").arg(folder.join("kpid.yaml")).arg("run");
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut soak = Self {
            folder: folder.to_owned(),
            town,
            books,
            daemon: Process::start(command, Signal::Kill),
            log,
            address: None,
            began: Instant::now(),
            length,
            fallen: vec![true; SCORECARDS * PERSPECTIVES],
            samples: Vec::new(),
            reloads: 0,
        };
        for at in 0..soak.fallen.len() {
            soak.set(at, false).await;
        }
        soak
    }

    async fn run(&mut self) {
        let [mut tick, mut sample, mut look, mut reload] =
            [Duration::from_secs(1), SAMPLE_EVERY, LOOK_EVERY, RELOAD_EVERY].map(interval);
        println!("{HEADING}");
        while self.began.elapsed() < self.length {
            if let Some(status) = self.daemon.ended() {
                panic!("the daemon has ended with {status}:\n{}", self.last_words());
            }
            tokio::select! {
                _ = tick.tick() => self.move_figures().await,
                _ = sample.tick() => self.sample().await,
                _ = look.tick() => drop(self.get("/").await),
                _ = reload.tick() => self.reload(),
            }
        }
    }

    /// Each perspective falls `FALLS` times, a third of the time each, one after the other.
    async fn move_figures(&mut self) {
        let through = self.began.elapsed().as_secs_f64() / self.length.as_secs_f64();
        let count = self.fallen.len();
        for at in 0..count {
            let shift = at as f64 / count as f64;
            let phase = (through * f64::from(FALLS) + shift).fract();
            // Not at the very start or end: each fall is seen to begin and to end.
            let is_fallen = (0.4..0.7).contains(&phase);
            if self.fallen[at] != is_fallen {
                self.set(at, is_fallen).await;
            }
        }
    }

    async fn set(&mut self, at: usize, is_fallen: bool) {
        let figure = FIGURES[usize::from(is_fallen)];
        self.fallen[at] = is_fallen;
        sqlx::query("insert or replace into figures values (?, ?)")
            .bind(format!("f{at}"))
            .bind(figure)
            .execute(&mut self.books)
            .await
            .unwrap();
        self.town.origin.set(&format!("f{at}"), Answer::Json(format!(r#"{{"value":{figure}}}"#)));
        // A source that fails now and then is told of to operators, and recovers.
        if at.is_multiple_of(25) && is_fallen {
            self.town.origin.set(&format!("f{at}"), Answer::Status(500));
        }
    }

    /// A changed configuration, and every third time one that cannot be read.
    fn reload(&mut self) {
        if self.address.is_none() {
            return;
        }
        self.reloads += 1;
        let mut text = configuration(&self.town, &self.folder);
        let last = if self.reloads.is_multiple_of(3) { "calendar: [" } else { "# changed" };
        writeln!(text, "{last} {}", self.reloads).unwrap();
        fs::write(self.folder.join("kpid.yaml"), text).unwrap();
        self.daemon.signal(Signal::Hup);
    }

    async fn sample(&mut self) {
        let metrics = self.get("/metrics").await;
        let pid = self.daemon.pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let of = |name: &str| first_number(&status, name);
        let stored = ["kpid.db", "kpid.db-wal"]
            .map(|name| fs::metadata(self.folder.join(name)).map_or(0, |file| file.len()));
        let sample = Sample {
            minutes: self.began.elapsed().as_secs_f64() / 60.0,
            memory_mib: of("VmRSS:") / 1024.0,
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as f64,
            threads: of("Threads:"),
            store_mib: stored.iter().sum::<u64>() as f64 / f64::from(1 << 20),
            collected: sum(&metrics, "kpid_collections_total"),
            delivered: (self.town.smtp.mails().len() + self.town.webhook.calls().len()) as f64,
        };
        // A line every five minutes, of a sample every ten seconds.
        let rows = |minutes: f64| (minutes / 5.0).floor();
        if self.samples.last().is_none_or(|last| rows(last.minutes) < rows(sample.minutes)) {
            println!("{}", sample.row());
        }
        self.samples.push(sample);
    }

    /// An answer's body; empty when there is none.
    async fn get(&mut self, path: &str) -> String {
        if self.address.is_none() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let (_, rest) = log.split_once("shows itself at http://").unwrap_or_default();
            self.address = rest.split('/').next().and_then(|address| address.parse().ok());
        }
        let Some(address) = self.address else { return String::new() };
        let asked = async {
            let mut stream = TcpStream::connect(address).await?;
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        asked.await.unwrap_or_default()
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Ends the daemon and says what was flat and what was not.
    fn end(mut self) -> ExitCode {
        if let Some(last) = self.samples.last() {
            println!("{}", last.row());
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let loud = [" WARN ", "ERROR "].map(|level| log.matches(level).count());
        let status = self.daemon.end(Signal::Term);
        let from = self.length.as_secs_f64() / 60.0 * WARM_UP;
        self.samples.retain(|sample| sample.minutes >= from);
        let memory = hourly(&self.samples, |sample| sample.memory_mib);
        let descriptors = hourly(&self.samples, |sample| sample.descriptors);
        println!(
            "after {from:.0} minutes: memory {memory:+.2} MiB an hour (at most {MEMORY_GROWTH_MAX}), descriptors \
             {descriptors:+.2} an hour (at most {DESCRIPTORS_GROWTH_MAX}); {} reloads, {} warnings, {} errors; {status}",
            self.reloads, loud[0], loud[1],
        );
        let is_flat = memory <= MEMORY_GROWTH_MAX && descriptors <= DESCRIPTORS_GROWTH_MAX;
        if is_flat && status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

const HEADING: &str = "\
| minute | memory, MiB | descriptors | threads | store, MiB | KPIs collected | delivered |
|---:|---:|---:|---:|---:|---:|---:|";

impl Sample {
    fn row(&self) -> String {
        format!(
            "| {:.0} | {:.1} | {} | {} | {:.1} | {} | {} |",
            self.minutes,
            self.memory_mib,
            self.descriptors,
            self.threads,
            self.store_mib,
            self.collected,
            self.delivered
        )
    }
}

fn configuration(town: &Town, folder: &Path) -> String {
    format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  api: {api}
  books: {{ sqlite: {{ path: {books}, max_concurrent: 8 }} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: \"Scorecard <kpid@acme.example>\" }} }}
  ops: {{ webhook: {{ url: \"{hook}\", secret: \"a secret of nobody\" }} }}
people:
  ines: {{ name: Ines Marlow, email: ines@acme.example }}
operators: [ines]
web: {{ listen: \"127.0.0.1:0\" }}
",
        api = town.origin.yaml(),
        books = folder.join("books.db").display(),
        smtp = town.smtp.yaml(),
        hook = town.webhook.url(),
    )
}

fn scorecard(card: usize) -> String {
    let mut text = format!("scorecard: s{card}\nname: Card {card}\nowner: ines\nperspectives:\n");
    for perspective in 0..PERSPECTIVES {
        let at = card * PERSPECTIVES + perspective;
        write!(
            text,
            "  p{perspective}:
    name: Side {at}
    owner: ines
    alert: {{ to: [ines, ops] }}
    objectives:
      goal-{at}:
        kpis:
"
        )
        .unwrap();
        for kpi in 0..KPIS {
            let source = if kpi % 2 == 0 {
                format!("http: {{ from: api, get: f{at}, value: $.value }}")
            } else {
                // A little different every ten seconds, so that there are revisions and verdicts to keep.
                format!(
                    "sql: {{ from: books, query: \"select value + (strftime('%s') / 10 % 100) / 100.0 as value \
                     from figures where name = 'f{at}' and {kpi} > 0\" }}"
                )
            };
            writeln!(
                text,
                "          k{at}-{kpi}: {{ name: Figure {kpi} of {at}, nature: level, unit: points, period: month, \
                 schedule: {{ every: 1s }}, target: 95, tolerance: 3, source: {{ {source} }} }}"
            )
            .unwrap();
        }
    }
    text
}

/// The number behind a name in `/proc/PID/status`.
fn first_number(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// All series of a metric, added up.
fn sum(metrics: &str, name: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    // An empty sum is -0.
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .fold(0.0, |all, one| all + one)
}

/// The slope of the straight line through the samples (least squares), an hour.
fn hourly(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (middle, level) = (mean(&|sample| sample.minutes), mean(&of));
    let along = |sample: &Sample| sample.minutes - middle;
    let rise: f64 = samples.iter().map(|sample| along(sample) * (of(sample) - level)).sum();
    let run: f64 = samples.iter().map(|sample| along(sample).powi(2)).sum();
    60.0 * rise / run
}
