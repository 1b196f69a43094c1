//! Runs programs, of which nothing outlives its answer.

use std::{io, os::unix::fs::PermissionsExt, path::Path, pin::pin, process::Stdio, time::Duration};

use rustix::process::Pid;
use secrecy::ExposeSecret;
use tokio::{
    fs,
    io::{AsyncRead, AsyncReadExt},
    process::{ChildStderr, ChildStdout, Command},
    time::timeout,
};

use crate::command::{
    Commands, Run, answer,
    descendants::{Descendants, MARK, Mark},
};
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

/// How long the rest of its output may take to arrive when a program has ended.
const REST_WITHIN: Duration = Duration::from_secs(1);

/// What a command prints, as far as it has been read.
#[derive(Default)]
struct Printed {
    output: Vec<u8>,
    complaint: Vec<u8>,
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
        let mark = Mark::new();
        let mut child = self.command(run, question, &mark).spawn().map_err(|error| {
            let why = in_words(&error);
            format!("cannot be run: {why}; check the program's path, and that it may be run")
        })?;
        // Before anything that can fail, so that nothing is left behind.
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let mut descendants = Descendants { group: pid, mark };
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut printed = Printed::default();
        let status = {
            let mut hearing = pin!(self.hear(stdout, stderr, &mut printed));
            tokio::select! {
                biased;
                heard = &mut hearing => {
                    heard?;
                    child.wait().await
                }
                status = child.wait() => {
                    // What it left behind may hold its output open for ever.
                    descendants.kill();
                    if let Ok(heard) = timeout(REST_WITHIN, hearing).await {
                        heard?;
                    }
                    status
                }
            }
        };
        descendants.kill();
        let status = status.map_err(|error| in_words(&error))?;
        let Printed { output, complaint } = printed;
        let complaint = String::from_utf8_lossy(&complaint).into_owned();
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

    fn command(&self, run: &Run, question: &Question<'_>, mark: &Mark) -> Command {
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
        command.env(MARK, mark.as_str());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }

    /// Reads everything printed, and the beginning of the complaints.
    async fn hear(
        &self,
        stdout: Option<ChildStdout>,
        stderr: Option<ChildStderr>,
        printed: &mut Printed,
    ) -> Result<(), String> {
        let bytes_max = self.output_bytes_max;
        let Printed { output, complaint } = printed;
        let output = async {
            // One byte over tells that there is more.
            read(stdout, output, bytes_max + 1, AtLimit::Stop).await?;
            if output.len() > bytes_max {
                return Err(format!(
                    "printed more than {bytes_max} bytes, the most that is read of a command; \
                     print only what is wanted"
                ));
            }
            Ok(())
        };
        let complaint = read(stderr, complaint, COMPLAINT_BYTES_MAX, AtLimit::LetGo);
        tokio::try_join!(output, complaint)?;
        Ok(())
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

/// At most so many bytes, into a buffer that keeps them if the rest is not waited for.
async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    bytes: &mut Vec<u8>,
    bytes_max: usize,
    at_limit: AtLimit,
) -> Result<(), String> {
    let told = |error: io::Error| format!("its output cannot be read: {}", in_words(&error));
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = pipe.read(&mut chunk).await.map_err(told)?;
        let room = bytes_max - bytes.len();
        bytes.extend_from_slice(&chunk[..length.min(room)]);
        if length == 0 || (at_limit == AtLimit::Stop && bytes.len() == bytes_max) {
            return Ok(());
        }
    }
}
