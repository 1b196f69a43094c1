//! The built binary, with a configuration of its own.

use std::{
    fmt::Debug,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use chrono::{DateTime, Utc};
use kpid::app::lifecycle::{Orders, run};
use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets, setup::Setup};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    process::{self, Process, Signal},
    until,
};

/// A daemon whose only person and operator is told by mail, into a folder.
pub(crate) const ADA_BY_MAIL: &str = "
store: kpid.db
calendar: { timezone: UTC }
channels: { mail: { email: { from: kpid@harbour.example, folder: outbox } } }
people: { ada: { name: Ada, email: ada@harbour.example } }
operators: [ada]
";

const BINARY: &str = env!("CARGO_BIN_EXE_kpid");

/// A folder with a configuration and, after a while, a store.
#[derive(Debug)]
pub(crate) struct Kpid {
    folder: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// What it said to standard output.
    pub(crate) stdout: String,
    /// What it said to standard error.
    pub(crate) stderr: String,
}

/// A running `kpid run`; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Daemon {
    process: Process,
    log: PathBuf,
    /// Where in the log its own words begin: all daemons of a folder write into one.
    begins: usize,
}

/// A disk of its own for what a daemon keeps: a tmpfs that only the daemon sees.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    daemon: u32,
    folder: PathBuf,
}

impl Kpid {
    /// A folder with `kpid.yaml` and one scorecard file.
    pub(crate) fn new(config: &str, scorecard: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scorecards")).unwrap();
        fs::write(folder.path().join("kpid.yaml"), config).unwrap();
        fs::write(folder.path().join("scorecards/acme.yaml"), scorecard).unwrap();
        Self { folder }
    }

    /// The configuration's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_by(Command::new(BINARY), arguments).await
    }

    /// What a command says that succeeds.
    pub(crate) async fn says(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.stdout
    }

    /// Writes another scorecard in the place of the one there is.
    pub(crate) fn rewrite_scorecard(&self, scorecard: &str) {
        fs::write(self.folder().join("scorecards/acme.yaml"), scorecard).unwrap();
    }

    /// Imports rows of a CSV file.
    pub(crate) async fn import(&self, rows: &str) {
        fs::write(self.folder().join("rows.csv"), rows).unwrap();
        let path = self.folder().join("rows.csv");
        self.says(&["import", &path.display().to_string()]).await;
    }

    /// Runs a command to its end, which may not write where its user may not.
    pub(crate) async fn run_without_privileges(&self, arguments: &[&str]) -> Ran {
        self.run_by(process::without_privileges(Path::new(BINARY)), arguments).await
    }

    async fn run_by(&self, mut command: Command, arguments: &[&str]) -> Ran {
        command.arg("--config").arg(self.folder().join("kpid.yaml")).args(arguments);
        ran(command).await
    }

    /// The standing as JSON, or null as long as there is no store.
    pub(crate) async fn show(&self) -> Value {
        let ran = self.run(&["show", "--format", "json"]).await;
        serde_json::from_str(&ran.stdout).unwrap_or(Value::Null)
    }

    /// Runs the daemon in this process, with a clock set to an instant, until something is so.
    pub(crate) async fn run_at(&self, at: &str, what: &str, is_so: impl AsyncFnMut() -> bool) {
        let (setup, _) = load(&self.folder().join("kpid.yaml"), Secrets::Needed)
            .unwrap_or_else(|error| panic!("{error:?}"));
        let now: DateTime<Utc> = at.parse().unwrap();
        run_until(setup, Clock::set(now), what, is_so, |yes| *yes).await;
    }

    /// Starts the daemon.
    pub(crate) fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// Starts the daemon so that a file it may not make longer is an error and not its end.
    pub(crate) fn start_where_files_may_be_full(&self) -> Daemon {
        let mut command = process::command(Path::new("/bin/sh"), None, Signal::Kill);
        command.arg("-c").arg("trap '' XFSZ; exec \"$0\" \"$@\"").arg(BINARY);
        self.start_by(command, &["run"])
    }

    /// Starts the daemon with a tmpfs of 8 MiB mounted at a folder, in a namespace of its own, so
    /// that no privileges are needed and nothing is left behind.
    pub(crate) fn start_on_a_small_disk(&self, name: &str) -> (Daemon, SmallDisk) {
        let folder = self.folder().join(name);
        fs::create_dir(&folder).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "setpriv", "--pdeathsig", "KILL"]);
        let script = "mount -t tmpfs -o size=8m,mode=0700 kpid \"$0\" && exec \"$@\"";
        command.args(["--", "/bin/sh", "-c", script]).arg(&folder).arg(BINARY);
        let daemon = self.start_by(command, &["run"]);
        let disk = SmallDisk { daemon: daemon.process.pid(), folder };
        (daemon, disk)
    }

    /// Starts the daemon with variables in its environment.
    pub(crate) fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        self.begin(&["run"], variables)
    }

    /// Starts a command, which may be killed before it comes to its end.
    pub(crate) fn begin(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Daemon {
        let mut command = process::command(Path::new(BINARY), None, Signal::Kill);
        command.envs(variables.iter().copied());
        self.start_by(command, arguments)
    }

    fn start_by(&self, mut command: Command, arguments: &[&str]) -> Daemon {
        let log = self.folder().join("log");
        command.arg("--config").arg(self.folder().join("kpid.yaml")).args(arguments);
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let begins = usize::try_from(file.metadata().unwrap().len()).unwrap();
        command.stdout(Stdio::null()).stderr(file);
        Daemon { process: Process::start(command, Signal::Kill), log, begins }
    }
}

/// Runs the daemon in this process until what is looked at is as wanted, and returns that.
pub(crate) async fn run_until<T: Debug>(
    setup: Setup,
    clock: Clock,
    what: &str,
    look: impl AsyncFnMut() -> T,
    is_wanted: impl FnMut(&T) -> bool,
) -> T {
    let stop = CancellationToken::new();
    let watching = async {
        let seen = until(what, look, is_wanted).await;
        stop.cancel();
        seen
    };
    run_while(setup, clock, Orders::only_stop(stop.clone()), what, watching).await
}

/// Runs the daemon in this process beside what orders it to stop in the end.
pub(crate) async fn run_while<T>(
    setup: Setup,
    clock: Clock,
    orders: Orders,
    what: &str,
    beside: impl Future<Output = T>,
) -> T {
    // A daemon that cannot start is not waited for.
    let ran = tokio::try_join!(run(setup, clock, orders), async { Ok(beside.await) });
    ran.unwrap_or_else(|error| panic!("the daemon ended before {what}: {error:#}")).1
}

impl SmallDisk {
    /// Runs a command where the disk is seen.
    pub(crate) async fn run(&self, kpid: &Kpid, arguments: &[&str]) -> Ran {
        let mut command = self.command();
        command.arg(BINARY);
        kpid.run_by(command, arguments).await
    }

    /// Fills it to the last byte.
    pub(crate) async fn fill(&self) {
        let mut command = self.command();
        command.args(["dd", "if=/dev/zero", "bs=4096"]);
        command.arg(format!("of={}", self.fill_file().display()));
        let ran = ran(command).await;
        assert!(ran.stderr.contains("No space left"), "{ran:?}");
    }

    /// Makes room again.
    pub(crate) async fn empty(&self) {
        let mut command = self.command();
        command.arg("rm").arg(self.fill_file());
        let ran = ran(command).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    /// Takes it away, in use as it is.
    pub(crate) async fn unmount(&self) {
        let mut command = self.command();
        command.args(["umount", "--lazy"]).arg(&self.folder);
        let ran = ran(command).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    fn fill_file(&self) -> PathBuf {
        self.folder.join("fill")
    }

    fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--user", "--mount", "--preserve-credentials"]);
        command.arg(format!("--target={}", self.daemon)).arg("--");
        command
    }
}

async fn ran(mut command: Command) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Daemon {
    /// Looks until something is as wanted; panics with it and the log, at once if the daemon died.
    pub(crate) async fn until<T: Debug>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut() -> T,
        is_wanted: impl FnMut(&T) -> bool,
    ) -> T {
        let look = async || {
            if let Some(status) = self.process.ended() {
                panic!("the daemon ended with {status} before {what}:\n{}", self.log());
            }
            look().await
        };
        until(what, look, is_wanted).await
    }

    /// Waits until it has logged something; all that it has logged then.
    pub(crate) async fn until_log(&mut self, words: &str) -> String {
        let (log, begins) = (self.log.clone(), self.begins);
        let look = async || said(&log, begins);
        self.until(words, look, |seen| seen.contains(words)).await
    }

    /// Waits until it has made so many rounds more.
    pub(crate) async fn rounds(&mut self, more: usize) {
        let (log, begins) = (self.log.clone(), self.begins);
        let made = async || said(&log, begins).matches("round of").count();
        let wanted = made().await + more;
        self.until("more rounds", made, |made| *made >= wanted).await;
    }

    /// Waits until the first scorecard is judged so.
    pub(crate) async fn until_judged(&mut self, kpid: &Kpid, status: &str) {
        let look = async || kpid.show().await["scorecards"][0]["status"].clone();
        self.until(status, look, |seen| seen == status).await;
    }

    /// Where it says that it shows itself, the newest time it did.
    pub(crate) async fn address(&mut self) -> SocketAddr {
        let log = self.until_log("shows itself at http://").await;
        let (_, rest) = log.rsplit_once("shows itself at http://").unwrap();
        rest.split_once('/').unwrap().0.parse().unwrap()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        said(&self.log, self.begins)
    }

    /// Whether it lives.
    pub(crate) fn lives(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Waits until it has come to an end that nobody asked for.
    pub(crate) async fn ended_by_itself(&mut self) -> ExitStatus {
        let process = &mut self.process;
        until("its end", async || process.ended(), Option::is_some).await.unwrap()
    }

    /// The most memory it ever held, in bytes, without the pages of its own file: how many of those there
    /// are depends on how it was built.
    pub(crate) fn memory_max(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
        };
        of("VmHWM:") - of("RssFile:")
    }

    /// How many files and sockets it has open.
    pub(crate) fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.pid())).unwrap().count()
    }

    /// How many sockets it listens on.
    pub(crate) fn listening_sockets(&self) -> usize {
        let links = fs::read_dir(format!("/proc/{}/fd", self.process.pid())).unwrap();
        let links = links.filter_map(|link| fs::read_link(link.unwrap().path()).ok());
        let own: Vec<String> = links.map(|link| link.display().to_string()).collect();
        let tables = ["tcp", "tcp6"].map(|table| format!("/proc/net/{table}"));
        let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
        // The fourth column is the state, 0A is listening; the tenth is the socket's number.
        let columns = |line: &str| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            columns.get(3) == Some(&"0A") && own.contains(&format!("socket:[{}]", columns[9]))
        };
        tables.iter().flat_map(|table| table.lines()).filter(|line| columns(line)).count()
    }

    /// From now on no file of it may become longer than so many bytes, or any length.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let soft = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let mut command = Command::new("prlimit");
        command
            .arg(format!("--pid={}", self.process.pid()))
            .arg(format!("--fsize={soft}:unlimited"));
        assert!(command.status().unwrap().success());
    }

    /// Orders it to read its configuration again.
    pub(crate) fn hang_up(&self) {
        self.process.signal(Signal::Hup);
    }

    /// Orders it to end, without waiting.
    pub(crate) fn terminate(&self) {
        self.process.signal(Signal::Term);
    }

    /// Orders it to end, and waits until it has.
    pub(crate) async fn stop(self) -> ExitStatus {
        self.end(Signal::Term).await
    }

    /// Kills it where it stands.
    pub(crate) async fn kill(self) {
        self.end(Signal::Kill).await;
    }

    /// Peers go on answering meanwhile.
    async fn end(self, signal: Signal) -> ExitStatus {
        tokio::task::spawn_blocking(move || self.process.end(signal)).await.unwrap()
    }
}

/// What a log says from a place on.
fn said(log: &Path, begins: usize) -> String {
    let bytes = fs::read(log).unwrap();
    String::from_utf8_lossy(&bytes[begins..]).into_owned()
}
