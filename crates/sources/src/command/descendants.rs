//! What a command started: its process group, and whatever left that group for a session of its own. The
//! latter is found by a variable of the environment that a child inherits.

use std::fs;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The variable that every command and its children have.
pub(crate) const MARK: &str = "KPID_RUN";

/// Who is killed may have started another just before; whoever does so endlessly wins.
const PASSES_MAX: usize = 16;

/// Tells what one run started from all else.
#[derive(Debug)]
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A command and everything it started; dropping it kills what is left of them.
#[derive(Debug)]
pub(crate) struct Descendants {
    pub(crate) group: Option<Pid>,
    pub(crate) mark: Mark,
}

impl Descendants {
    /// Kills what is left.
    pub(crate) fn kill(&mut self) {
        // Once: when its leader is gone and reaped, the number may be somebody else's.
        if let Some(group) = self.group.take() {
            // Fails only when nothing is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let mark = format!("{MARK}={}", self.mark.as_str());
        for _ in 0..PASSES_MAX {
            let found = marked(mark.as_bytes());
            if found.is_empty() {
                return;
            }
            for pid in found {
                // Fails only when it has ended by itself.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

impl Drop for Descendants {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The processes that have this in their environment. One that has ended has none any more, and that
/// of others cannot be read.
fn marked(mark: &[u8]) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let found = processes.filter_map(|process| {
        let process = process.ok()?;
        let number = process.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(process.path().join("environ")).ok()?;
        let is_marked = environment.split(|byte| *byte == 0).any(|variable| variable == mark);
        Pid::from_raw(number).filter(|_| is_marked)
    });
    found.collect()
}
