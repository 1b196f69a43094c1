//! Runs programs: in a process group of their own, of which nothing outlives its answer.

use std::{io, os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::ExposeSecret;
use tokio::{
    fs,
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use crate::command::{Commands, Run, answer};
use crate::{cell::shown, question::Question, table::Table};
use kpid_os_error::in_words;

/// Where programs are looked for that are named without a path.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Numbers with a point, messages in UTF-8.
const LANG: &str = "C.UTF-8";

/// What is shown of a command.
const COMMAND_CHARS_MAX: usize = 80;

/// What is kept of a command's complaints; the rest is read and let go.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// What is shown of them.
const COMPLAINT_CHARS_MAX: usize = 300;

/// What a person who traces a command sees of its output.
const RAW_CHARS_MAX: usize = 2000;

/// Stands for what is not shown.
const REDACTED: &str = "REDACTED";

/// How much is read at once.
const CHUNK_BYTES: usize = 8192;

/// A command and everything it started; dropping it kills what is left of them.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // Fails only when nothing is left.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Commands {
    /// What is run, for messages.
    pub(crate) fn describe(&self, run: &Run, question: &Question<'_>) -> String {
        let arguments = run.arguments.iter().map(|argument| argument.fill(question.window));
        let words: Vec<String> = [run.program.clone()].into_iter().chain(arguments).collect();
        format!("`{}`", shown(&self.redacted(&words.join(" ")), COMMAND_CHARS_MAX))
    }

    /// Runs a command to its end, and reads what it printed.
    pub(crate) async fn table(&self, run: &Run, question: &Question<'_>) -> Result<Table, String> {
        let mut child = self.command(run, question).spawn().map_err(|error| {
            let why = in_words(&error);
            format!("cannot be run: {why}; check the program's path, and that it may be run")
        })?;
        // Before anything that can fail, so that nothing is left behind.
        let _group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
        let (output, complaint) = self.heard(&mut child).await?;
        let status = child.wait().await.map_err(|error| in_words(&error))?;
        if !status.success() {
            let complaint = shown(&self.redacted(&complaint), COMPLAINT_CHARS_MAX);
            return Err(if complaint.is_empty() {
                format!("failed with {status}")
            } else {
                format!("failed with {status}: {complaint}")
            });
        }
        let output = String::from_utf8(output).map_err(|_| "printed what is not UTF-8")?;
        let excerpt = shown(&self.redacted(&output), RAW_CHARS_MAX);
        let table = answer::table(&output).map_err(|problem| self.redacted(&problem))?;
        Ok(Table { excerpt: Some(excerpt), ..table })
    }

    /// Why a program cannot be run on this machine, if that can be seen without running it.
    pub fn hindrance(&self, run: &Run) -> Option<String> {
        let program = &run.program;
        if !program.contains('/') {
            let folders = PATH.split(':').map(Path::new);
            if folders.map(|folder| folder.join(program)).any(|path| is_program(&path)) {
                return None;
            }
            let own = self.folder.join(program);
            return Some(if own.is_file() {
                format!("`{program}` is not in PATH; write `./{program}` for {}", own.display())
            } else {
                format!("`{program}` is not in PATH ({PATH}); write its path")
            });
        }
        let path = self.folder.join(program);
        match path.metadata() {
            Ok(found) if !found.is_file() => Some(format!("{} is not a file", path.display())),
            Ok(_) if is_program(&path) => None,
            Ok(_) => Some(format!("{0} may not be run; chmod +x {0}", path.display())),
            Err(error) => Some(format!("cannot run {}: {}", path.display(), in_words(&error))),
        }
    }

    /// Whether the folder is there.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        match fs::read_dir(&self.folder).await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(format!("cannot use {}: {}", self.folder.display(), in_words(&error)))
            }
        }
    }

    fn command(&self, run: &Run, question: &Question<'_>) -> Command {
        // A path is relative to the folder whatever the platform makes of `current_dir`.
        let mut command = if run.program.contains('/') {
            Command::new(self.folder.join(&run.program))
        } else {
            Command::new(&run.program)
        };
        command.args(run.arguments.iter().map(|argument| argument.fill(question.window)));
        command.current_dir(&self.folder).env_clear();
        command.env("PATH", PATH).env("LANG", LANG).env("TZ", question.calendar.zone.name());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.envs(self.secrets.iter().map(|(name, value)| (name, value.expose_secret())));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }

    /// Everything printed, and the beginning of the complaints.
    async fn heard(&self, child: &mut Child) -> Result<(Vec<u8>, String), String> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let printed = async {
            let bytes_max = self.output_bytes_max;
            // One byte over tells that there is more.
            let output = read(stdout, bytes_max + 1, AtLimit::Stop).await?;
            if output.len() > bytes_max {
                return Err(format!(
                    "printed more than {bytes_max} bytes, the most that is read of a command; \
                     print only what is wanted"
                ));
            }
            Ok(output)
        };
        let (output, complaint) =
            tokio::try_join!(printed, read(stderr, COMPLAINT_BYTES_MAX, AtLimit::LetGo))?;
        Ok((output, String::from_utf8_lossy(&complaint).into_owned()))
    }

    fn redacted(&self, text: &str) -> String {
        let secrets = self.secrets.iter().map(|(_, secret)| secret.expose_secret());
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }
}

fn is_program(path: &Path) -> bool {
    let found = path.metadata();
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// What becomes of what comes after the limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtLimit {
    Stop,
    LetGo,
}

/// At most so many bytes.
async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    bytes_max: usize,
    at_limit: AtLimit,
) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| format!("its output cannot be read: {}", in_words(&error));
    let Some(mut pipe) = pipe else { return Ok(Vec::new()) };
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; CHUNK_BYTES]);
    loop {
        let length = pipe.read(&mut chunk).await.map_err(told)?;
        let room = bytes_max - bytes.len();
        bytes.extend_from_slice(&chunk[..length.min(room)]);
        if length == 0 || (at_limit == AtLimit::Stop && bytes.len() == bytes_max) {
            return Ok(bytes);
        }
    }
}
