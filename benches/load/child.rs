//! Child processes, ended by their ids: what they use of the machine, and what they say.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

/// What makes this binary a peer or a baseline, as its first argument.
pub(crate) const ROLE: &str = "role";

/// Clock ticks a second in `/proc/PID/stat`: 100 on every architecture that Linux runs on today.
const TICKS: f64 = 100.0;

/// How long an orderly end may take.
const END_WITHIN: Duration = Duration::from_secs(60);

/// A running child; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
}

/// A command that is killed when this process dies, however it dies.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program).stdin(Stdio::null());
    command
}

/// Another process of this binary.
pub(crate) fn role(arguments: &[&str]) -> Running {
    let mut command = command(&std::env::current_exe().unwrap());
    command.arg(ROLE).args(arguments).stdout(Stdio::piped());
    Running::start(command)
}

/// Lets a role come to its end, and reads what it found.
pub(crate) async fn found<T: DeserializeOwned>(arguments: &[&str]) -> T {
    let running = role(arguments);
    let name = arguments.join(" ");
    let said = tokio::task::spawn_blocking(move || running.last_words()).await.unwrap();
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{name}: {error}: {said}"))
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let name = format!("{command:?}");
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let stdout = child.stdout.take().map(BufReader::new);
        Self { child, stdout }
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "a child has ended without a word");
        line.trim_end().to_owned()
    }

    fn last_words(mut self) -> String {
        let mut said = String::new();
        self.stdout.as_mut().unwrap().read_to_string(&mut said).unwrap();
        said
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Processor time so far, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        cpu_of(&self.child.id().to_string())
    }

    /// Memory that it holds, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        self.status("VmRSS:").unwrap_or(0.0)
    }

    /// The most memory that it has held, in MiB; nothing once it has ended.
    pub(crate) fn memory_max(&self) -> Option<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib / 1024.0)
    }

    /// Lets it end in good order.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let deadline = Instant::now() + END_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                return status;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("a child does not end within {END_WITHIN:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have come to its own end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Processor time of a process so far, in seconds; `self` is this one.
pub(crate) fn cpu_of(pid: &str) -> f64 {
    let ticks = ticks_of(pid).unwrap_or(0.0) / TICKS;
    // The ticks also count threads that have ended, but no part of a tick; the scheduler's account
    // of living threads is in nanoseconds.
    ticks.max(nanoseconds_of(pid).unwrap_or(0.0) / 1e9)
}

fn ticks_of(pid: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn nanoseconds_of(pid: &str) -> Option<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        // A thread may end while we look.
        let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
        sum += text.split_whitespace().next()?.parse::<f64>().ok()?;
    }
    Some(sum)
}
