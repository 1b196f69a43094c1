//! The daemon as a process: started, killed, stopped and told to go on, ended, reloaded; and commands
//! beside it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    company::{FIGURES, PERSPECTIVES, SCORECARDS},
    gate::Gate,
    world::process::{self, Process, Signal},
};

/// A daemon that starts, or can go on after trouble, is given so long to ask again: its connection
/// was perhaps left alone for a while.
const GRACE: Duration = Duration::from_secs(40);

/// Until then a process may not be kpid yet, and ends by any signal.
const BEGUN_AFTER: Duration = Duration::from_secs(1);

/// A daemon that does not listen by then never will.
const START_WITHIN: Duration = Duration::from_secs(60);

/// What hangs at a mail server after it was given is waited for 10 minutes, as RFC 5321 says; and what
/// has no place beside it waits as long.
const SETTLED_WITHIN: Duration = Duration::from_secs(11 * 60);

/// The daemon of the night.
#[derive(Debug)]
pub(crate) struct Life {
    kpid: PathBuf,
    folder: PathBuf,
    process: Option<Process>,
    /// Since when nothing keeps it from working.
    able_since: Option<Instant>,
    starts: usize,
    has_died: bool,
}

impl Life {
    pub(crate) fn begin(kpid: &Path, folder: &Path) -> Self {
        let mut life = Self {
            kpid: kpid.to_owned(),
            folder: folder.to_owned(),
            process: None,
            able_since: None,
            starts: 0,
            has_died: false,
        };
        life.start();
        life
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.join("kpid.db")
    }

    pub(crate) fn starts(&self) -> usize {
        self.starts
    }

    pub(crate) fn died_by_itself(&self) -> bool {
        self.has_died
    }

    /// Starts it where a file that may not grow is an error and not its end.
    pub(crate) fn start(&mut self) {
        let mut command = process::command(Path::new("/bin/sh"), None, Signal::Kill);
        command.arg("-c").arg("trap '' XFSZ; exec \"$0\" \"$@\"").arg(&self.kpid);
        command.env("MALLOC_ARENA_MAX", "2");
        command.arg("--config").arg(self.folder.join("kpid.yaml")).arg("run");
        let log = File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        command.stdout(Stdio::null()).stderr(log);
        self.process = Some(Process::start(command, Signal::Kill));
        self.able_since = Some(Instant::now());
        self.starts += 1;
    }

    /// Waits until it has looked at everything once.
    pub(crate) async fn settle(&mut self) {
        let began = Instant::now();
        loop {
            let shown = self.command(&["show", "--format", "json"]).await;
            let shown: String = shown.split_whitespace().collect();
            let figure = format!("\"value\":{}", FIGURES[0]);
            if shown.matches(&figure).count() >= SCORECARDS * PERSPECTIVES {
                return;
            }
            if began.elapsed() > START_WITHIN {
                return println!("the first look took more than {} s", START_WITHIN.as_secs());
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// It runs, unless trouble has ended it.
    pub(crate) fn check(&mut self) {
        let Some(process) = &mut self.process else { return };
        if let Some(status) = process.ended() {
            println!("the daemon ended by itself with {status}; its log: {}", self.last_words());
            self.has_died = true;
            self.start();
        }
    }

    /// Since when it can be expected to ask.
    pub(crate) fn able_since(&self, gate: &Gate) -> Option<Instant> {
        let since = self.able_since?.max(gate.open_since()?) + GRACE;
        (since <= Instant::now()).then_some(since)
    }

    /// Something keeps it from working, or does no more.
    pub(crate) fn set_able(&mut self, is_able: bool) {
        self.able_since = is_able.then(Instant::now);
    }

    /// Kills it.
    pub(crate) async fn kill(&mut self) {
        self.end(Signal::Kill).await;
    }

    /// Ends it in good order.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.end(Signal::Term).await.unwrap()
    }

    async fn end(&mut self, signal: Signal) -> Option<ExitStatus> {
        self.able_since = None;
        let process = self.process.take()?;
        tokio::task::spawn_blocking(move || process.end(signal)).await.ok()
    }

    /// Orders it to read its configuration again, but for a process that is hardly one yet.
    pub(crate) fn hang_up(&self) {
        let has_begun = self.able_since.is_none_or(|since| since.elapsed() > BEGUN_AFTER);
        if let Some(process) = self.process.as_ref().filter(|_| has_begun) {
            process.signal(Signal::Hup);
        }
    }

    /// Stops it where it stands, or lets it go on.
    pub(crate) fn freeze(&mut self, is_frozen: bool) {
        self.outside("kill", &[if is_frozen { "-STOP" } else { "-CONT" }], "");
        self.set_able(!is_frozen);
    }

    /// Files may not grow any more, as on a full disk, or may again.
    pub(crate) fn fill_disk(&mut self, is_full: bool) {
        let limit = if is_full { "--fsize=1:unlimited" } else { "--fsize=unlimited:unlimited" };
        self.outside("prlimit", &[limit], "--pid=");
        self.set_able(!is_full);
    }

    fn outside(&self, program: &str, arguments: &[&str], before_pid: &str) {
        let Some(process) = &self.process else { return };
        let mut command = Command::new(program);
        command.args(arguments).arg(format!("{before_pid}{}", process.pid()));
        // It may have ended just now, which `check` sees.
        let _ = command.stderr(Stdio::null()).status();
    }

    /// Has a command run beside it.
    pub(crate) fn command_beside(&self, arguments: &[&str]) {
        let mut command = tokio::process::Command::new(&self.kpid);
        command.arg("--config").arg(self.folder.join("kpid.yaml")).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // Whether it could do what it was to do shows in what is told.
        tokio::spawn(async move { drop(child.wait().await) });
    }

    /// Runs a command beside it; what it says.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let mut command = tokio::process::Command::new(&self.kpid);
        command.arg("--config").arg(self.folder.join("kpid.yaml")).args(arguments);
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Imports a figure of the past, which is nothing to tell.
    pub(crate) fn import(&self, kpi: &str, period: &str) {
        let file = self.folder.join("rows.csv");
        fs::write(&file, format!("kpi,period,value\n{kpi},{period},98\n")).unwrap();
        self.command_beside(&["import", &file.display().to_string()]);
    }

    /// What still waits for another attempt is tried now.
    pub(crate) async fn settle_deliveries(&self) {
        let began = Instant::now();
        while began.elapsed() < SETTLED_WITHIN {
            let listed = self.command(&["outbox", "list", "--format", "json"]).await;
            if !listed.contains("\"pending\"") {
                return println!("nothing waits to be delivered");
            }
            self.command(&["outbox", "retry", "--all"]).await;
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn last_words(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}
