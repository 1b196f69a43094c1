//! A server process that dies with the test process, however that ends.

use std::{
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
};

use rustix::{
    io::Errno,
    process::{Pid, kill_process},
};

/// A running process; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    name: String,
    last_signal: Signal,
    ended: Option<ExitStatus>,
    end: mpsc::Receiver<ExitStatus>,
}

/// What a process can be told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// End in good order.
    Term,
    /// PostgreSQL: end now, and take your children along.
    Quit,
    /// PostgreSQL: end in good order, without waiting for clients.
    Int,
    /// Read the configuration again.
    Hup,
    /// Die.
    Kill,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Quit => "QUIT",
            Self::Int => "INT",
            Self::Hup => "HUP",
            Self::Kill => "KILL",
        }
    }

    fn number(self) -> rustix::process::Signal {
        match self {
            Self::Term => rustix::process::Signal::TERM,
            Self::Quit => rustix::process::Signal::QUIT,
            Self::Int => rustix::process::Signal::INT,
            Self::Hup => rustix::process::Signal::HUP,
            Self::Kill => rustix::process::Signal::KILL,
        }
    }
}

impl Process {
    /// Starts a command that is sent `last_signal` when it is dropped or the test process dies.
    pub(crate) fn start(mut command: Command, last_signal: Signal) -> Self {
        let name = format!("{command:?}");
        let (started, start) = mpsc::channel();
        let (report, end) = mpsc::channel();
        // The kernel sends the last signal when the thread that started the process ends, so the
        // thread stays until the process has ended, and not only as long as some test.
        thread::spawn(move || {
            let child: std::io::Result<Child> = command.stdin(Stdio::null()).spawn();
            let mut child = match child {
                Ok(child) => child,
                Err(error) => return started.send(Err(error)).unwrap(),
            };
            started.send(Ok(child.id())).unwrap();
            let status = child.wait().unwrap();
            // Nobody listens when the test is over.
            let _ = report.send(status);
        });
        let pid = start.recv().unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { pid, name, last_signal, ended: None, end }
    }

    /// Its id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.ended = self.ended.or_else(|| self.end.try_recv().ok());
        self.ended
    }

    /// Tells it something, unless it has just come to its own end.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid).unwrap()).unwrap();
        let told = kill_process(pid, signal.number());
        assert!(matches!(told, Ok(()) | Err(Errno::SRCH)), "cannot signal {}: {told:?}", self.name);
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn end(mut self, signal: Signal) -> ExitStatus {
        if let Some(status) = self.ended() {
            return status;
        }
        self.signal(signal);
        let status = self.end.recv_timeout(super::WITHIN);
        let status = status.unwrap_or_else(|_| panic!("{} does not end", self.name));
        self.ended = Some(status);
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.signal(self.last_signal);
            // It was sent what it cannot refuse; a test that fails already shall not hang.
            let _ = self.end.recv_timeout(super::WITHIN);
        }
    }
}

/// A command that gets `last_signal` when this process dies, as a user without privileges if we are
/// root.
pub(crate) fn command(program: &Path, user: Option<&str>, last_signal: Signal) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", last_signal.name()]);
    if let Some(user) = user.filter(|_| is_root()) {
        command.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// A command that may do no more than its user may with files, also if that is root.
pub(crate) fn without_privileges(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", "--"]).arg(program);
    command
}

/// Gives a folder to a user, if we are root and so shall not run what uses it.
pub(crate) fn hand_over(folder: &Path, user: &str) {
    if is_root() {
        let done = Command::new("chown").arg("-R").arg(user).arg(folder).status().unwrap();
        assert!(done.success(), "cannot hand {} to {user}", folder.display());
    }
}

/// Runs a command to its end; panics with what it said if it fails.
pub(crate) fn run(mut command: Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}
